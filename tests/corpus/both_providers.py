"""A program with both AWS providers: each resource has the default tags of its own provider only."""
# expect:
#   - {resource: native, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: native, policy: required-tags, code: missing, tag: environment}
# config:
#   aws-native:region: eu-west-1
#   aws:defaultTags: {tags: {cost-center: ML-Sales, environment: prod}}
import pulumi_aws as aws
import pulumi_aws_native as native

aws.sagemaker.ModelPackageGroup("classic", model_package_group_name="c", tags={"project": "churn"})
native.sagemaker.ModelPackageGroup(
    "native", model_package_group_name="n", tags=[{"key": "project", "value": "churn"}]
)
