"""An optional tag that is there must have an allowed value."""
# expect:
#   - {resource: image, policy: tag-values, code: wrong-value, tag: team}
import pulumi_aws as aws

aws.sagemaker.Image(
    "image",
    image_name="i",
    role_arn="arn:aws:iam::123456789012:role/ml",
    tags={"cost-center": "ML-Sales", "environment": "prod", "project": "churn", "team": "finance"},
)
