"""The domain of aws-native must hand its tags on, too."""
# expect:
#   - {resource: absent, policy: tag-propagation, code: no-propagation}
#   - {resource: disabled, policy: tag-propagation, code: no-propagation}
#   - {resource: unknown, policy: tag-values-known, code: unknown-value, level: advisory}
# config:
#   aws-native:region: eu-west-1
#   aws-native:defaultTags: {tags: {cost-center: ML-Sales, environment: prod, project: churn}}
import pulumi_aws as aws
import pulumi_aws_native as native

role = aws.iam.Role("role", assume_role_policy="{}")
for name, propagation in {
    "absent": None,
    "disabled": native.sagemaker.DomainTagPropagation.DISABLED,
    "enabled": native.sagemaker.DomainTagPropagation.ENABLED,
    "unknown": role.unique_id,
}.items():
    native.sagemaker.Domain(
        name,
        domain_name=name,
        auth_mode=native.sagemaker.DomainAuthMode.IAM,
        default_user_settings={"execution_role": "arn:aws:iam::123456789012:role/ml"},
        tag_propagation=propagation,
    )
