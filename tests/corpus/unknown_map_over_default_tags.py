"""Tags that are wholly unknown may yet override wrong default tags: these are not reported."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, level: advisory}
# config:
#   aws:defaultTags: {tags: {cost-center: ML-Sales, environment: test}}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags=role.tags_all)
