"""TF_AWS_DEFAULT_TAGS_ and TF_AWS_IGNORE_TAGS_ are Terraform's: aws-native does not read them."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: environment}
# environment: {TF_AWS_DEFAULT_TAGS_environment: prod, TF_AWS_IGNORE_TAGS_KEYS: project}
# config: {aws-native:region: eu-west-1}
import pulumi_aws_native as native

native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=[{"key": "cost-center", "value": "ML-Sales"}, {"key": "project", "value": "churn"}],
)
