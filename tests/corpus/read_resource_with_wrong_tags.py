"""What was read and handed on is not judged, whatever its provider's default tags."""
# expect: []
# config:
#   aws:defaultTags: {tags: {environment: test}}
import pulumi
import pulumi_aws as aws

domain = aws.sagemaker.Domain.get("existing", "d-abc", tags={"environment": "test"})
pulumi.export("arn", domain.arn)
