"""A resource's own transform sees tags that depend on another resource as one output: using it as a map is an error."""
# expect: []
# fails: "'Output' object is not callable"
import pulumi
import pulumi_aws as aws


def add(args):
    return pulumi.ResourceTransformResult(
        {**args.props, "tags": {**args.props["tags"], "environment": "prod"}}, args.opts
    )


role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "project": role.unique_id},
    opts=pulumi.ResourceOptions(transforms=[add]),
)
