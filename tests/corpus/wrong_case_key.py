"""A key in another case is misspelt, and not missing as well."""
# expect:
#   - resource: group
#     policy: tag-spelling
#     code: wrong-case
#     tag: Cost-Center
#     says: must be spelled "cost-center"
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"Cost-Center": "ML-Sales", "environment": "prod", "project": "churn"},
)
