"""Numbers and truth values outside the lists are wrong values."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: account}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: share}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: shared}
# schema: numbers.yaml
# tags: {group: {account: "4712", share: "0.25", shared: "1"}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group", model_package_group_name="g", tags={"account": 4712.0, "share": 0.25, "shared": 1}
)
