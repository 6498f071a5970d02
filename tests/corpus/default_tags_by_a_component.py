"""The children of a component inherit the provider that it was given, singly or in a list or map."""
# expect:
#   - {resource: none-group, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: none-group, policy: required-tags, code: missing, tag: environment}
# sources:
#   single-group: {cost-center: provider}
#   list-group: {cost-center: provider}
#   map-group: {cost-center: provider}
import pulumi
import pulumi_aws as aws


class Workspace(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("corpus:index:Workspace", name, None, opts)
        aws.sagemaker.ModelPackageGroup(
            f"{name}-group",
            model_package_group_name=name,
            tags={"project": "churn"},
            opts=pulumi.ResourceOptions(parent=self),
        )


tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": "prod"}},
)
Workspace("single", pulumi.ResourceOptions(provider=tagging))
Workspace("list", pulumi.ResourceOptions(providers=[tagging]))
Workspace("map", pulumi.ResourceOptions(providers={"aws": tagging}))
Workspace("none")
