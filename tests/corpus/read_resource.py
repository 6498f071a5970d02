"""A resource read by `.get` exists already: it is not judged, and what it has is not known."""
# expect:
#   - {resource: group, policy: tag-values-known, code: unknown-value, tag: project, level: advisory}
import pulumi_aws as aws

existing = aws.sagemaker.Domain.get("existing", "d-abc")
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": existing.domain_name},
)
