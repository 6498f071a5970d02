"""aws:ignoreTags in the stack's config is the default provider's."""
# expect:
#   - {resource: default, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
# config:
#   aws:ignoreTags: {keys: [project]}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
)
