"""An expired exemption counts as absent, and says so."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project}
#   - resource: corpus-dev
#     policy: exemptions-in-use
#     code: exemption-expired
#     level: advisory
#     says: ask ml-platform
# exemptions:
#   - resource: "urn:pulumi:*::group"
#     policies: [required-tags]
#     owner: ml-platform
#     reason: just for now
#     expires: -1d
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags={"cost-center": "ML-Sales", "environment": "prod"}
)
