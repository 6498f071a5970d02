"""A resource's own transform can add to tags that depend on another resource by apply; if known, they are judged."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
# tags:
#   group: {cost-center: ML-Sales, environment: test, project: churn}
import pulumi
import pulumi_aws as aws


def add(args):
    tags = pulumi.Output.from_input(args.props["tags"]).apply(lambda tags: {**tags, "environment": "test"})
    return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)


role = aws.iam.Role("role", assume_role_policy="{}", path="churn")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "project": role.path},
    opts=pulumi.ResourceOptions(transforms=[add]),
)
