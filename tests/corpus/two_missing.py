"""Two required tags are missing: two findings, but one violation of the resource."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: group, policy: required-tags, code: missing, tag: environment}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"})
