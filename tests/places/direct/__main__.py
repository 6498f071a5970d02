"""A call over several lines: the line on which it begins."""

import pulumi_aws as aws

aws.sagemaker.Model(
    "plain",
    execution_role_arn="role",
    tags={
        "cost-center": "ML-Sales",
        "environment": "production",
    },
)
bucket = aws.s3.Bucket("data")
aws.sagemaker.ModelPackageGroup("none", model_package_group_name="g")
