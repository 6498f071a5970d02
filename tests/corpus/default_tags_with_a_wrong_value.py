"""A wrong value in default tags is wrong on each resource, and the message says where it comes from."""
# expect:
#   - {resource: one, policy: tag-values, code: wrong-value, tag: environment, says: provider's default tags}
#   - {resource: two, policy: tag-values, code: wrong-value, tag: environment, says: provider's default tags}
# config:
#   aws:defaultTags: {tags: {cost-center: ML-Sales, environment: test, project: churn}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("one", model_package_group_name="1")
aws.sagemaker.Pipeline(
    "two", pipeline_name="p", pipeline_display_name="p", role_arn="arn:aws:iam::123456789012:role/ml"
)
