"""A key with a space behind it is misspelt."""
# expect:
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: "cost-center "}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center ": "ML-Sales", "environment": "prod", "project": "churn"},
)
