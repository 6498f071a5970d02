"""A list that is unknown may yet override wrong default tags of aws-native: one finding, about the list."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, level: advisory}
# config:
#   aws-native:region: eu-west-1
#   aws-native:defaultTags: {tags: {cost-center: Finance}}
import pulumi_aws as aws
import pulumi_aws_native as native

role = aws.iam.Role("role", assume_role_policy="{}")
native.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags=role.unique_id.apply(lambda unique_id: [{"key": "project", "value": unique_id}]),
)
