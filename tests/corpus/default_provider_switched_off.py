"""A stack that forbids the default provider: a resource that names no provider is an error."""
# expect: []
# fails: Default provider for 'aws' disabled
# config:
#   pulumi:disable-default-providers: [aws]
import pulumi_aws as aws

tags = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags=tags)
