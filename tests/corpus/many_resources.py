"""Many resources with faults of several kinds: the report is in the same order whenever they register."""
# expect:
#   - {resource: group-00, policy: required-tags, code: missing, tag: environment}
#   - {resource: group-02, policy: required-tags, code: missing, tag: environment}
#   - {resource: group-04, policy: required-tags, code: missing, tag: environment}
#   - {resource: group-06, policy: required-tags, code: missing, tag: environment}
#   - {resource: group-08, policy: required-tags, code: missing, tag: environment}
#   - {resource: group-10, policy: required-tags, code: missing, tag: environment}
#   - {resource: group-12, policy: required-tags, code: missing, tag: environment}
#   - {resource: group-14, policy: required-tags, code: missing, tag: environment}
#   - {resource: group-00, policy: tag-values, code: wrong-value, tag: cost-center}
#   - {resource: group-05, policy: tag-values, code: wrong-value, tag: cost-center}
#   - {resource: group-10, policy: tag-values, code: wrong-value, tag: cost-center}
#   - {resource: group-15, policy: tag-values, code: wrong-value, tag: cost-center}
#   - {resource: group-03, policy: tag-spelling, code: wrong-case, tag: TEAM}
#   - {resource: group-07, policy: tag-values-known, code: unknown-value, tag: team, level: advisory}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
for number in range(16):
    tags = {"project": "churn", "cost-center": "ML-Sales" if number % 5 else "Finance"}
    if number % 2:
        tags["environment"] = "prod"
    if number == 3:
        tags["TEAM"] = "ml-core"
    if number == 7:
        tags["team"] = role.unique_id
    aws.sagemaker.ModelPackageGroup(f"group-{number:02}", model_package_group_name=f"g{number}", tags=tags)
