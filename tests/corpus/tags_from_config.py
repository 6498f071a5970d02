"""Tags as an object in the stack's config."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
# config:
#   tags: {cost-center: ML-Sales, environment: testing, project: churn}
import pulumi
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags=pulumi.Config().require_object("tags")
)
