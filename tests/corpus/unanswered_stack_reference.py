"""Without an answer the outputs of another stack are unknown."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: cost-center, level: advisory}
# engines: [embedded]
# reason: the real engine looks for the other stack in its backend
import pulumi
import pulumi_aws as aws

finance = pulumi.StackReference("acme/finance/prod")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": finance.require_output("payer"), "environment": "prod", "project": "churn"},
)
