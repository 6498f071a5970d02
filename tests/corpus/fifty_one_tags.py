"""51 tags are one too many."""
# expect:
#   - {resource: group, policy: tag-spelling, code: too-many, says: remove 1}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "project": "churn",
        **{f"k{number}": "x" for number in range(48)},
    },
)
