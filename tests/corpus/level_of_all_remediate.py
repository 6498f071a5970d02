"""With `all` at remediate the defaults are filled, and what that leaves blocks."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: cost-center}
# tags:
#   group: {cost-center: Finance, environment: dev}
# remediated: [group]
# policies: {all: remediate}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"cost-center": "Finance"})
