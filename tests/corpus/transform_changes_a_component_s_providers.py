"""A transform can give a component providers, which its children then inherit."""
# expect: []
# sources:
#   group: {cost-center: provider, environment: provider, project: resource}
import pulumi
import pulumi_aws as aws

tagging = aws.Provider(
    "tagging",
    region="eu-west-1",
    default_tags={"tags": {"cost-center": "ML-Sales", "environment": "prod"}},
)


def move(args):
    if args.custom:
        return None
    return pulumi.ResourceTransformResult(
        args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(providers=[tagging]))
    )


pulumi.runtime.register_resource_transform(move)
team = pulumi.ComponentResource("corpus:index:Team", "team")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(parent=team),
)
