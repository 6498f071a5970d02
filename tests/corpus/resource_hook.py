"""A hook on a resource's creation does not act in a preview."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project}
import pulumi
import pulumi_aws as aws


def never(args):
    raise RuntimeError("a hook ran in a preview")


aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod"},
    opts=pulumi.ResourceOptions(
        hooks=pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("never", never)])
    ),
)
