"""One required tag is missing; the message says what is allowed and the fix is the line to paste."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: environment, says: '"environment": "dev"'}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags={"cost-center": "ML-Sales", "project": "churn"}
)
