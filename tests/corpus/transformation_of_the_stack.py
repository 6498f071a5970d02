"""The old way to tag a whole stack: one transformation for all that take tags."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn}
import pulumi
import pulumi_aws as aws

COMMON = {"cost-center": "ML-Sales", "environment": "prod", "project": "stack"}


def auto_tag(args):
    if hasattr(args.resource, "tags"):
        args.props["tags"] = {**COMMON, **(args.props.get("tags") or {})}
        return pulumi.ResourceTransformationResult(args.props, args.opts)
    return None


pulumi.runtime.register_stack_transformation(auto_tag)
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"})
aws.sagemaker.Device("device", device_fleet_name="f", device={"device_name": "d"})
