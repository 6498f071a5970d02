"""A misspelt key in default tags is misspelt; the right key on the resource makes it a second spelling."""
# expect:
#   - {resource: one, policy: tag-spelling, code: wrong-case, tag: CostCenter, says: provider's default tags}
#   - {resource: two, policy: tag-spelling, code: wrong-case, tag: CostCenter, says: second spelling}
# config:
#   aws:defaultTags: {tags: {CostCenter: ML-Sales, environment: prod, project: churn}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("one", model_package_group_name="1")
aws.sagemaker.ModelPackageGroup("two", model_package_group_name="2", tags={"cost-center": "ML-Sales"})
