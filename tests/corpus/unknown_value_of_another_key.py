"""The value of a key outside the schema may be unknown: nothing is judged of it."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn, created-by: (unknown)}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn", "created-by": role.arn},
)
