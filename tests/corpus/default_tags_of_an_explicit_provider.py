"""Default tags of the provider that a resource names count as its tags."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn}
# sources:
#   group: {cost-center: provider, environment: provider, project: resource}
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags=aws.ProviderDefaultTagsArgs(tags={"cost-center": "ML-Sales", "environment": "prod"}),
)
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(provider=tagging),
)
