"""A bucket for the bill or what is found in it: encrypted, closed to the public, emptied by and by."""

from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from pulumi_aws import s3

from costtags.components.context import Tags


def private_bucket(
    parent: pulumi.Resource,
    name: str,
    *,
    days: int,
    policy: Callable[[pulumi.Output[str]], pulumi.Output[str]],
    tags: Tags,
    bucket_name: str | None,
    kms_key_arn: pulumi.Input[str] | None,
    place: Mapping[str, Any],
) -> tuple[s3.Bucket, s3.BucketPolicy]:
    """Make a bucket whose objects expire after some days; return it and its policy, which ``policy`` makes of its ARN.

    Encrypted by S3's own keys or the one given. ``place`` holds its region, where that is not the provider's.
    """
    child = pulumi.ResourceOptions(parent=parent)
    bucket = s3.Bucket(name, bucket=bucket_name, tags=tags, opts=child, **place)
    closed = s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
        **place,
    )
    encrypted: Any = {"sse_algorithm": "AES256"}
    if kms_key_arn is not None:
        encrypted = {"sse_algorithm": "aws:kms", "kms_master_key_id": kms_key_arn}
    s3.BucketServerSideEncryptionConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            {
                "apply_server_side_encryption_by_default": encrypted,
                "bucket_key_enabled": kms_key_arn is not None,
            }
        ],
        opts=child,
        **place,
    )
    s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.bucket,
        rules=[
            {
                "id": "expire",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": days},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            }
        ],
        opts=child,
        **place,
    )
    # S3 takes one change of a bucket's access at a time.
    after = pulumi.ResourceOptions(parent=parent, depends_on=[closed])
    return bucket, s3.BucketPolicy(name, bucket=bucket.bucket, policy=policy(bucket.arn), opts=after, **place)
