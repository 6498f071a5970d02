"""The right key beside a wrong spelling of it: the wrong one has to go."""
# expect:
#   - resource: group
#     policy: tag-spelling
#     code: wrong-case
#     tag: COST-CENTER
#     says: remove "COST-CENTER"
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "COST-CENTER": "ML-Sales", "environment": "prod", "project": "churn"},
)
