"""A schema can be enforced on other services, by globs and by single types."""
# expect:
#   - {resource: bucket, policy: required-tags, code: missing, tag: cost-center}
#   - {resource: role, policy: tag-values, code: wrong-value, tag: cost-center}
#   - {resource: group, policy: required-tags, code: missing, tag: cost-center}
# schema: wide.yaml
import pulumi_aws as aws

bucket = aws.s3.Bucket("bucket")
aws.s3.BucketPublicAccessBlock("block", bucket=bucket.id)
aws.iam.Role("role", assume_role_policy="{}", tags={"cost-center": "Finance"})
aws.iam.Policy("policy", policy="{}")
aws.sagemaker.ModelPackageGroup("group", model_package_group_name="g")
