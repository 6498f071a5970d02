"""aws-native has tags as a list of key and value."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn}
# config: {aws-native:region: eu-west-1}
import pulumi_aws_native as native

native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=[
        {"key": "cost-center", "value": "ML-Sales"},
        native.TagArgs(key="environment", value="prod"),
        {"key": "project", "value": "churn"},
    ],
)
