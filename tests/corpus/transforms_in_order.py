"""Old transformations act before new transforms; in each kind own ones first, then the parent's, then the stack's."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project}
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: 0_a1_a2_b_c_d1_d2_e_f}
import pulumi
import pulumi_aws as aws


def old(step):
    def add(args):
        if args.type_.startswith("aws:sagemaker/"):
            tags = args.props["tags"]
            args.props["tags"] = {**tags, "project": f"{tags['project']}_{step}"}
            return pulumi.ResourceTransformationResult(args.props, args.opts)
        return None

    return add


def new(step):
    def add(args):
        if args.type_.startswith("aws:sagemaker/"):
            tags = args.props["tags"]
            args.props["tags"] = {**tags, "project": f"{tags['project']}_{step}"}
            return pulumi.ResourceTransformResult(args.props, args.opts)
        return None

    return add


pulumi.runtime.register_stack_transformation(old("c"))
pulumi.runtime.register_resource_transform(new("f"))
team = pulumi.ComponentResource(
    "corpus:index:Team",
    "team",
    None,
    pulumi.ResourceOptions(transformations=[old("b")], transforms=[new("e")]),
)
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "0"},
    opts=pulumi.ResourceOptions(
        parent=team, transformations=[old("a1"), old("a2")], transforms=[new("d1"), new("d2")]
    ),
)
