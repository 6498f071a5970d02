"""A domain must hand its tags on to what Studio launches: anything but ENABLED does not."""
# expect:
#   - {resource: absent, policy: tag-propagation, code: no-propagation, says: 'tag_propagation="ENABLED"'}
#   - {resource: disabled, policy: tag-propagation, code: no-propagation}
import pulumi_aws as aws

for name, propagation in {"absent": None, "disabled": "DISABLED", "enabled": "ENABLED"}.items():
    aws.sagemaker.Domain(
        name,
        domain_name=name,
        auth_mode="IAM",
        vpc_id="vpc-1",
        subnet_ids=["subnet-1"],
        default_user_settings={"execution_role": "arn:aws:iam::123456789012:role/ml"},
        tag_propagation=propagation,
        tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
    )
