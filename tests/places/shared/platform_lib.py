"""A module that projects of the repository share."""

import pulumi_aws as aws


def group(name):
    aws.sagemaker.ModelPackageGroup(name, model_package_group_name="g", tags={"cost-center": "ML-Sales"})
