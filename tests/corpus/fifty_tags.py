"""50 tags are as many as AWS allows."""
# expect: []
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "project": "churn",
        **{f"k{number}": "x" for number in range(47)},
    },
)
