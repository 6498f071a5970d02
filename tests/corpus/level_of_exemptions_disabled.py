"""With exemptions-in-use disabled, exemptions still excuse; they are not listed."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project, level: exempt}
# policies: {exemptions-in-use: disabled}
# exemptions:
#   - resource: "urn:pulumi:*::group"
#     policies: [required-tags]
#     owner: a
#     reason: r
#     expires: +30d
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags={"cost-center": "ML-Sales", "environment": "prod"}
)
