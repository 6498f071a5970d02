"""An exemption by the exact URN excuses what it names; the use of it is listed."""
# expect:
#   - {resource: old, policy: required-tags, code: missing, tag: environment, level: exempt}
#   - {resource: new, policy: required-tags, code: missing, tag: environment}
#   - resource: corpus-dev
#     policy: exemptions-in-use
#     code: exemption-used
#     level: advisory
#     says: "1 finding excused"
# exemptions:
#   - resource: urn:pulumi:dev::corpus::aws:sagemaker/modelPackageGroup:ModelPackageGroup::old
#     policies: [required-tags]
#     owner: ml-platform
#     reason: made before the rule
#     expires: +30d
import pulumi_aws as aws

for name in ("old", "new"):
    aws.sagemaker.ModelPackageGroup(
        name, model_package_group_name=name, tags={"cost-center": "ML-Sales", "project": "churn"}
    )
