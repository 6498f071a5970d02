"""A program that fails after its first resource is not judged: its own error is what the user needs."""
# expect: []
# fails: 'KeyError: ''payer'''
import pulumi_aws as aws

tags = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g", tags=tags)
print({}["payer"])
