"""An unknown value in a list is one tag that is not known; the others are judged."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: group, policy: required-tags, code: missing, tag: environment}
# config: {aws-native:region: eu-west-1}
import pulumi_aws as aws
import pulumi_aws_native as native

role = aws.iam.Role("role", assume_role_policy="{}")
native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=[{"key": "cost-center", "value": "ML-Sales"}, {"key": "project", "value": role.unique_id}],
)
