"""A name may hold colons, as the URN's parts are divided by: findings and exemptions name it in full."""
# expect:
#   - {resource: "team::group", policy: required-tags, code: missing, tag: project, level: exempt}
#   - {resource: "other::group", policy: required-tags, code: missing, tag: project}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory}
# exemptions:
#   - resource: "urn:pulumi:*:ModelPackageGroup::team::group"
#     policies: [required-tags]
#     owner: a
#     reason: r
#     expires: +30d
import pulumi_aws as aws

for name in ("team::group", "other::group"):
    aws.sagemaker.ModelPackageGroup(
        name, model_package_group_name="g", tags={"cost-center": "ML-Sales", "environment": "prod"}
    )
