"""A resource that asks for a version of the provider has a default provider of its own, with the same config."""
# expect: []
# config:
#   aws:defaultTags: {tags: {cost-center: ML-Sales, environment: prod, project: churn}}
# sources:
#   group: {cost-center: provider}
import pulumi
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", opts=pulumi.ResourceOptions(version="7.0.0")
)
