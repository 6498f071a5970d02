"""An old-style transformation of a component acts on its children."""
# expect: []
import pulumi
import pulumi_aws as aws


def add(args):
    if args.type_.startswith("aws:"):
        args.props["tags"] = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
        return pulumi.ResourceTransformationResult(args.props, args.opts)
    return None


team = pulumi.ComponentResource(
    "corpus:index:Team", "team", None, pulumi.ResourceOptions(transformations=[add])
)
aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", opts=pulumi.ResourceOptions(parent=team)
)
