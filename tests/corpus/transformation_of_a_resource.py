"""An old-style transformation of a resource adds tags."""
# expect: []
import pulumi
import pulumi_aws as aws


def add(args):
    args.props["tags"] = {**args.props["tags"], "cost-center": "ML-Sales", "environment": "prod"}
    return pulumi.ResourceTransformationResult(args.props, args.opts)


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(transformations=[add]),
)
