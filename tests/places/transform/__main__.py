"""A transform that takes a tag away: the resource's line, since no one knows the transform's."""

import pulumi
import pulumi_aws as aws


def forget(args):
    args.props["tags"] = {"cost-center": "ML-Sales"}
    return pulumi.ResourceTransformResult(args.props, args.opts)


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "dev"},
    opts=pulumi.ResourceOptions(transforms=[forget]),
)
