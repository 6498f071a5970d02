"""An explicit provider's default tags: the line on which the provider was made."""

import pulumi
import pulumi_aws as aws

tagged = aws.Provider(
    "tagged",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sale", "Environment": "dev"}},
)
for name in ("one", "two"):
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name="g",
        tags={"project": "churn"},
        opts=pulumi.ResourceOptions(provider=tagged),
    )
