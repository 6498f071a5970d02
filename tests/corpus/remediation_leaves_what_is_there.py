"""The default-tags policy changes no value that is there: wrong and empty ones block, an unknown one waits."""
# expect:
#   - {resource: wrong, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: empty, policy: tag-values, code: wrong-value, tag: environment}
#   - {resource: unknown, policy: tag-values-known, code: unknown-value, tag: environment, level: advisory}
#   - {resource: spelling, policy: tag-spelling, code: wrong-case, tag: Environment}
# tags:
#   wrong: {cost-center: ML-Sales, environment: test, project: churn}
#   empty: {cost-center: ML-Sales, environment: "", project: churn}
#   unknown: {cost-center: ML-Sales, environment: (unknown), project: churn}
#   spelling: {cost-center: ML-Sales, Environment: prod, project: churn}
# policies: {default-tags: remediate}
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
stages = {
    "wrong": {"environment": "test"},
    "empty": {"environment": ""},
    "unknown": {"environment": role.unique_id},
    "spelling": {"Environment": "prod"},
}
for name, stage in stages.items():
    aws.sagemaker.ModelPackageGroup(
        name, model_package_group_name=name, tags={"cost-center": "ML-Sales", "project": "churn", **stage}
    )
