"""Providers of two regions, each with default tags of its own."""
# expect:
#   - {resource: frankfurt, policy: tag-values, code: wrong-value, tag: cost-center}
#   - {resource: frankfurt, policy: required-tags, code: missing, tag: environment}
# tags:
#   dublin: {cost-center: ML-Sales, environment: prod, project: churn}
#   frankfurt: {cost-center: Finance, project: churn}
import pulumi
import pulumi_aws as aws

defaults = {
    "dublin": ("eu-west-1", {"cost-center": "ML-Sales", "environment": "prod"}),
    "frankfurt": ("eu-central-1", {"cost-center": "Finance"}),
}
for name, (region, tags) in defaults.items():
    provider = aws.Provider(f"{name}-provider", region=region, default_tags={"tags": tags})
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"project": "churn"},
        opts=pulumi.ResourceOptions(provider=provider),
    )
