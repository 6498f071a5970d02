"""An exemption for one policy leaves the findings of the others; nothing that is left blocks the second resource."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project, level: exempt}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: fine, policy: required-tags, code: missing, tag: project, level: exempt}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory, says: 2 findings}
# exemptions:
#   - resource: "urn:pulumi:*ModelPackageGroup::*"
#     policies: [required-tags]
#     owner: ml-platform
#     reason: shared
#     expires: +0d
import pulumi_aws as aws

for name, stage in {"group": "test", "fine": "prod"}.items():
    aws.sagemaker.ModelPackageGroup(
        name, model_package_group_name=name, tags={"cost-center": "ML-Sales", "environment": stage}
    )
