"""Secrets in aws-native's default tags are shown nowhere, though the provider merges them into the inputs."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
# tags:
#   group: {cost-center: (secret), environment: (secret), project: (secret), token: (secret)}
# hidden: [hushhush, s3cr3t-token]
import pulumi
import pulumi_aws_native as native

secret = pulumi.Output.secret(
    {
        "tags": {
            "cost-center": "ML-Sales",
            "environment": "hushhush",
            "project": "churn",
            "token": "s3cr3t-token",
        }
    }
)
provider = native.Provider("provider", region="eu-west-1", default_tags=secret)
native.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="group", opts=pulumi.ResourceOptions(provider=provider)
)
