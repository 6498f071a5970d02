"""ignoreTags takes nothing away at creation, but a required key that it names cannot be mended later: an advisory."""
# expect:
#   - {resource: ignoring, policy: ignored-tags, code: ignored-key, tag: cost-center, level: advisory}
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn}
import pulumi
import pulumi_aws as aws

ignoring = aws.Provider(
    "ignoring",
    region="eu-west-1",
    ignore_tags=aws.ProviderIgnoreTagsArgs(keys=["cost-center", "team", "other"]),
)
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
    opts=pulumi.ResourceOptions(provider=ignoring),
)
