"""A new-style transform of a resource adds the tags that are missing."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn}
import pulumi
import pulumi_aws as aws


def add(args):
    args.props["tags"] = {**args.props["tags"], "cost-center": "ML-Sales", "environment": "prod"}
    return pulumi.ResourceTransformResult(args.props, args.opts)


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(transforms=[add]),
)
