"""Where every finding is excused, nothing blocks."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project, level: exempt}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment, level: exempt}
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: Team, level: exempt}
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: cost-center, level: exempt}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory, says: 4 findings}
# exemptions:
#   - resource: "urn:pulumi:*::group"
#     policies: [required-tags, tag-values, tag-spelling, tag-values-known]
#     owner: ml-platform
#     reason: from the old world
#     expires: +30d
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": role.unique_id, "environment": "test", "Team": "ml-core"},
)
