"""A list as a value, which can only come by a transform, is no tag's value."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: cost-center, says: not text}
import pulumi
import pulumi_aws as aws


def spoil(args):
    return pulumi.ResourceTransformResult(
        {**args.props, "tags": {**args.props["tags"], "cost-center": ["ML-Sales"]}}, args.opts
    )


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"environment": "prod", "project": "churn"},
    opts=pulumi.ResourceOptions(transforms=[spoil]),
)
