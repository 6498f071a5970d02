"""Encrypted config is unknown without an answer, and with one it is secret."""
# expect:
#   - {resource: unanswered, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: answered, policy: tag-values, code: wrong-value, tag: project}
# tags:
#   answered: {cost-center: ML-Sales, environment: prod, project: (secret)}
# config:
#   answered: {secure: v1:AAAA:BBBB}
#   unanswered: {secure: v1:CCCC:DDDD}
# answers:
#   config: {answered: Hunter2-answer}
# hidden: [Hunter2-answer]
# engines: [embedded]
# reason: the real engine cannot decrypt what no one encrypted
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
for name in ("answered", "unanswered"):
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "environment": "prod", "project": config.require_secret(name)},
    )
