"""The default-tags policy fills an absent tag that has a default; what has none stays missing."""
# expect:
#   - {resource: without-default, policy: required-tags, code: missing, tag: project}
# tags:
#   filled: {cost-center: ML-Sales, environment: dev, project: churn}
#   without-default: {cost-center: ML-Sales, environment: dev}
#   full: {cost-center: ML-Sales, environment: prod, project: churn}
# sources:
#   filled: {environment: remediation, project: resource}
# remediated: [filled, without-default]
# policies: {default-tags: remediate}
import pulumi_aws as aws

maps = {
    "filled": {"cost-center": "ML-Sales", "project": "churn"},
    "without-default": {"cost-center": "ML-Sales"},
    "full": {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
}
for name, tags in maps.items():
    aws.sagemaker.ModelPackageGroup(name, model_package_group_name=name, tags=tags)
