"""Where a map of tags is unknown, the default-tags policy adds nothing to it."""
# expect:
#   - {resource: own, policy: tag-values-known, code: unknown-value, level: advisory}
#   - {resource: defaults, policy: tag-values-known, code: unknown-value, level: advisory}
# tags:
#   own: {}
#   defaults: {cost-center: ML-Sales}
# policies: {default-tags: remediate}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
unknown = aws.Provider("unknown", region="eu-west-1", default_tags={"tags": {"project": role.unique_id}})
aws.sagemaker.ModelPackageGroup("own", model_package_group_name="o", tags=role.tags_all)
aws.sagemaker.ModelPackageGroup(
    "defaults",
    model_package_group_name="d",
    tags={"cost-center": "ML-Sales"},
    opts=pulumi.ResourceOptions(provider=unknown),
)
