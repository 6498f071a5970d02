"""All faults of a list of tags: a missing key, a wrong value, a wrong spelling."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: CostCenter}
#   - {resource: none, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: none, policy: required-tags, code: missing, tag: environment}
#   - {resource: none, policy: required-tags, code: missing, tag: project}
# config: {aws-native:region: eu-west-1}
import pulumi_aws_native as native

native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=[{"key": "CostCenter", "value": "ML-Sales"}, {"key": "environment", "value": "test"}],
)
native.sagemaker.ModelPackageGroup("none", model_package_group_name="n")
