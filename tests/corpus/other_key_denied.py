"""Where other keys are denied, one is reported."""
# expect:
#   - {resource: group, policy: tag-spelling, code: unexpected-key, tag: Name, says: 'remove "Name"'}
# schema: denied.yaml
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "Name": "mine"},
)
