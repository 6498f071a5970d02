"""With `all` mandatory what is advisory otherwise blocks: unknown values, ignored keys, exemptions in use."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: project}
#   - {resource: ignoring, policy: ignored-tags, code: ignored-key, tag: project}
#   - {resource: group, policy: required-tags, code: missing, tag: environment, level: exempt}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used}
# policies: {all: mandatory}
# exemptions:
#   - resource: "urn:pulumi:*::group"
#     policies: [required-tags]
#     owner: a
#     reason: r
#     expires: +30d
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
ignoring = aws.Provider("ignoring", region="eu-west-1", ignore_tags={"keys": ["project"]})
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "project": role.unique_id},
    opts=pulumi.ResourceOptions(provider=ignoring),
)
