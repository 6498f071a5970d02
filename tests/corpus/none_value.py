"""A tag whose value is None has no value at all, not an empty one: it is missing."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project}
# tags: {group: {cost-center: ML-Sales, environment: prod}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": None},
)
