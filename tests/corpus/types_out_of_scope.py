"""What the schema is not enforced on is not judged."""
# expect: []
import pulumi_aws as aws

aws.s3.Bucket("bucket")
aws.iam.Role("role", assume_role_policy="{}", tags={"Cost-Center": "nobody"})
aws.ecr.Repository("repository", tags={"environment": "test"})
