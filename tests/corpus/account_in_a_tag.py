"""What only an account can answer is unknown, alone or in a text, from a plain call or from an output."""
# expect:
#   - {resource: alone, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: text, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
#   - {resource: output, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
# tags:
#   alone: {cost-center: ML-Sales, environment: prod, project: (unknown)}
import pulumi_aws as aws

projects = {
    "alone": aws.get_caller_identity().account_id,
    "text": f"in-{aws.get_caller_identity().account_id}",
    "output": aws.get_caller_identity_output().account_id,
}
for name, project in projects.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "environment": "prod", "project": project},
    )
