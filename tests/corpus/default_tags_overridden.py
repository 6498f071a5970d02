"""A resource's own tag wins over a default tag: for the better and for the worse."""
# expect:
#   - {resource: worse, policy: tag-values, code: wrong-value, tag: cost-center}
# config:
#   aws:defaultTags: {tags: {cost-center: ML-Sales, environment: test, project: churn}}
# sources:
#   better: {cost-center: provider, environment: resource}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("better", model_package_group_name="b", tags={"environment": "prod"})
aws.sagemaker.ModelPackageGroup(
    "worse", model_package_group_name="w", tags={"environment": "prod", "cost-center": "Finance"}
)
