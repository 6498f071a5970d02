"""A provider passes through nested components; a child's own provider wins."""
# expect:
#   - {resource: other, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: other, policy: required-tags, code: missing, tag: environment}
# sources:
#   inherited: {cost-center: provider}
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": "prod"}},
)
plain = aws.Provider("plain", region="eu-west-1")
outer = pulumi.ComponentResource(
    "corpus:index:Outer", "outer", None, pulumi.ResourceOptions(providers=[tagging])
)
inner = pulumi.ComponentResource("corpus:index:Inner", "inner", None, pulumi.ResourceOptions(parent=outer))
aws.sagemaker.ModelPackageGroup(
    "inherited",
    model_package_group_name="i",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(parent=inner),
)
aws.sagemaker.ModelPackageGroup(
    "other",
    model_package_group_name="o",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(parent=inner, provider=plain),
)
