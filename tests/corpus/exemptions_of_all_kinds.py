"""Several entries, each with its own line of the list; one for an ARN is for the audit and is not listed."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project, level: exempt}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-expired, level: advisory}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-unused, level: advisory}
# exemptions:
#   - resource: "urn:pulumi:*::group"
#     policies: [required-tags]
#     owner: a
#     reason: r
#     expires: +30d
#   - resource: "urn:pulumi:*::gone"
#     policies: [required-tags]
#     owner: a
#     reason: r
#     expires: +30d
#   - resource: "urn:pulumi:*::group"
#     policies: [required-tags]
#     owner: a
#     reason: r
#     expires: -30d
#   - resource: "arn:aws:sagemaker:*"
#     policies: [required-tags]
#     owner: a
#     reason: r
#     expires: +30d
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags={"cost-center": "ML-Sales", "environment": "prod"}
)
