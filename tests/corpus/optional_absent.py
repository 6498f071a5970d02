"""An optional tag may be absent."""
# expect: []
import pulumi_aws as aws

aws.sagemaker.Image(
    "image",
    image_name="i",
    role_arn="arn:aws:iam::123456789012:role/ml",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn"},
)
