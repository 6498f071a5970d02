"""A wrong value that the schema knows from the past is wrong, and what it meant is proposed."""
# expect:
#   - resource: group
#     policy: tag-values
#     code: wrong-value
#     tag: cost-center
#     says: did you mean "ML-Research"
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "RnD", "environment": "prod", "project": "churn"},
)
