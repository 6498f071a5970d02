"""YAML reads 2024-01-01 as a date and 010 as 8: the CLI hands the provider what it makes of them."""
# expect: []
# tags:
#   group:
#     created: 2024-01-01 00:00:00 +0000 UTC
#     version: "8"
#     cost-center: ML-Sales
#     environment: prod
#     project: churn
# stack_file: |
#   config:
#     aws:region: eu-west-1
#     aws:defaultTags:
#       tags:
#         created: 2024-01-01
#         version: 010
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
)
