"""A value of more than 256 characters matches a wildcard and is wrong all the same."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: team, says: 257 characters}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "project": "churn",
        "team": "ml-" + 254 * "x",
    },
)
