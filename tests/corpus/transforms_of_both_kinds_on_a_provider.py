"""Providers are resources to old transformations as well: one can set default tags before new transforms see them."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn}
import pulumi
import pulumi_aws as aws


def tag(args):
    if args.type_ != "pulumi:providers:aws":
        return None
    args.props["default_tags"] = '{"tags": {"cost-center": "ML-Sales", "environment": "prod"}}'
    return pulumi.ResourceTransformationResult(args.props, args.opts)


pulumi.runtime.register_stack_transformation(tag)
own = aws.Provider("own", region="eu-west-1")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(provider=own),
)
