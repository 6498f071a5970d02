"""Whether a domain hands its tags on may be known only at deployment: an advisory, once more beside unknown tags."""
# expect:
#   - {resource: domain, policy: tag-values-known, code: unknown-value, level: advisory, says: tagPropagation}
#   - {resource: both, policy: tag-values-known, code: unknown-value, level: advisory, says: tagPropagation}
#   - {resource: both, policy: tag-values-known, code: unknown-value, level: advisory, says: the tags}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
tags = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
for name, tags in {"domain": tags, "both": role.tags_all}.items():
    aws.sagemaker.Domain(
        name,
        domain_name=name,
        auth_mode="IAM",
        vpc_id="vpc-1",
        subnet_ids=["subnet-1"],
        default_user_settings={"execution_role": role.arn},
        tag_propagation=role.unique_id,
        tags=tags,
    )
