"""A default in the schema does not stand in for a missing tag."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: purpose}
# schema: free.yaml
# tags: {group: {owner: me}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"owner": "me"})
