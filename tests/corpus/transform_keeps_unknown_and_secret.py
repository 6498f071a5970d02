"""What is unknown or secret stays so where a transform of the stack passes it on."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: team}
# tags:
#   group: {cost-center: (secret), environment: prod, project: (unknown), team: (secret)}
# hidden: [hunter2-transform]
import pulumi
import pulumi_aws as aws


def add(args):
    if args.type_.startswith("aws:sagemaker/"):
        return pulumi.ResourceTransformResult(
            {**args.props, "tags": {**args.props["tags"], "environment": "prod"}}, args.opts
        )
    return None


pulumi.runtime.register_resource_transform(add)
role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": pulumi.Output.secret("ML-Sales"),
        "project": role.unique_id,
        "team": pulumi.Output.secret("hunter2-transform"),
    },
)
