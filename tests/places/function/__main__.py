"""Functions that make resources: the line that gives the tag, be it in the function or its caller's."""

import pulumi_aws as aws

BASE = {"cost-center": "ML-Sales"}


def writes_them(name):
    return aws.sagemaker.ModelPackageGroup(name, model_package_group_name="g", tags={**BASE, "environment": "test"})


def hands_them_on(name, tags=BASE):
    return aws.sagemaker.ModelPackageGroup(name, model_package_group_name="g", tags=tags)


def adds_to_them(name, environment, **options):
    tags = {"environment": environment} | options.pop("tags")
    return hands_them_on(name, tags)


def has_a_fault_of_its_own(name, tags):
    return aws.sagemaker.ModelPackageGroup(name, model_package_group_name="g", tags={**tags, "environment": "test"})


writes_them("written")
hands_them_on("handed", {**BASE, "environment": "test"})
hands_them_on("handed-by-name", tags={"environment": "dev"})
hands_them_on("default")
adds_to_them(
    "value",
    "test",
    tags=BASE,
)
adds_to_them("map", "dev", tags={})
has_a_fault_of_its_own("own", {"cost-center": "ML-Sales"})
for each in ("x", "y"):
    hands_them_on(each, {"environment": "dev"})
