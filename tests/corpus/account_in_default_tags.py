"""An account's number among the default tags makes them unknown."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, level: advisory}
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"account": aws.get_caller_identity().account_id}},
)
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod"},
    opts=pulumi.ResourceOptions(provider=tagging),
)
