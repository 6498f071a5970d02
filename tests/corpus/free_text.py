"""A tag without a list or a pattern takes any text but the empty one."""
# expect:
#   - {resource: empty, policy: tag-values, code: wrong-value, tag: purpose}
#   - {resource: absent, policy: required-tags, code: missing, tag: owner}
# schema: free.yaml
import pulumi_aws as aws

owners = {"any": {"owner": "Jane Doe / ML", "purpose": "-"}, "empty": {"owner": "x", "purpose": ""}, "absent": {"purpose": "x"}}
for name, tags in owners.items():
    aws.sagemaker.ModelPackageGroup(name, model_package_group_name=name, tags=tags)
