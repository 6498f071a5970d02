"""A misspelt policy in the policy config is refused: switching nothing off silently would be worse."""
# expect: []
# fails: unknown policy "required-tag"
# policies: {required-tag: advisory}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g")
