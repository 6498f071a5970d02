"""aws:defaultTags in the stack's config are the default provider's, for each resource that names no other."""
# expect:
#   - {resource: elsewhere, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: elsewhere, policy: required-tags, code: missing, tag: environment}
# config:
#   aws:defaultTags: {tags: {cost-center: ML-Sales, environment: prod}}
# sources:
#   group: {cost-center: provider, environment: provider, project: resource}
import pulumi
import pulumi_aws as aws

plain = aws.Provider("plain", region="us-east-1")
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"})
aws.sagemaker.ModelPackageGroup(
    "elsewhere",
    model_package_group_name="e",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(provider=plain),
)
