"""Who may do what around the bill: the policies of its buckets, of QuickSight's role and of the digest's function."""

from collections.abc import Iterable, Sequence
from typing import Any

import pulumi

from costtags.documents.document import Plain


def bucket_policy(bucket: pulumi.Input[str], statements: Sequence[Plain] = ()) -> pulumi.Output[str]:
    """Refuse what does not come by TLS, and allow what ``statements`` do."""
    refused = {
        "Sid": "RefuseWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, pulumi.Output.concat(bucket, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return _policy([*statements, refused])


def deliver_export(account: str, bucket: pulumi.Input[str]) -> Plain:
    """Let Data Exports of this account, and of no other, write to the bucket and look at its policy.

    https://docs.aws.amazon.com/cur/latest/userguide/dataexports-s3-bucket.html
    """
    return {
        "Sid": "EnableAWSDataExportsToWriteToS3AndCheckPolicy",
        "Effect": "Allow",
        "Principal": {"Service": ["billingreports.amazonaws.com", "bcm-data-exports.amazonaws.com"]},
        "Action": ["s3:PutObject", "s3:GetBucketPolicy"],
        "Resource": [bucket, pulumi.Output.concat(bucket, "/*")],
        "Condition": {
            "StringLike": {
                "aws:SourceAccount": account,
                "aws:SourceArn": [
                    f"arn:aws:cur:us-east-1:{account}:definition/*",
                    f"arn:aws:bcm-data-exports:us-east-1:{account}:export/*",
                ],
            }
        },
    }


def athena_reader(
    account: str,
    database: pulumi.Input[str],
    table: pulumi.Input[str],
    workgroup: pulumi.Input[str],
    bucket: pulumi.Input[str],
    results: pulumi.Input[str],
    key: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    """Let a role run queries in one workgroup, on one table, and keep their results in one bucket."""
    concat = pulumi.Output.concat
    data, out = concat("arn:aws:s3:::", bucket), concat("arn:aws:s3:::", results)
    glue = f"arn:aws:glue:*:{account}:"
    statements = [
        # What only lists names no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/
        _allow(["athena:ListDataCatalogs", "athena:ListEngineVersions", "athena:ListWorkGroups"], "*"),
        _allow(
            [
                "athena:BatchGetQueryExecution",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetQueryResultsStream",
                "athena:GetWorkGroup",
                "athena:ListQueryExecutions",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            concat(f"arn:aws:athena:*:{account}:workgroup/", workgroup),
        ),
        _allow(
            [
                "athena:GetDataCatalog",
                "athena:GetDatabase",
                "athena:GetTableMetadata",
                "athena:ListDatabases",
                "athena:ListTableMetadata",
            ],
            f"arn:aws:athena:*:{account}:datacatalog/AwsDataCatalog",
        ),
        _allow(
            [
                "glue:BatchGetPartition",
                "glue:GetDatabase",
                "glue:GetDatabases",
                "glue:GetPartition",
                "glue:GetPartitions",
                "glue:GetTable",
                "glue:GetTables",
            ],
            [
                f"{glue}catalog",
                concat(f"{glue}database/", database),
                concat(f"{glue}table/", database, "/", table),
            ],
        ),
        _allow(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [data, out]),
        _allow("s3:GetObject", [concat(data, "/*"), concat(out, "/*")]),
        _allow(["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"], concat(out, "/*")),
    ]
    if key is not None:
        statements.append(_allow(["kms:Decrypt", "kms:GenerateDataKey"], key))
    return _policy(statements)


def digest_policy(
    account: str,
    sender: str,
    logs: pulumi.Input[str],
    queue: pulumi.Input[str],
    sent: pulumi.Input[str],
    topic: pulumi.Input[str] | None,
) -> pulumi.Output[str]:
    """Let the function read budgets and costs, mail from one address, remember what it sent, and say what failed."""
    statements = [
        _allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(logs, ":*")),
        _allow("sqs:SendMessage", queue),
        _allow("budgets:ViewBudget", f"arn:aws:budgets::{account}:budget/*"),
        _allow("ce:GetCostAndUsage", "*"),
        # The identity may be the address or its domain, and may have a configuration set that is used without a word.
        _allow("ses:SendEmail", [f"arn:aws:ses:*:{account}:{kind}/*" for kind in ("identity", "configuration-set")])
        | {"Condition": {"StringEquals": {"ses:FromAddress": sender}}},
        _allow(["dynamodb:PutItem", "dynamodb:UpdateItem"], sent),
    ]
    if topic is not None:
        statements += [
            _allow("sns:Publish", topic),
            # Where the topic is encrypted; which key it has, its ARN does not say.
            _allow(["kms:Decrypt", "kms:GenerateDataKey"], f"arn:aws:kms:*:{account}:key/*")
            | {"Condition": {"StringLike": {"kms:ViaService": "sns.*.amazonaws.com"}}},
        ]
    return _policy(statements)


def invoke_policy(function: pulumi.Input[str], queue: pulumi.Input[str]) -> pulumi.Output[str]:
    """Let the schedule call the function, and keep what it could not deliver."""
    return _policy([_allow("lambda:InvokeFunction", function), _allow("sqs:SendMessage", queue)])


def _allow(actions: Any, resources: Any) -> Plain:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _policy(statements: Iterable[Plain]) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})
