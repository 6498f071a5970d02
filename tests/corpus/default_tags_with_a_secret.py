"""A secret among the default tags makes them all secret: they are judged, and never shown."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
# tags:
#   group: {cost-center: (secret), environment: (secret), project: churn}
# hidden: [hunter2-default]
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": pulumi.Output.secret("hunter2-default")}},
)
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(provider=tagging),
)
