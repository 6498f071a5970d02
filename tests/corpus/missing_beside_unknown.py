"""An unknown value does not hide that other tags are missing or wrong."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: group, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: TEAM}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": role.unique_id, "environment": "test", "TEAM": role.unique_id},
)
