"""The gate can be made to fail closed: what is not known blocks."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: project}
# policies: {tag-values-known: mandatory}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": role.unique_id},
)
