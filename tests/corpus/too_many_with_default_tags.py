"""Default tags count towards the limit, once where the resource repeats them."""
# expect:
#   - {resource: over, policy: tag-spelling, code: too-many, says: remove 1}
# config:
#   aws:defaultTags: {tags: {cost-center: ML-Sales, environment: prod, project: churn}}
import pulumi_aws as aws

tags = {f"k{number}": "x" for number in range(47)}
aws.sagemaker.ModelPackageGroup("full", model_package_group_name="f", tags={**tags, "project": "churn-2"})
aws.sagemaker.ModelPackageGroup("over", model_package_group_name="o", tags={**tags, "one-more": "x"})
