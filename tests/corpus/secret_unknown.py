"""A value that is secret and unknown waits for the deployment as others do."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: (secret)}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "project": pulumi.Output.secret(role.unique_id),
    },
)
