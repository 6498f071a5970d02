"""Keys of SageMaker and of AWS pass where all others are denied."""
# expect: []
# schema: denied.yaml
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "sagemaker:project-name": "churn",
        "aws:cloudformation:stack-name": "churn",
    },
)
