"""A misspelling that the schema lists stands for its key."""
# expect:
#   - resource: group
#     policy: tag-spelling
#     code: wrong-case
#     tag: Kostenstelle
#     says: must be spelled "cost-center"
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"Kostenstelle": "ML-Sales", "environment": "prod", "project": "churn"},
)
