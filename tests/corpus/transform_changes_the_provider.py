"""A transform can give a resource another provider, whose default tags then count."""
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
    return pulumi.ResourceTransformResult(
        args.props, pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(provider=tagging))
    )


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(transforms=[move]),
)
