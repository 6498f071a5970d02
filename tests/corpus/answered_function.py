"""The answers file says what an account would have answered; the value is then known and judged."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: cost-center}
# answers:
#   functions:
#     "aws:ssm/getParameter:getParameter": {name: /payer, value: Finance, type: String, arn: x, version: 1, id: x}
# engines: [embedded]
# reason: the real engine asks the provider, and the dry provider gives a placeholder
import pulumi_aws as aws

payer = aws.ssm.get_parameter(name="/payer").value
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": payer, "environment": "prod", "project": "churn"},
)
