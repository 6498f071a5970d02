"""Keys that differ in - and _ and spaces only are misspelt: each resource has one variant."""
# expect:
#   - {resource: underscore, policy: tag-spelling, code: wrong-case, tag: cost_center}
#   - {resource: none, policy: tag-spelling, code: wrong-case, tag: CostCenter}
#   - {resource: space, policy: tag-spelling, code: wrong-case, tag: cost center}
import pulumi_aws as aws

for name, key in {"underscore": "cost_center", "none": "CostCenter", "space": "cost center"}.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={key: "ML-Sales", "environment": "prod", "project": "churn"},
    )
