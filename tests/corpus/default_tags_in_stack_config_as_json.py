"""aws:defaultTags as JSON text is the same as its map."""
# expect: []
# config:
#   aws:defaultTags: '{"tags": {"cost-center": "ML-Sales", "environment": "prod"}}'
# sources:
#   group: {cost-center: provider, environment: provider, project: resource}
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags={"project": "churn"})
