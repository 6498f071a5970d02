"""A resource without the tags argument lacks every required tag."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: group, policy: required-tags, code: missing, tag: environment}
#   - {resource: group, policy: required-tags, code: missing, tag: project, says: "[a-z][a-z0-9-]{1,30}"}
# tags: {group: {}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g")
