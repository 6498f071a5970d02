"""Default tags made of an output that is known in preview are known."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
# tags:
#   group: {cost-center: ML-Sales, environment: test, project: churn}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}", path="test")
tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": role.path}},
)
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(provider=tagging),
)
