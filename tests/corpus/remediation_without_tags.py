"""A resource without tags, with None for them, or with an empty map gets the defaults: those of optional tags, too."""
# expect:
#   - {resource: none, policy: required-tags, code: missing, tag: owner}
#   - {resource: empty, policy: required-tags, code: missing, tag: owner}
# tags:
#   none: {purpose: experiment, stage: trial}
#   empty: {purpose: experiment, stage: trial}
# remediated: [none, empty]
# schema: free.yaml
# policies: {default-tags: remediate}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("none", model_package_group_name="n")
aws.sagemaker.ModelPackageGroup("empty", model_package_group_name="e", tags={})
