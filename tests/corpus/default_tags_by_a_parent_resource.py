"""A resource whose parent is no component takes the parent's provider as well."""
# expect: []
# sources:
#   child: {cost-center: provider}
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}},
)
bucket = aws.s3.Bucket("bucket", opts=pulumi.ResourceOptions(provider=tagging))
aws.sagemaker.ModelPackageGroup(
    "child", model_package_group_name="c", opts=pulumi.ResourceOptions(parent=bucket)
)
