"""aws-native:defaultTags are those of the aws-native default provider alone."""
# expect:
#   - {resource: other, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: other, policy: required-tags, code: missing, tag: environment}
# config:
#   aws-native:region: eu-west-1
#   aws-native:defaultTags: {tags: {cost-center: ML-Sales, environment: prod}}
import pulumi_aws as aws
import pulumi_aws_native as native

native.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags=[{"key": "project", "value": "churn"}]
)
aws.sagemaker.ModelPackageGroup("other", model_package_group_name="o", tags={"project": "churn"})
