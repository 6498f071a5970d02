"""One unknown value in a map made by Output.all makes the whole map unknown."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, level: advisory}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=pulumi.Output.all(environment="test", project=role.unique_id),
)
