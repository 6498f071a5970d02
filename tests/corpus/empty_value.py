"""An empty value is wrong: on the bill it cannot be told from a missing tag."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment, says: is empty}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project, says: is empty}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "", "project": ""},
)
