"""An item of the list that is wholly unknown, or its key, can be any tag: nothing is missing, the rest is judged."""
# expect:
#   - {resource: item, policy: tag-values-known, code: unknown-value, level: advisory}
#   - {resource: item, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: key, policy: tag-values-known, code: unknown-value, level: advisory}
#   - {resource: key, policy: tag-values, code: wrong-value, tag: environment}
# config: {aws-native:region: eu-west-1}
import pulumi_aws as aws
import pulumi_aws_native as native

role = aws.iam.Role("role", assume_role_policy="{}")
native.sagemaker.ModelPackageGroup(
    "item",
    model_package_group_name="i",
    tags=[
        {"key": "environment", "value": "test"},
        role.unique_id.apply(lambda unique_id: {"key": "project", "value": unique_id}),
    ],
)
native.sagemaker.ModelPackageGroup(
    "key",
    model_package_group_name="k",
    tags=[{"key": "environment", "value": "test"}, {"key": role.unique_id, "value": "churn"}],
)
