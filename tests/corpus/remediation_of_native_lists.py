"""The default-tags policy appends to the list of aws-native; secrets and unknown values in it stay."""
# expect:
#   - {resource: unknown, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: none, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: none, policy: required-tags, code: missing, tag: project}
# tags:
#   secret: {cost-center: (secret), environment: dev, project: churn}
#   unknown: {cost-center: ML-Sales, environment: dev, project: (unknown)}
#   none: {environment: dev}
# remediated: [secret, unknown, none]
# policies: {default-tags: remediate}
# config: {aws-native:region: eu-west-1}
import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

role = aws.iam.Role("role", assume_role_policy="{}")
pairs = {
    "secret": {"cost-center": pulumi.Output.secret("ML-Sales"), "project": "churn"},
    "unknown": {"cost-center": "ML-Sales", "project": role.unique_id},
}
for name, tags in pairs.items():
    native.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )
native.sagemaker.ModelPackageGroup("none", model_package_group_name="n")
