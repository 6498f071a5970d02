"""What is exempt is not filled by the default-tags policy: it stays as its owner wants it."""
# expect:
#   - {resource: left, policy: required-tags, code: missing, tag: environment, level: exempt}
#   - {resource: corpus-dev, policy: exemptions-in-use, code: exemption-used, level: advisory}
# tags:
#   left: {cost-center: ML-Sales, project: churn}
#   filled: {cost-center: ML-Sales, environment: dev, project: churn}
# remediated: [filled]
# policies: {default-tags: remediate}
# exemptions:
#   - resource: "urn:pulumi:*::left"
#     policies: [required-tags]
#     owner: a
#     reason: r
#     expires: +30d
import pulumi_aws as aws

for name in ("left", "filled"):
    aws.sagemaker.ModelPackageGroup(
        name, model_package_group_name=name, tags={"cost-center": "ML-Sales", "project": "churn"}
    )
