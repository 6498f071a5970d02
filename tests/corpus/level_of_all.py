"""The level of `all` is that of every policy that has none of its own."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project, level: advisory}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: cost-center}
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: Environment, level: advisory}
# policies: {all: advisory, tag-values: mandatory}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "Finance", "Environment": "prod"},
)
