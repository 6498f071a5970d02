"""The provider can also come by `providers` of the resource itself."""
# expect: []
# sources:
#   group: {cost-center: provider}
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}},
)
aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", opts=pulumi.ResourceOptions(providers=[tagging])
)
