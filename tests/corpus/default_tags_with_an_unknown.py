"""One unknown value makes all default tags unknown: nothing can be said to be missing, but own tags are judged."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, level: advisory, says: provider's default tags}
#   - {resource: wrong, policy: tag-values-known, code: unknown-value, level: advisory}
#   - {resource: wrong, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: wrong, policy: tag-spelling, code: wrong-case, tag: Project}
# tags:
#   group: {project: churn}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": role.unique_id}},
)
opts = pulumi.ResourceOptions(provider=tagging)
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"}, opts=opts)
aws.sagemaker.ModelPackageGroup(
    "wrong", model_package_group_name="w", tags={"Project": "churn", "environment": "test"}, opts=opts
)
