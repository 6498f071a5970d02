"""A misspelt key is reported as misspelt, not as unexpected as well."""
# expect:
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: Environment}
# schema: denied.yaml
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags={"cost-center": "ML-Sales", "Environment": "prod"}
)
