"""An exemption for a resource that is not there is listed."""
# expect:
#   - resource: corpus-dev
#     policy: exemptions-in-use
#     code: exemption-unused
#     level: advisory
#     says: matches no resource
# exemptions:
#   - resource: "urn:pulumi:*::gruop"
#     policies: [required-tags]
#     owner: ml-platform
#     reason: misspelt
#     expires: +30d
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
)
