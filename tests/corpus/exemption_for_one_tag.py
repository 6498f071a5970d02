"""An exemption for one tag leaves the other findings of the same policy as they are."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: environment, level: exempt}
#   - {resource: group, policy: required-tags, code: missing, tag: project}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory}
# exemptions:
#   - resource: "urn:pulumi:*::group"
#     policies: [required-tags]
#     tags: [environment]
#     owner: ml-platform
#     reason: no stages here
#     expires: +300d
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"cost-center": "ML-Sales"})
