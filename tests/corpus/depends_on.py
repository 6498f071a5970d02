"""Dependencies, known or unknown, change nothing of the tags."""
# expect:
#   - {resource: second, policy: required-tags, code: missing, tag: project}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
first = aws.sagemaker.ModelPackageGroup(
    "first",
    model_package_group_name="f",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
    opts=pulumi.ResourceOptions(depends_on=[role]),
)
aws.sagemaker.ModelPackageGroup(
    "second",
    model_package_group_name="s",
    tags={"cost-center": "ML-Sales", "environment": "prod"},
    opts=pulumi.ResourceOptions(depends_on=role.arn.apply(lambda _: [first]), deleted_with=first),
)
