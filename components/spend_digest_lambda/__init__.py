"""The source of the Lambda function that mails the digest: handler.py alone is packed and shipped."""
