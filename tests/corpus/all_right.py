"""Every required tag is there, spelled and valued right."""
# expect: []
# tags:
#   nb: {cost-center: ML-Sales, environment: prod, project: churn, team: ml-core}
import pulumi_aws as aws

aws.sagemaker.NotebookInstance(
    "nb",
    instance_type="ml.t3.medium",
    role_arn="arn:aws:iam::123456789012:role/ml",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn", "team": "ml-core"},
)
