"""Numbers and truth values among the default tags are judged as text, as those of a resource."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: share}
# schema: numbers.yaml
# config:
#   aws:defaultTags: {tags: {account: 4711, share: 0.25, shared: true}}
# tags:
#   group: {account: "4711", share: "0.25", shared: "true"}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g")
