"""A value with a space behind it, or a line end, is another value: in a list, in a pattern."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: cost-center, says: did you mean "ML-Sales"}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales ", "environment": "prod", "project": "churn\n"},
)
