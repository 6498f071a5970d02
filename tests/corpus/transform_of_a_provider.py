"""A stack transform sees providers too: it can set their default tags, which are JSON text there."""
# expect: []
# sources:
#   group: {cost-center: provider, environment: provider, project: resource}
import json

import pulumi
import pulumi_aws as aws


def tag(args):
    if args.type_ != "pulumi:providers:aws":
        return None
    tags = {"tags": {"cost-center": "ML-Sales", "environment": "prod"}}
    return pulumi.ResourceTransformResult({**args.props, "defaultTags": json.dumps(tags)}, args.opts)


pulumi.runtime.register_resource_transform(tag)
own = aws.Provider("own", region="eu-west-1")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"project": "churn"},
    opts=pulumi.ResourceOptions(provider=own),
)
