"""A transform of the stack tags every resource; what it returns None for stays as it is."""
# expect:
#   - {resource: hub, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: hub, policy: required-tags, code: missing, tag: environment}
#   - {resource: hub, policy: required-tags, code: missing, tag: project}
import pulumi
import pulumi_aws as aws


def add(args):
    if args.type_ != "aws:sagemaker/modelPackageGroup:ModelPackageGroup":
        return None
    tags = {**args.props.get("tags", {}), "cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
    return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)


pulumi.runtime.register_resource_transform(add)
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g")
aws.sagemaker.Hub("hub", hub_name="h", hub_description="h")
