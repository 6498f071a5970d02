"""Secret values in a list are judged and never shown."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project}
# tags:
#   group: {cost-center: (secret), environment: prod, project: (secret)}
# hidden: [Hunter2-native]
# config: {aws-native:region: eu-west-1}
import pulumi
import pulumi_aws_native as native

native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=[
        {"key": "cost-center", "value": pulumi.Output.secret("ML-Sales")},
        {"key": "environment", "value": "prod"},
        {"key": "project", "value": pulumi.Output.secret("Hunter2-native")},
    ],
)
