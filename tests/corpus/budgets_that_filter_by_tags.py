"""Budgets whose filters are well formed and name what the schema names pass, in either form and either provider."""
# config:
#   aws-native:region: eu-west-1
# expect: []
import pulumi_aws as aws
import pulumi_aws_native as native

common = {"budget_type": "COST", "limit_amount": "10", "limit_unit": "USD", "time_unit": "MONTHLY"}
filters = {
    "tag": [{"name": "TagKeyValue", "values": ["user:cost-center$ML-Sales", "user:environment$prod"]}],
    "service": [{"name": "Service", "values": ["Amazon SageMaker"]}],
    "created_by": [{"name": "TagKeyValue", "values": ["aws:createdBy$x"]}],
    "studio": [{"name": "TagKeyValue", "values": ["user:sagemaker:domain-arn$arn:aws:sagemaker:eu-west-1:1:domain/d"]}],
}
for name, cost_filters in filters.items():
    aws.budgets.Budget(name, cost_filters=cost_filters, **common)
aws.budgets.Budget("all", **common)
expression = {"ands": [{"dimensions": {"key": "SERVICE", "values": ["Amazon SageMaker"]}},
                       {"not": {"tags": {"key": "cost-center", "values": ["ML-Sales"]}}},
                       {"tags": {"key": "user:cost-center", "values": ["ML-Research"]}}]}
aws.budgets.Budget("expression", filter_expression=expression, metrics="UnblendedCost", **common)
native.budgets.Budget(
    "native",
    budget={
        "budget_type": "COST",
        "time_unit": "MONTHLY",
        "cost_filters": {"TagKeyValue": ["user:cost-center$ML-Sales"]},
    },
)
