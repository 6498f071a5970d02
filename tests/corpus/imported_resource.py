"""A resource that is imported is the program's from then on: its tags are judged."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project}
import pulumi
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod"},
    opts=pulumi.ResourceOptions(import_="g"),
)
