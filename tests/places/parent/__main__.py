"""A resource as a parent is no component: its children keep their own lines."""

import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("data")
aws.sagemaker.ModelPackageGroup(
    "child",
    model_package_group_name="g",
    tags={"cost-center": "ML-Sales"},
    opts=pulumi.ResourceOptions(parent=bucket),
)
