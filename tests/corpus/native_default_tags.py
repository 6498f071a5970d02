"""The default tags of an aws-native provider are merged into the list; the resource's own win."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment, says: provider's default tags}
# tags:
#   group: {cost-center: ML-Sales, environment: test, project: churn}
# sources:
#   group: {cost-center: resource, environment: provider, project: provider}
import pulumi
import pulumi_aws_native as native

tagging = native.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "Finance", "environment": "test", "project": "churn"}},
)
native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=[{"key": "cost-center", "value": "ML-Sales"}],
    opts=pulumi.ResourceOptions(provider=tagging),
)
