"""Text made with an unknown value is unknown as a whole, whichever way it is made."""
# expect:
#   - {resource: concat, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: format, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: apply, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
import pulumi
import pulumi_aws as aws

role = aws.iam.Role("role", assume_role_policy="{}")
texts = {
    "concat": pulumi.Output.concat("p-", role.unique_id),
    "format": pulumi.Output.format("p-{0}", role.unique_id),
    "apply": role.unique_id.apply(lambda unique_id: f"p-{unique_id}"),
}
for name, project in texts.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "environment": "prod", "project": project},
    )
