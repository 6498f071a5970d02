"""A list as a value is refused by Pulumi's SDK before anything can be judged."""
# expect: []
# fails: Unexpected type
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": ["ML-Sales"], "environment": "prod", "project": "churn"},
)
