"""What counts is what transforms leave, not what the program wrote."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
import pulumi
import pulumi_aws as aws


def spoil(args):
    args.props["tags"]["environment"] = "test"
    return pulumi.ResourceTransformResult(args.props, args.opts)


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
    opts=pulumi.ResourceOptions(transforms=[spoil]),
)
