"""As many notebook instances as COSTTAGS_BENCH_RESOURCES says, tagged as the shipped tags.yaml has it."""

import os

import pulumi_aws as aws

for number in range(int(os.environ["COSTTAGS_BENCH_RESOURCES"])):
    aws.sagemaker.NotebookInstance(
        f"notebook-{number}",
        instance_type="ml.t3.medium",
        role_arn="arn:aws:iam::111122223333:role/notebook",
        tags={"cost-center": "ML-Research", "environment": "dev", "project": "bench", "number": str(number)},
    )
