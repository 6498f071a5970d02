"""aws-native refuses a list that is secret as a whole where it has default tags: nothing can be judged."""
# expect: []
# fails: expected tags to be an array
# config:
#   aws-native:region: eu-west-1
#   aws-native:defaultTags: {tags: {cost-center: ML-Sales}}
import pulumi
import pulumi_aws_native as native

native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=pulumi.Output.secret([{"key": "project", "value": "churn"}]),
)
