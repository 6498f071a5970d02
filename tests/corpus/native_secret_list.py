"""A list of tags that is secret as a whole is judged, and no value is shown."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: environment}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project}
# tags:
#   group: {cost-center: (secret), project: (secret)}
# hidden: [Hunter2-list]
# config: {aws-native:region: eu-west-1}
import pulumi
import pulumi_aws_native as native

native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=pulumi.Output.secret(
        [{"key": "cost-center", "value": "ML-Sales"}, {"key": "project", "value": "Hunter2-list"}]
    ),
)
