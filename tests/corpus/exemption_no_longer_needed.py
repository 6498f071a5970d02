"""An exemption of a resource that is at fault no more is listed: it can go."""
# expect:
#   - resource: corpus-dev
#     policy: exemptions-in-use
#     code: exemption-unused
#     level: advisory
#     says: excuses nothing any more
# exemptions:
#   - resource: "urn:pulumi:*::group"
#     policies: [required-tags]
#     owner: ml-platform
#     reason: since mended
#     expires: +30d
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
)
