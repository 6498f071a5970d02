"""What is unknown stays so where the transform of a component passes it on."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: (unknown)}
import pulumi
import pulumi_aws as aws


def add(args):
    if args.type_.startswith("aws:sagemaker/"):
        return pulumi.ResourceTransformResult(
            {**args.props, "tags": {**args.props["tags"], "environment": "prod"}}, args.opts
        )
    return None


role = aws.iam.Role("role", assume_role_policy="{}")
team = pulumi.ComponentResource("corpus:index:Team", "team", None, pulumi.ResourceOptions(transforms=[add]))
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "project": role.unique_id},
    opts=pulumi.ResourceOptions(parent=team),
)
