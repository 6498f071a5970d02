"""A star in an allowed value stands for any text, also for none; the rest is exact."""
# expect:
#   - {resource: case, policy: tag-values, code: wrong-value, tag: team}
#   - {resource: prefix, policy: tag-values, code: wrong-value, tag: team}
import pulumi_aws as aws

teams = {"some": "ml-core", "none": "ml-", "exact": "data-platform", "case": "ML-core", "prefix": "my-ml-core"}
for name, team in teams.items():
    aws.sagemaker.ModelPackageGroup(
        name,
        model_package_group_name=name,
        tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn", "team": team},
    )
