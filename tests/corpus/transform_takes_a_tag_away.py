"""A transform can take a tag away that the program gave, or all of them."""
# expect:
#   - {resource: one, policy: required-tags, code: missing, tag: environment}
#   - {resource: all, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: all, policy: required-tags, code: missing, tag: environment}
#   - {resource: all, policy: required-tags, code: missing, tag: project}
import pulumi
import pulumi_aws as aws


def take_one(args):
    tags = {key: value for key, value in args.props["tags"].items() if key != "environment"}
    return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)


def take_all(args):
    del args.props["tags"]
    return pulumi.ResourceTransformResult(args.props, args.opts)


for name, take in {"one": take_one, "all": take_all}.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
        opts=pulumi.ResourceOptions(transforms=[take]),
    )
