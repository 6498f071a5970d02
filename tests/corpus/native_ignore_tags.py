"""aws-native has ignoreTags, too."""
# expect:
#   - {resource: ignoring, policy: ignored-tags, code: ignored-key, tag: project, level: advisory}
import pulumi
import pulumi_aws_native as native

ignoring = native.Provider("ignoring", region="eu-west-1", ignore_tags={"keys": ["project"]})
native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=[
        {"key": "cost-center", "value": "ML-Sales"},
        {"key": "environment", "value": "prod"},
        {"key": "project", "value": "churn"},
    ],
    opts=pulumi.ResourceOptions(provider=ignoring),
)
