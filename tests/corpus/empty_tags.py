"""An empty map of tags lacks every required tag."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: group, policy: required-tags, code: missing, tag: environment}
#   - {resource: group, policy: required-tags, code: missing, tag: project}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={})
