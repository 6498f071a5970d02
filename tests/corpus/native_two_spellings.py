"""One list can hold two keys that differ in case only: one is a second spelling."""
# expect:
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: Environment, says: second spelling}
# config: {aws-native:region: eu-west-1}
import pulumi_aws_native as native

native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=[
        {"key": "cost-center", "value": "ML-Sales"},
        {"key": "Environment", "value": "prod"},
        {"key": "environment", "value": "prod"},
        {"key": "project", "value": "churn"},
    ],
)
