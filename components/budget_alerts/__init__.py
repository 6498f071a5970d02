"""The source of the Lambda function behind the topic of budgets: handler.py alone is packed and shipped."""
