"""aws:defaultTags holds the tags under `tags`: keys beside it are no tags."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: group, policy: required-tags, code: missing, tag: environment}
# config:
#   aws:defaultTags: {cost-center: ML-Sales, environment: prod}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"})
