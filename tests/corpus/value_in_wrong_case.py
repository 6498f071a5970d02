"""Values are compared exactly, in case as well."""
# expect:
#   - resource: group
#     policy: tag-values
#     code: wrong-value
#     tag: environment
#     says: did you mean "prod"
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "Prod", "project": "churn"},
)
