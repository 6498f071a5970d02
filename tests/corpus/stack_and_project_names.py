"""Tags made from what a program knows of its stack: a project, a stack, a region."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: dev, project: corpus-eu-west-1}
import pulumi
import pulumi_aws as aws

region = aws.get_region()
aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": pulumi.get_stack(),
        "project": f"{pulumi.get_project()}-{region.region}",
    },
)
