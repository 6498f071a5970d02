"""The policy config sets the level of one policy: advisory, disabled."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project, level: advisory}
# policies: {required-tags: advisory, tag-spelling: disabled}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "Environment": "prod"},
)
