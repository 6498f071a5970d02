"""A pattern must match the whole value: at its start, at its end, in its length."""
# expect:
#   - {resource: start, policy: tag-values, code: wrong-value, tag: project}
#   - {resource: end, policy: tag-values, code: wrong-value, tag: project}
#   - {resource: short, policy: tag-values, code: wrong-value, tag: project}
#   - {resource: long, policy: tag-values, code: wrong-value, tag: project}
import pulumi_aws as aws

projects = {
    "right": "churn-2",
    "longest": 31 * "x",
    "start": "1churn",
    "end": "churn_model",
    "short": "c",
    "long": 32 * "x",
}
for name, project in projects.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "environment": "prod", "project": project},
    )
