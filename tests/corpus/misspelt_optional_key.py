"""A misspelt key of an optional tag is misspelt too."""
# expect:
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: Team}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn", "Team": "ml-core"},
)
