"""A module of the project."""

import pulumi_aws as aws


def group(name):
    aws.sagemaker.ModelPackageGroup(name, model_package_group_name="g", tags={"cost-center": "ML-Sales"})
