"""Loops: the line of the call in the loop."""

import pulumi_aws as aws

for number in range(2):
    aws.sagemaker.ModelPackageGroup(
        f"for-{number}",
        model_package_group_name="g",
        tags={"cost-center": "ML-Sales"},
    )

groups = [
    aws.sagemaker.ModelPackageGroup(name, model_package_group_name="g", tags={"cost-center": "ML-Sale"})
    for name in ("in-a-list",)
]
