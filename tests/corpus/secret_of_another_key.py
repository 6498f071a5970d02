"""A secret under a key outside the schema is not shown in a report either."""
# expect: []
# tags:
#   group: {cost-center: ML-Sales, environment: prod, project: churn, note: (secret)}
# hidden: [hunter2-note]
import pulumi
import pulumi_aws as aws

aws.sagemaker.ModelPackageGroup(
    "group",
    model_package_group_name="g",
    tags={
        "cost-center": "ML-Sales",
        "environment": "prod",
        "project": "churn",
        "note": pulumi.Output.secret("hunter2-note"),
    },
)
