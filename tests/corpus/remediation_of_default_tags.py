"""A tag that the provider's default tags or the environment bring is not absent."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn}
#   other: {cost-center: ML-Sales, environment: dev, project: churn}
# sources:
#   group: {environment: provider}
#   other: {environment: remediation}
# remediated: [other]
# config:
#   aws:defaultTags: {tags: {environment: prod}}
# environment: {TF_AWS_DEFAULT_TAGS_project: churn}
# policies: {default-tags: {enforcementLevel: remediate}}
import pulumi
import pulumi_aws as aws

plain = aws.Provider("plain", region="eu-west-1")
tags = {"cost-center": "ML-Sales"}
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags=tags)
aws.sagemaker.ModelPackageGroup(
    "other", model_package_group_name="o", tags=tags, opts=pulumi.ResourceOptions(provider=plain)
)
