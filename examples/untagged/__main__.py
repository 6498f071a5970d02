"""A notebook instance without its cost center, with a value and a key that are nearly right."""

import pulumi_aws as aws

aws.sagemaker.NotebookInstance(
    "scratch",
    instance_type="ml.t3.medium",
    role_arn="arn:aws:iam::111122223333:role/people",
    tags={"environment": "production", "Project": "churn"},
)
