"""A tag without a list or a pattern takes any text but an empty or blank one."""
# expect:
#   - {resource: empty, policy: tag-values, code: wrong-value, tag: purpose, says: is empty}
#   - {resource: blank, policy: tag-values, code: wrong-value, tag: purpose, says: is empty}
#   - {resource: absent, policy: required-tags, code: missing, tag: owner}
# schema: free.yaml
import pulumi_aws as aws

maps = {
    "any": {"owner": "Jane Doe / ML", "purpose": "-"},
    "empty": {"owner": "x", "purpose": ""},
    "blank": {"owner": "x", "purpose": "  "},
    "absent": {"purpose": "x"},
}
for name, tags in maps.items():
    aws.sagemaker.ModelPackageGroup(name, model_package_group_name=name, tags=tags)
