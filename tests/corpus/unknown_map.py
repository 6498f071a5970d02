"""Tags that are wholly unknown: one finding without a key, and nothing is missing."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, level: advisory}
# tags: {group: {}}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags=role.unique_id.apply(lambda _: {"environment": "test"})
)
