"""Secret values are judged like others, and never shown: not in messages, not in reports."""
# expect:
#   - {resource: wrong, policy: tag-values, code: wrong-value, tag: project}
#   - {resource: wrong, policy: tag-values, code: wrong-value, tag: environment}
# tags:
#   right: {cost-center: ML-Sales, environment: (secret), project: (secret)}
#   wrong: {cost-center: ML-Sales, environment: (secret), project: (secret)}
# hidden: [Hunter2-value, hunter3-value]
import pulumi
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "right",
    model_package_group_name="r",
    tags={
        "cost-center": "ML-Sales",
        "environment": pulumi.Output.secret("prod"),
        "project": pulumi.Output.secret("hunter3-value"),
    },
)
aws.sagemaker.ModelPackageGroup(
    "wrong",
    model_package_group_name="w",
    tags={
        "cost-center": "ML-Sales",
        "environment": pulumi.Output.secret("Hunter2-value"),
        "project": pulumi.Output.secret("Hunter2-value"),
    },
)
