"""Two wrong spellings of one key, without the right one: each is reported, and the key is not missing as well."""
# expect:
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: COST-CENTER}
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: cost_center}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost_center": "ML-Sales", "COST-CENTER": "ML-Sales", "environment": "prod", "project": "churn"},
)
