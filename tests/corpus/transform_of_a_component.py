"""A transform of a component acts on its children and theirs, and on nothing else."""
# expect:
#   - {resource: beside, policy: required-tags, code: missing, tag: environment}
import pulumi
import pulumi_aws as aws


def add(args):
    if args.type_.startswith("aws:sagemaker/"):
        return pulumi.ResourceTransformResult(
            {**args.props, "tags": {**args.props["tags"], "environment": "prod"}}, args.opts
        )
    return None


tags = {"cost-center": "ML-Sales", "project": "churn"}
outer = pulumi.ComponentResource(
    "corpus:index:Outer", "outer", None, pulumi.ResourceOptions(transforms=[add])
)
inner = pulumi.ComponentResource("corpus:index:Inner", "inner", None, pulumi.ResourceOptions(parent=outer))
for name, parent in {"child": outer, "grandchild": inner, "beside": None}.items():
    aws.sagemaker.ModelPackageGroup(
        name, model_package_group_name=name, tags=tags, opts=pulumi.ResourceOptions(parent=parent)
    )
