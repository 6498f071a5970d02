"""The outputs of another stack by the answers file: known and judged."""
# expect:
#   - {resource: wrong, policy: tag-values, code: wrong-value, tag: cost-center}
# answers:
#   stacks:
#     acme/finance/prod: {payer: ML-Sales, other: Finance}
# engines: [embedded]
# reason: the real engine looks for the other stack in its backend
import pulumi
import pulumi_aws as aws

finance = pulumi.StackReference("acme/finance/prod")
for name, output in {"right": "payer", "wrong": "other"}.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": finance.get_output(output), "environment": "prod", "project": "churn"},
    )
