"""The tags of another resource, passed on, are known: they are its inputs."""
# expect:
#   - {resource: second, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: first, policy: tag-values, code: wrong-value, tag: environment}
import pulumi_aws as aws

first = aws.sagemaker.ModelPackageGroup(
    "first",
    model_package_group_name="f",
    tags={"cost-center": "ML-Sales", "environment": "test", "project": "churn"},
)
aws.sagemaker.ModelPackageGroup("second", model_package_group_name="s", tags=first.tags)
