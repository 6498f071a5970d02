"""An unknown output pasted into text by str() gives a warning text, which is a value as any other."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": f"p-{role.unique_id}"},
)
