"""What is secret or unknown stays so beside a tag that the default-tags policy adds."""
# expect:
#   - {resource: group, policy: tag-values, code: wrong-value, tag: project}
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: team, level: advisory}
# tags:
#   group: {cost-center: (secret), environment: dev, project: (secret), team: (unknown)}
#   whole: {cost-center: (secret), environment: (secret), project: (secret)}
# remediated: [group, whole]
# hidden: [Hunter2-kept]
# policies: {default-tags: remediate}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": pulumi.Output.secret("ML-Sales"),
        "project": pulumi.Output.secret("Hunter2-kept"),
        "team": role.unique_id,
    },
)
aws.sagemaker.ModelPackageGroup(
    "whole",
    model_package_group_name="w",
    tags=pulumi.Output.secret({"cost-center": "ML-Sales", "project": "churn"}),
)
