"""ignoreChanges on tags changes nothing at creation; so is it with the options on deletion and replacement."""
# expect:
#   - {resource: ignoring, policy: required-tags, code: missing, tag: project}
#   - {resource: ignoring-one, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: kept, policy: required-tags, code: missing, tag: project}
import pulumi
import pulumi_aws as aws

tags = {"cost-center": "ML-Sales", "environment": "prod"}
aws.sagemaker.ModelPackageGroup(
    "ignoring",
    model_package_group_name="i",
    tags=tags,
    opts=pulumi.ResourceOptions(ignore_changes=["tags", "tagsAll"]),
)
aws.sagemaker.ModelPackageGroup(
    "ignoring-one",
    model_package_group_name="o",
    tags={**tags, "environment": "test", "project": "churn"},
    opts=pulumi.ResourceOptions(ignore_changes=['tags["environment"]']),
)
aws.sagemaker.ModelPackageGroup(
    "kept",
    model_package_group_name="k",
    tags=tags,
    opts=pulumi.ResourceOptions(
        protect=True,
        retain_on_delete=True,
        delete_before_replace=True,
        replace_on_changes=["tags"],
        additional_secret_outputs=["tags"],
        aliases=[pulumi.Alias(name="old")],
        custom_timeouts=pulumi.CustomTimeouts(create="5m"),
    ),
)
