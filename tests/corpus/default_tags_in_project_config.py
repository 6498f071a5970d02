"""aws:defaultTags can stand in Pulumi.yaml for all stacks."""
# expect: []
# project:
#   config:
#     aws:defaultTags:
#       value: {tags: {cost-center: ML-Sales, environment: prod}}
# sources:
#   group: {cost-center: provider, environment: provider, project: resource}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"})
