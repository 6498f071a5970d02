"""A value with characters that AWS refuses is wrong, also where a wildcard takes it."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: team, says: characters that AWS does not accept}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn", "team": "ml-core & co"},
)
