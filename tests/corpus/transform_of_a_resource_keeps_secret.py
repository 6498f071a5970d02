"""A resource's own transform sees a map of tags with a secret value in it, and keeps it secret."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project}
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: (secret)}
# hidden: [Hunter2-own]
import pulumi
import pulumi_aws as aws


def add(args):
    return pulumi.ResourceTransformResult(
        {**args.props, "tags": {**args.props["tags"], "environment": "prod"}}, args.opts
    )


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "project": pulumi.Output.secret("Hunter2-own")},
    opts=pulumi.ResourceOptions(transforms=[add]),
)
