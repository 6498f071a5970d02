"""A misspelt key among secret default tags is named; its value is not."""
# expect:
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: Environment}
# tags:
#   group: {cost-center: ML-Sales, Environment: (secret), project: (secret)}
# hidden: [hunter2-misspelt]
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags=pulumi.Output.secret({"tags": {"Environment": "hunter2-misspelt", "project": "churn"}}),
)
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales"},
    opts=pulumi.ResourceOptions(provider=tagging),
)
