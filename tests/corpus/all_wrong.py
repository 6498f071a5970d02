"""Several faults of one resource are reported by the policies that they belong to, all at once."""
# expect:
#   - {resource: group, policy: required-tags, code: missing, tag: project}
#   - {resource: group, policy: tag-spelling, code: wrong-case, tag: Environment}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: cost-center}
#   - {resource: group, policy: tag-values, code: wrong-value, tag: team}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "nobody", "Environment": "prod", "team": "finance"},
)
