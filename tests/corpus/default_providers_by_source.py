"""A plugin of another source has a default provider of its own, which is judged as well."""
# expect:
#   - {resource: default, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
#   - {resource: default_7_0_0_https_/example.com/a_b, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
# config:
#   aws:ignoreTags: {keys: [project]}
import pulumi
import pulumi_aws as aws

tags = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags=tags)
aws.sagemaker.ModelPackageGroup(
    "other",
    model_package_group_name="o",
    tags=tags,
    opts=pulumi.ResourceOptions(version="7.0.0", plugin_download_url="https://example.com/a?b/"),
)
