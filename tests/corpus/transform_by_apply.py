"""A transform that merges tags by apply makes the whole map unknown where one of them is."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, level: advisory}
# tags:
#   known: {cost-center: ML-Sales, environment: prod, project: churn}
import pulumi
import pulumi_aws as aws


def add(args):
    tags = pulumi.Output.from_input(args.props["tags"]).apply(lambda tags: {**tags, "environment": "prod"})
    return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)


role = aws.iam.Role("role", assume_role_policy="{}")
for name, project in {"group": role.unique_id, "known": "churn"}.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "project": project},
        opts=pulumi.ResourceOptions(transforms=[add]),
    )
