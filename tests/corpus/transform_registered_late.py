"""A transform of the stack does not act on what was made before it was registered."""
# expect:
#   - {resource: before, policy: required-tags, code: missing, tag: environment}
import pulumi
import pulumi_aws as aws


def add(args):
    if args.type_.startswith("aws:sagemaker/"):
        return pulumi.ResourceTransformResult(
            {**args.props, "tags": {**args.props["tags"], "environment": "prod"}}, args.opts
        )
    return None


tags = {"cost-center": "ML-Sales", "project": "churn"}
aws.sagemaker.ModelPackageGroup("before", model_package_group_name="b", tags=tags)
pulumi.runtime.register_resource_transform(add)
aws.sagemaker.ModelPackageGroup("after", model_package_group_name="a", tags=tags)
