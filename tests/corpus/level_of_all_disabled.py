"""With `all` disabled nothing is found but what a policy with a level of its own finds."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: environment}
# policies: {all: disabled, tag-values: {enforcementLevel: mandatory}}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"environment": "test"})
