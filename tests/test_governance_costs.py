"""CostExport, CostDashboard and SpendDigest: each request that they lead to is one that AWS's own models take."""

import fnmatch
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws_native as aws_native
import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.runtime import rpc

from costtags.catalog import tag_property
from costtags.components import CostDashboard, CostExport, SpendDigest
from costtags.components import context as context_module
from costtags.components import cost_dashboard as dashboard_module
from costtags.components.cost_table import COLUMNS, FIRST_MONTH, table_inputs
from costtags.components.dashboard_definition import columns, data_set_sql, definition, written
from costtags.costs.layout import recognise
from costtags.costs.named import named_queries
from costtags.schema import load

from . import test_components
from .aws_requests import (
    BUCKET,
    BUCKET_POLICY,
    DATA_SET,
    EXPORTED,
    FUNCTION,
    ROLE_POLICY,
    SCHEDULE,
    STACK,
    TABLE,
    WORKGROUP,
    check_requests,
    dashboard_request,
    data_set_request,
    export_request,
    of,
    policies,
    policy,
    public_request,
    workgroup_request,
)
from .evaluator import Case, Evaluator
from .test_components import Recorder, Run, refused, run
from .test_governance_budgets import ACCOUNT, IAM, SCHEMA, TAGS

__all__ = ["refused", "run"]  # fixtures

REGION = f"us-east-1:{ACCOUNT}"
FINOPS = f"arn:aws:quicksight:us-east-1:{ACCOUNT}:group/default/finops"
VIEWERS = f"arn:aws:quicksight:us-east-1:{ACCOUNT}:group/default/leads"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"
TOPIC = f"arn:aws:sns:{REGION}:alerts"
EXPORT: Any = {"account_id": ACCOUNT}
BUILT: Any = {
    "database": "bill",
    "table": "cost_and_usage",
    "workgroup": "bill-wg",
    "bucket": "bill-data",
    "results_bucket": "bill-results",
}
DASHBOARD: Any = {"account_id": ACCOUNT, "owners": [FINOPS], **BUILT}
DIGEST: Any = {"account_id": ACCOUNT, "sender": "costs@example.com", "emails": ["finops@example.com"]}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL = {"aws:SourceAccount", "aws:SourceArn", "aws:SecureTransport"}

# What AWS makes of a resource's name: the ARN, in the form that its models check.
ARNS = {
    BUCKET: "s3:::{}",
    EXPORTED: f"bcm-data-exports:{REGION}:export/{{}}",
    "aws:iam/role:Role": f"iam::{ACCOUNT}:role/{{}}",
    "aws:quicksight/dataSource:DataSource": f"quicksight:{REGION}:datasource/{{}}",
    DATA_SET: f"quicksight:{REGION}:dataset/{{}}",
    "aws:sqs/queue:Queue": f"sqs:{REGION}:{{}}",
    FUNCTION: f"lambda:{REGION}:function:{{}}",
    "aws:cloudwatch/logGroup:LogGroup": f"logs:{REGION}:log-group:{{}}",
    "aws:dynamodb/table:Table": f"dynamodb:{REGION}:table/{{}}",
    SCHEDULE: f"scheduler:{REGION}:schedule/default/{{}}",
}


class Account(Recorder):
    """Answers as AWS does: with ARNs, names and ids of the right form."""

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        id_, state = super().new_resource(args)
        if pulumi.runtime.is_dry_run():
            return id_, state
        made = {
            "arn": f"arn:aws:{ARNS.get(args.typ, 'x:{}').format(args.name)}",
            "name": args.name,
            "bucket": args.name,
            "region": "us-east-1",
            "url": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{args.name}",
            "outputs": {"Arn": f"arn:aws:quicksight:{REGION}:dashboard/{args.name}"},
        }
        return id_, {**made, **args.inputs}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_components, "Recorder", Account)


Made = Callable[..., Account]


@pytest.fixture
def made(run: Run, tmp_path: Path) -> Made:
    """Makes a component under the SDK's mocks and returns what it registered."""

    def make(component: Any, args: Any, schema: str = SCHEMA, **options: Any) -> Any:
        (tmp_path / "tags.yaml").write_text(schema)
        context_module._load.cache_clear()
        recorder = run(lambda: component("x", args), **options)
        made = Account()
        made.custom = dict(recorder.custom)
        recorder.custom.clear()
        return made

    return make


@pytest.fixture
def said(refused: Callable[..., str], tmp_path: Path) -> Callable[..., list[str]]:
    """Makes a component that must be refused, and returns the lines of the message behind its title."""

    def make(component: Any, args: Any, schema: str = SCHEMA) -> list[str]:
        (tmp_path / "tags.yaml").write_text(schema)
        context_module._load.cache_clear()
        title, *lines = refused(lambda: component("x", args)).splitlines()
        assert title.endswith(f'{component.__name__} "x" cannot be made:')
        lines = [line.strip().replace(str(tmp_path), ".") for line in lines]
        # What the bill lacks costtags.costs says, in words of its own.
        return [re.sub('("without_columns": )a .*?(line_item_[a-z_]+).*', r"\1\2", line) for line in lines]

    return make


LACKS = '"without_columns": {}'
FULL_EXPORT = {
    **EXPORT,
    "granularity": "HOURLY",
    "bucket_name": "example-bill",
    "prefix": "exports/cur2",
    "keep_days": 400,
    "results_days": 7,
    "kms_key_arn": KEY,
    "database": "costs",
    "table": "cur",
    "scan_limit_gb": 5,
    "queries": {"spend by tag": "SELECT 1", "untagged": "SELECT 2"},
    "without_columns": ["tags"],
    "region": "eu-west-1",
}
FULL_DASHBOARD = {
    **DASHBOARD,
    "viewers": [VIEWERS],
    "keys": ["environment", "project"],
    "import_mode": "DIRECT_QUERY",
    "title": "ML & cost",
    "kms_key_arn": KEY,
    "without_columns": ["tags"],
    "region": "eu-west-1",
}
MOST_EMAILS = [f"{number}@example.com" for number in range(50)]
FULL_DIGEST = {
    **DIGEST,
    "emails": MOST_EMAILS,
    "frequency": "MONTHLY",
    "day": 28,
    "hour": 0,
    "timezone": "Europe/Berlin",
    "budgets": ["ml-*"],
    "topic_arn": TOPIC,
}
ALL_OPTIONAL = "version: 1\ntags:\n  team: {required: false}\n"
HOSTILE = (
    'version: 1\ntags:\n  "a:b/c d.é": {}\n  "a.b:c.d": {}\n  "it_x": {pattern: "=.*"}\n  "'
    + "k" * 128
    + '": {}\nbudgets: [{name: "=x", limit: {amount: 1}}]\n'
)
CASES = [
    (CostExport, EXPORT, SCHEMA),
    (CostExport, FULL_EXPORT, SCHEMA),
    (CostDashboard, DASHBOARD, SCHEMA),
    (CostDashboard, FULL_DASHBOARD, SCHEMA),
    (CostDashboard, DASHBOARD, ALL_OPTIONAL),
    (CostDashboard, DASHBOARD, HOSTILE),
    (SpendDigest, DIGEST, SCHEMA),
    (SpendDigest, FULL_DIGEST, SCHEMA),
    (SpendDigest, {**DIGEST, "frequency": "DAILY"}, HOSTILE),
]


@pytest.mark.parametrize(("component", "args", "schema"), CASES)
def test_aws_takes_every_request(made: Made, component: Any, args: Any, schema: str) -> None:
    """Every resource leads to requests that AWS's published models take: structure, enums, patterns, limits."""
    check_requests(made(component, args, schema))


@pytest.mark.parametrize(("component", "args", "schema"), CASES)
def test_everything_is_tagged(made: Made, component: Any, args: Any, schema: str) -> None:
    """All that can carry tags carries those of the stack, overlaid by the component's own."""
    stack = TAGS if schema == SCHEMA else {"cost-center": "ML-Research"}
    for more in ({}, {"project": "p"}):
        for key, inputs in made(component, {**args, "tags": more}, schema).custom.items():
            expected = {**stack, **more} if tag_property(key.split(" ", 1)[0]) else None
            assert inputs.get("tags") == expected, key


@pytest.mark.parametrize(("component", "args", "schema"), CASES)
def test_actions_and_condition_keys_exist(made: Made, component: Any, args: Any, schema: str) -> None:
    """Each action and condition key of each policy is one that AWS knows."""
    for where, document in policies(made(component, args, schema)):
        for statement in document["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            for action in actions:
                service, name = action.split(":")
                assert fnmatch.filter(IAM.actions.get_actions_for_service(service), name), (where, action)
            keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
            for key in keys - GLOBAL:
                assert IAM.conditions.condition_key_exists(key.split(":")[0], key), (where, key)


@pytest.mark.parametrize(
    ("component", "args"), [(CostExport, EXPORT), (CostDashboard, DASHBOARD), (SpendDigest, DIGEST)]
)
def test_secret_tags_stay_secret(made: Made, component: Any, args: Any) -> None:
    """A tag that is secret stays so on everything, also in a preview that knows nothing else."""

    def program(name: str, given: Any) -> None:
        component(name, {**given, "tags": {"project": pulumi.Output.secret("p")}})

    tagged = [one["tags"] for one in made(program, args, preview=True).custom.values() if "tags" in one]
    assert tagged
    assert all(rpc.is_rpc_secret(tags) for tags in tagged)
    assert {rpc.unwrap_rpc_secret(tags)["project"] for tags in tagged} == {"p"}


# --- CostExport


def test_the_export(made: Made) -> None:
    """It is CUR 2.0 with resource ids, day by day, in Parquet files that are written anew."""
    recorder = made(CostExport, EXPORT)
    (export,) = (export_request(inputs, "") for inputs in of(recorder, EXPORTED).values())
    query = export["Export"]["DataQuery"]
    assert query["TableConfigurations"] == {
        "COST_AND_USAGE_REPORT": {
            "BILLING_VIEW_ARN": f"arn:aws:billing::{ACCOUNT}:billingview/primary",
            "TIME_GRANULARITY": "DAILY",
            "INCLUDE_RESOURCES": "TRUE",
            "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
            "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
        }
    }
    start, end = "SELECT ", " FROM COST_AND_USAGE_REPORT"
    assert query["QueryStatement"].startswith(start)
    assert query["QueryStatement"].endswith(end)
    selected = query["QueryStatement"][len(start) : -len(end)].split(", ")
    assert selected == sorted(COLUMNS)
    assert {"resource_tags", "tags", "cost_category", "discount", "line_item_resource_id"} <= set(selected)
    destination = export["Export"]["DestinationConfigurations"]["S3Destination"]
    assert (destination["S3Bucket"], destination["S3Prefix"], destination["S3Region"]) == ("x", "cur2", "us-east-1")
    assert destination["S3OutputConfigurations"]["Overwrite"] == "OVERWRITE_REPORT"
    assert export["Export"]["RefreshCadence"] == {"Frequency": "SYNCHRONOUS"}
    hourly = export_request(of(made(CostExport, FULL_EXPORT), EXPORTED)["x"], "")["Export"]["DataQuery"]
    assert hourly["TableConfigurations"]["COST_AND_USAGE_REPORT"]["TIME_GRANULARITY"] == "HOURLY"
    assert ", tags" not in hourly["QueryStatement"]


def test_the_export_has_all_that_costtags_reads() -> None:
    """The columns are those that reports and queries need, net costs among them."""
    layout = recognise(COLUMNS)
    assert (layout.name, layout.has_net, layout.has("line_item_resource_id")) == ("CUR 2.0", True, True)


def test_where_the_table_looks(made: Made) -> None:
    """The table reads the folders that Data Exports writes: PREFIX/EXPORT/data/BILLING_PERIOD=YYYY-MM."""
    recorder = made(CostExport, FULL_EXPORT)
    table = of(recorder, TABLE)["x"]
    parameters = table["parameters"]
    assert (table["databaseName"], table["name"]) == ("costs", "cur")
    assert table["storageDescriptor"]["location"] == "s3://example-bill/exports/cur2/x/data/"
    assert parameters["storage.location.template"] == (
        "s3://example-bill/exports/cur2/x/data/BILLING_PERIOD=${billing_period}/"
    )
    assert {key.rsplit(".", 1)[1]: value for key, value in parameters.items() if "billing_period" in key} == {
        "type": "date",
        "format": "yyyy-MM",
        "range": f"{FIRST_MONTH},NOW",
        "interval": "1",
        "unit": "MONTHS",
    }
    assert [one["name"] for one in table["partitionKeys"]] == ["billing_period"]
    types = {one["name"]: one["type"] for one in table["storageDescriptor"]["columns"]}
    assert "tags" not in types
    assert types["resource_tags"] == "map<string,string>"
    assert types["discount"] == "map<string,double>"
    assert types["line_item_usage_start_date"] == "timestamp"
    assert types["line_item_unblended_cost"] == "double"


def test_who_reaches_the_buckets(made: Made) -> None:
    """Data Exports of this account write to the one bucket; nobody reaches either without TLS, nor from the public."""
    recorder = made(CostExport, EXPORT)
    tls = {
        "Sid": "RefuseWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }

    def both(name: str) -> list[str]:
        return [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]

    assert policy(recorder, BUCKET_POLICY, "x") == [
        {
            "Sid": "EnableAWSDataExportsToWriteToS3AndCheckPolicy",
            "Effect": "Allow",
            "Principal": {"Service": ["billingreports.amazonaws.com", "bcm-data-exports.amazonaws.com"]},
            "Action": ["s3:PutObject", "s3:GetBucketPolicy"],
            "Resource": both("x"),
            "Condition": {
                "StringLike": {
                    "aws:SourceAccount": ACCOUNT,
                    "aws:SourceArn": [
                        f"arn:aws:cur:us-east-1:{ACCOUNT}:definition/*",
                        f"arn:aws:bcm-data-exports:us-east-1:{ACCOUNT}:export/*",
                    ],
                }
            },
        },
        {**tls, "Resource": both("x")},
    ]
    assert policy(recorder, BUCKET_POLICY, "x-results") == [{**tls, "Resource": both("x-results")}]
    closed = of(recorder, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert set(closed) == set(of(recorder, BUCKET)) == {"x", "x-results"}
    for name, inputs in closed.items():
        assert set(public_request(inputs, name)["PublicAccessBlockConfiguration"].values()) == {True}


def test_encryption_and_expiry(made: Made) -> None:
    """Both buckets are encrypted, by S3's keys or the one given, and so are results; what is old expires."""
    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    plain, full = made(CostExport, EXPORT), made(CostExport, FULL_EXPORT)
    for recorder, algorithm in (
        (plain, {"sseAlgorithm": "AES256"}),
        (full, {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}),
    ):
        found = of(recorder, kind)
        assert [one["rules"][0]["applyServerSideEncryptionByDefault"] for one in found.values()] == [algorithm] * 2
    result = of(full, WORKGROUP)["x"]["configuration"]["resultConfiguration"]["encryptionConfiguration"]
    assert result == {"encryptionOption": "SSE_KMS", "kmsKeyArn": KEY}
    days = {
        name: one["rules"][0]["expiration"]["days"]
        for name, one in of(plain, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").items()
    }
    assert days == {"x": 1200, "x-results": 30}


def test_the_workgroup(made: Made) -> None:
    """A query cannot scan more than the limit, nor put its results elsewhere; saved queries are in the workgroup."""
    recorder = made(CostExport, FULL_EXPORT)
    asked = workgroup_request(of(recorder, WORKGROUP)["x"], "x")["Configuration"]
    assert asked["EnforceWorkGroupConfiguration"] is True
    assert asked["BytesScannedCutoffPerQuery"] == 5 * 2**30
    assert asked["ResultConfiguration"]["OutputLocation"] == "s3://x-results/"
    saved = of(recorder, "aws:athena/namedQuery:NamedQuery")
    assert {(one["name"], one["query"], one["database"], one["workgroup"]) for one in saved.values()} == {
        ("spend by tag", "SELECT 1", "costs", "x"),
        ("untagged", "SELECT 2", "costs", "x"),
    }


def test_the_queries_of_costtags_are_saved(made: Made, tmp_path: Path) -> None:
    """Unless others are given, the queries that `costtags query` knows are saved, over this table; none is one, too."""
    kind = "aws:athena/namedQuery:NamedQuery"
    saved = {one["name"]: one["query"] for one in of(made(CostExport, EXPORT), kind).values()}
    assert saved == named_queries(load(tmp_path / "tags.yaml"), "x", "cost_and_usage")
    assert "spend-by-tag" in saved
    assert of(made(CostExport, {**EXPORT, "queries": {}}), kind) == {}


def test_another_region(made: Made) -> None:
    """All but the export, which has one region, can stand in another one."""
    recorder = made(CostExport, FULL_EXPORT)
    assert {key: one.get("region") for key, one in recorder.custom.items() if one.get("region") != "eu-west-1"} == {
        f"{EXPORTED} x": None
    }


def test_a_dry_preview(made: Made) -> None:
    """In a preview, where the names of buckets are not known yet, everything is registered all the same."""
    recorder = made(CostExport, EXPORT, preview=True)
    assert len(recorder.custom) == len(made(CostExport, EXPORT).custom)


def test_wrong_arguments_of_the_export(said: Callable[..., list[str]]) -> None:
    """All that is wrong is said at once."""
    args = {
        "account_id": "1234",
        "granularity": "MONTHLY",
        "bucket_name": "Bill_Bucket",
        "prefix": "/cur/",
        "database": "my-db",
        "table": "T",
        "kms_key_arn": "alias/x",
        "keep_days": 30,
        "results_days": True,
        "scan_limit_gb": 0,
        "queries": {"": "SELECT 1", "long": "x" * 262_145},
        "without_columns": ["resource_tag", "line_item_unblended_cost"],
    }
    assert said(CostExport, args) == [
        '"account_id" must be the twelve digits of an account, not "1234"',
        '"bucket_name" must be 3 to 63 lower case letters, digits, dots and hyphens, not "Bill_Bucket"',
        '"prefix" must be a path without a slash at its ends, not "/cur/"',
        '"database" must be lower case letters, digits and underscores, not "my-db"',
        '"table" must be lower case letters, digits and underscores, not "T"',
        '"kms_key_arn" must be the ARN of a KMS key, not "alias/x"',
        '"granularity" must be DAILY or HOURLY, not "MONTHLY"',
        '"keep_days" must be a whole number from 90 to 36,500',
        '"results_days" must be a whole number from 1 to 3,650',
        '"scan_limit_gb" must be a whole number from 1 to 1,000,000',
        '"" of "queries" must have 1 to 128 characters',
        '"long" of "queries" must be SQL of at most 262,144 characters',
        '"resource_tag" of "without_columns" is no column of CUR 2.0; did you mean "resource_tags"?',
        LACKS.format("line_item_unblended_cost"),
    ]
    assert said(CostExport, {**EXPORT, "queries": ["SELECT 1"], "without_columns": "tags"}) == [
        '"queries" must be a map, {"NAME": "SELECT ..."}',
        '"without_columns" must be a list',
    ]


# --- CostDashboard


def visuals(inputs: Any) -> dict[str, list[tuple[str, str]]]:
    """Return the dashboard's sheets: the kind and the title of each picture."""
    body = dashboard_request(inputs, "")["Definition"]
    return {
        sheet["Name"]: [
            (kind, visual["Title"]["FormatText"]["PlainText"])
            for one in sheet["Visuals"]
            for kind, visual in one.items()
        ]
        for sheet in body["Sheets"]
    }


def test_the_pictures(made: Made) -> None:
    """Spend by each required tag and by usage; what lacks a tag over time, and how much does not."""
    (stack,) = of(made(CostDashboard, DASHBOARD), STACK).values()
    assert visuals(stack) == {
        "Spend": [
            ("BarChartVisual", "Spend by cost-center"),
            ("BarChartVisual", "Spend by environment"),
            ("BarChartVisual", "Spend by project"),
            ("BarChartVisual", "Spend by what it was used for"),
        ],
        "Attribution": [
            ("BarChartVisual", "Spend with and without every required tag"),
            ("LineChartVisual", "Coverage: the share of the spend that carries each required tag"),
        ],
    }
    body = dashboard_request(stack, "")["Definition"]
    assert body["CalculatedFields"][0] == {
        "DataSetIdentifier": "bill",
        "Name": "1. cost-center",
        "Expression": "sumIf({amortised}, {tag_cost_center} <> '(untagged)') / sum({amortised})",
    }
    assert "Left out: Savings Plans for machine learning" in json.dumps(body)


def test_every_column_of_the_dashboard_is_there(made: Made) -> None:
    """A picture shows columns of the data set or calculated fields; each picture has a place of its own."""
    for args, schema in (
        (DASHBOARD, SCHEMA),
        (FULL_DASHBOARD, SCHEMA),
        (DASHBOARD, ALL_OPTIONAL),
        (DASHBOARD, HOSTILE),
    ):
        recorder = made(CostDashboard, args, schema)
        (data_set,) = (data_set_request(one, "") for one in of(recorder, DATA_SET).values())
        (sql,) = data_set["PhysicalTableMap"].values()
        known = {one["Name"] for one in sql["CustomSql"]["Columns"]}
        body = dashboard_request(next(iter(of(recorder, STACK).values())), "")["Definition"]
        calculated = {one["Name"] for one in body["CalculatedFields"]}
        assert not known & calculated
        text = json.dumps(body["Sheets"])
        named = {part.split('"')[0] for part in text.replace("\\u", "\\\\u").split('"ColumnName": "')[1:]}
        assert {json.loads(f'"{one}"'.replace("\\\\u", "\\u")) for one in named} <= known | calculated
        for sheet in body["Sheets"]:
            elements = sheet["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]
            ids = [visual["VisualId"] for one in sheet["Visuals"] for visual in one.values()]
            assert [one["ElementId"] for one in elements] == ids
            places = {(one["ColumnIndex"], one["RowIndex"]) for one in elements}
            assert len(places) == len(set(ids)) == len(ids)


def test_cloudformation_knows_the_dashboard(made: Made) -> None:
    """The template's properties are those of CloudFormation's type, as Pulumi's Cloud Control provider has them."""
    (stack,) = of(made(CostDashboard, FULL_DASHBOARD), STACK).values()
    template = json.loads(stack["templateBody"])
    dashboard = template["Resources"]["Dashboard"]
    assert dashboard["Type"] == "AWS::QuickSight::Dashboard"
    names = {"".join(f"_{c.lower()}" if c.isupper() else c for c in key).lstrip("_") for key in dashboard["Properties"]}
    assert names <= set(aws_native.quicksight.DashboardArgs.__init__.__annotations__)
    assert template["Outputs"] == {"Arn": {"Value": {"Fn::GetAtt": ["Dashboard", "Arn"]}}}
    assert hasattr(aws_native.quicksight.Dashboard, "arn")


def test_who_sees_what(made: Made) -> None:
    """Owners may do with source, data and dashboard what they like; viewers look at the dashboard, and no more."""
    recorder = made(CostDashboard, FULL_DASHBOARD)
    found = dashboard_request(next(iter(of(recorder, STACK).values())), "")["Permissions"]
    assert [one["Principal"] for one in found] == [FINOPS, VIEWERS]
    assert found[1]["Actions"] == [
        "quicksight:DescribeDashboard",
        "quicksight:ListDashboardVersions",
        "quicksight:QueryDashboard",
    ]
    for type_ in (DATA_SET, "aws:quicksight/dataSource:DataSource"):
        (inputs,) = of(recorder, type_).values()
        assert [one["principal"] for one in inputs["permissions"]] == [FINOPS]
    known = {f"quicksight:{one}".lower() for one in IAM.actions.get_actions_for_service("quicksight")}
    granted = {one for given in found for one in given["Actions"]}
    for type_ in (DATA_SET, "aws:quicksight/dataSource:DataSource"):
        granted |= {one for inputs in of(recorder, type_).values() for one in inputs["permissions"][0]["actions"]}
    # QueryDashboard is granted within QuickSight only; its own documentation names it.
    assert {one.lower() for one in granted} - {"quicksight:querydashboard"} <= known


def test_what_quicksight_may_do(made: Made, evaluator: Evaluator) -> None:
    """An evaluator that this project did not write agrees: this workgroup, this table, these buckets, nothing else."""
    recorder = made(CostDashboard, DASHBOARD)
    (document,) = (json.loads(one["policy"]) for one in of(recorder, ROLE_POLICY).values())
    glue = f"arn:aws:glue:{REGION}"
    cases = {
        ("athena:StartQueryExecution", f"arn:aws:athena:{REGION}:workgroup/bill-wg"): True,
        ("athena:StartQueryExecution", f"arn:aws:athena:{REGION}:workgroup/primary"): False,
        ("athena:ListWorkGroups", "*"): True,
        ("glue:GetTable", f"{glue}:table/bill/cost_and_usage"): True,
        ("glue:GetTable", f"{glue}:table/hr/salaries"): False,
        ("glue:DeleteTable", f"{glue}:table/bill/cost_and_usage"): False,
        ("s3:GetObject", "arn:aws:s3:::bill-data/cur2/x/data/BILLING_PERIOD=2026-11/a.parquet"): True,
        ("s3:PutObject", "arn:aws:s3:::bill-data/cur2/x"): False,
        ("s3:PutObject", "arn:aws:s3:::bill-results/a.csv"): True,
        ("s3:DeleteObject", "arn:aws:s3:::bill-results/a.csv"): False,
        ("s3:GetObject", "arn:aws:s3:::other/a"): False,
    }
    decided = evaluator.decide([document], None, [Case(*one) for one in cases], f"arn:aws:iam::{ACCOUNT}:role/x")
    assert {case: one.allowed for case, one in zip(cases, decided, strict=True)} == cases


def test_spice_is_filled_every_day(made: Made) -> None:
    """Data in SPICE is filled every day; a direct query needs no schedule."""
    kind = "aws:quicksight/refreshSchedule:RefreshSchedule"
    assert list(of(made(CostDashboard, DASHBOARD), kind)) == ["x"]
    assert of(made(CostDashboard, FULL_DASHBOARD), kind) == {}


def test_names_differ_between_stacks(made: Made) -> None:
    """Ids in QuickSight are an account's: those of two projects and stacks differ."""
    recorder = made(CostDashboard, DASHBOARD, project="my project")
    (inputs,) = of(recorder, DATA_SET).values()
    assert inputs["dataSetId"] == "my-project-dev-x"


def test_many_tags() -> None:
    """Even with thirty tags a dashboard fits into what CloudFormation takes."""
    keys = [f"key-{number}" for number in range(30)]
    assert len(written(definition(keys, keys, "x" * 100))) < dashboard_module.MAX_TEMPLATE


def test_wrong_arguments_of_the_dashboard(said: Callable[..., list[str]]) -> None:
    """All that is wrong is said at once."""
    args = {
        **DASHBOARD,
        "account_id": "x",
        "owners": [FINOPS, "finops@example.com"],
        "viewers": [FINOPS],
        "import_mode": "spice",
        "keys": ["CostCenter", "nope"],
        "without_columns": ["line_item_usage_type"],
    }
    assert said(CostDashboard, args) == [
        '"account_id" must be the twelve digits of an account, not "x"',
        '"finops@example.com" of "owners" is no ARN of a user or group of QuickSight, such as '
        "arn:aws:quicksight:us-east-1:111122223333:group/default/finops",
        f'"{FINOPS}" is among "owners" and "viewers": owners see it anyway',
        '"import_mode" must be SPICE or DIRECT_QUERY',
        '"CostCenter" of "keys" is no tag of ./tags.yaml; did you mean "cost-center"?',
        '"nope" of "keys" is no tag of ./tags.yaml',
        LACKS.format("line_item_usage_type"),
    ]
    assert said(CostDashboard, {**DASHBOARD, "owners": []}) == [
        '"owners" names nobody: name users or groups of QuickSight'
    ]
    many = [f"{FINOPS}-{number}" for number in range(65)]
    assert said(CostDashboard, {**DASHBOARD, "owners": many, "viewers": "all"}) == ['"viewers" must be a list']
    assert said(CostDashboard, {**DASHBOARD, "owners": many}) == [
        '"owners" and "viewers" name more than 64, which is what QuickSight takes: name a group'
    ]
    keys = "".join(f"  key-{number}: {{}}\n" for number in range(45))
    (line,) = said(CostDashboard, DASHBOARD, f"version: 1\ntags:\n{keys}")
    assert line.startswith("45 keys make a dashboard of ")
    assert line.endswith(' characters, and CloudFormation takes 51,200: name fewer in "keys"')


BILL = [
    # month, product, type, usage type, cost, savings plan cost, resource_tags, tags
    ("0", "AmazonSageMaker", "Usage", "USE1-Train:ml.m5.large", 10.10, 0, {"user_cost_center": "ML-Sales"}, {}),
    ("0", "AmazonSageMaker", "Usage", "USE1-Host:ml.m5.large", 5.05, 0, {}, {"resourceTags/user:cost-center": "A"}),
    ("0", "AmazonSageMaker", "SavingsPlanCoveredUsage", "USE1-Host:x", 8, 6.5, {"user_cost_center": ""}, {}),
    ("0", "AmazonSageMaker", "SavingsPlanNegation", "USE1-Host:x", -8, 0, {}, {}),
    ("0", "AmazonSageMaker", "Tax", "", 3, 0, {}, {}),
    ("0", "AmazonS3", "Usage", "Bytes", 100, 0, {}, {}),
    ("20", "AmazonSageMaker", "Usage", "USE1-Train:ml.m5.large", 1000, 0, {}, {}),
]


@pytest.mark.parametrize("left_out", [(), ("tags",)])
def test_the_sql_of_the_data_set(left_out: tuple[str, ...]) -> None:
    """On a bill it gives what SageMaker cost, amortised, by the columns that the data set names: here on DuckDB."""
    duckdb = pytest.importorskip("duckdb")
    from costtags.costs.bill import to_duckdb

    duck = {
        "string": "VARCHAR",
        "map<string,string>": "MAP(VARCHAR, VARCHAR)",
        "map<string,double>": "MAP(VARCHAR, DOUBLE)",
    }
    types = {name: type_ for name, type_ in COLUMNS.items() if name not in left_out}
    database = duckdb.connect()
    database.execute('CREATE SCHEMA "db"')
    spelled = ", ".join(f"{name} {duck.get(type_, type_)}" for name, type_ in types.items())
    database.execute(f'CREATE TABLE "db"."bill" ({spelled}, billing_period VARCHAR)')
    first = date.today().replace(day=1)
    for age, product, kind, usage, cost, plan, resource_tags, tags in BILL:
        month = first.month - 1 - int(age)
        start = date(first.year + month // 12, month % 12 + 1, 1)
        row = {
            "bill_billing_period_start_date": str(start),
            "line_item_usage_start_date": str(start),
            "line_item_usage_account_id": ACCOUNT,
            "line_item_product_code": product,
            "line_item_line_item_type": kind,
            "line_item_usage_type": usage,
            "line_item_currency_code": "USD",
            "line_item_unblended_cost": cost,
            "savings_plan_savings_plan_effective_cost": plan,
            "resource_tags": resource_tags,
            "tags": tags,
            "billing_period": f"{start:%Y-%m}",
        }
        row = {key: value for key, value in row.items() if key not in left_out}
        places = ", ".join("?" for _ in row)
        database.execute(f'INSERT INTO "db"."bill" ({", ".join(row)}) VALUES ({places})', list(row.values()))
    sql = to_duckdb(data_set_sql(["cost-center"], ["cost-center", "project"], types, "db", "bill"))
    found = database.execute(sql)
    names = [one[0] for one in found.description]
    assert set(names) == set(columns(["cost-center", "project"]))
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    spent: dict[tuple[str, str], float] = {}
    for row in rows:
        key = (row["usage_group"], row["tag_cost_center"])
        spent[key] = round(spent.get(key, 0) + row["amortised"], 6)
    # Of S3, taxes and 20 months ago there is nothing.
    host = (
        {("Hosting", "A"): 5.05, ("Hosting", "(untagged)"): 6.5} if not left_out else {("Hosting", "(untagged)"): 11.55}
    )
    assert spent == {("Training", "ML-Sales"): 10.1, **host}
    assert {row["tagging"] for row in rows} == {"a required tag is missing"}
    assert {row["tag_project"] for row in rows} == {"(untagged)"}


# --- SpendDigest


def config_of(recorder: Account) -> Any:
    (function,) = of(recorder, FUNCTION).values()
    return json.loads(function["code"].assets["config.json"].text)


def test_the_digest_reads_its_configuration(made: Made) -> None:
    """Beside the function's source lies what it reads; budgets and tags are those of tags.yaml."""
    recorder = made(SpendDigest, {**DIGEST, "emails": ["a@example.com", "b@example.com", "a@example.com"]})
    assert config_of(recorder) == {
        "account": ACCOUNT,
        "sender": "costs@example.com",
        "emails": ["a@example.com", "b@example.com"],
        "budgets": ["all", "sales & more", "research", "org", "hours"],
        "keys": ["cost-center", "environment", "project"],
        "services": ["Amazon SageMaker"],
    }
    function = of(recorder, FUNCTION)["x"]
    assert function["memorySize"] == 256
    assert sorted(function["code"].assets) == ["config.json", "handler.py"]
    assert "def handler(" in Path(function["code"].assets["handler.py"].path).read_text()
    assert (function["handler"], function["environment"]) == ("handler.handler", {"variables": {"TABLE": "x"}})
    assert config_of(made(SpendDigest, {**DIGEST, "budgets": []}))["budgets"] == []
    assert config_of(made(SpendDigest, {**DIGEST, "budgets": ["ml-*", "x", "x"]}))["budgets"] == ["ml-*", "x"]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, "cron(0 7 ? * MON *)"),
        ({"weekday": "FRI", "hour": 16}, "cron(0 16 ? * FRI *)"),
        ({"frequency": "DAILY", "hour": 0}, "cron(0 0 * * ? *)"),
        ({"frequency": "MONTHLY"}, "cron(0 7 3 * ? *)"),
        ({"frequency": "MONTHLY", "day": 28}, "cron(0 7 28 * ? *)"),
    ],
)
def test_when_it_is_sent(made: Made, args: Any, expected: str) -> None:
    """Every day, on a day of the week, or on a day of the month."""
    (schedule,) = of(made(SpendDigest, {**DIGEST, **args}), SCHEDULE).values()
    assert schedule["scheduleExpression"] == expected
    assert json.loads(schedule["target"]["input"]) == {"scheduled": "<aws.scheduler.scheduled-time>"}
    assert schedule["target"]["deadLetterConfig"] == {"arn": f"arn:aws:sqs:{REGION}:x-dead-letters"}


def test_what_the_digest_may_do(made: Made, evaluator: Evaluator) -> None:
    """An evaluator that this project did not write agrees: it reads costs, mails from one address, and no more."""
    recorder = made(SpendDigest, FULL_DIGEST)
    document = json.loads(recorder.custom[f"{ROLE_POLICY} x"]["policy"])
    identity = f"arn:aws:ses:{REGION}:identity/example.com"
    cases = {
        ("budgets:ViewBudget", f"arn:aws:budgets::{ACCOUNT}:budget/ml-all", None): True,
        ("budgets:ModifyBudget", f"arn:aws:budgets::{ACCOUNT}:budget/ml-all", None): False,
        ("ses:SendEmail", identity, "costs@example.com"): True,
        ("ses:SendEmail", identity, "ceo@example.com"): False,
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:table/x", None): True,
        ("dynamodb:Scan", f"arn:aws:dynamodb:{REGION}:table/x", None): False,
        ("sns:Publish", TOPIC, None): True,
        ("sns:Publish", f"{TOPIC}-2", None): False,
        ("sqs:SendMessage", f"arn:aws:sqs:{REGION}:x-dead-letters", None): True,
    }
    asked = [Case(action, arn, {"ses:FromAddress": sender} if sender else {}) for action, arn, sender in cases]
    decided = evaluator.decide([document], None, asked, f"arn:aws:iam::{ACCOUNT}:role/x")
    assert {case: one.allowed for case, one in zip(cases, decided, strict=True)} == cases


def test_failures_are_told(made: Made) -> None:
    """What could not be sent goes to a queue, and to a topic where one is given."""
    kind = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    recorder = made(SpendDigest, FULL_DIGEST)
    assert of(recorder, kind)["x"]["destinationConfig"] == {"onFailure": {"destination": TOPIC}}
    assert of(recorder, FUNCTION)["x"]["deadLetterConfig"] == {"targetArn": f"arn:aws:sqs:{REGION}:x-dead-letters"}
    plain = made(SpendDigest, DIGEST)
    assert "destinationConfig" not in of(plain, kind)["x"]
    assert "sns:Publish" not in plain.custom[f"{ROLE_POLICY} x"]["policy"]


def test_the_schedule_alone_calls_it(made: Made) -> None:
    """Only schedules of this account get the role, which may call this function."""
    recorder = made(SpendDigest, DIGEST)
    (trust,) = json.loads(recorder.custom["aws:iam/role:Role x-schedule"]["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert policy(recorder, ROLE_POLICY, "x-schedule") == [
        {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"arn:aws:lambda:{REGION}:function:x"},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{REGION}:x-dead-letters"},
    ]


def test_wrong_arguments_of_the_digest(said: Callable[..., list[str]]) -> None:
    """All that is wrong is said at once."""
    args = {
        "account_id": "1",
        "sender": "costs",
        "emails": [*(f"{number}@example.com" for number in range(50)), "a@b", "x@example.com, y@example.com"],
        "frequency": "HOURLY",
        "weekday": "Monday",
        "day": 31,
        "hour": 24,
        "timezone": "Mars/Base",
        "services": [],
    }
    assert said(SpendDigest, args) == [
        '"account_id" must be the twelve digits of an account, not "1"',
        '"sender": "costs" is no e-mail address',
        '"emails" has 52 addresses; a mail goes to 50: name a mailing list',
        '"a@b" is no e-mail address',
        '"x@example.com, y@example.com" is no e-mail address',
        '"frequency" must be DAILY, WEEKLY, MONTHLY, not "HOURLY"',
        '"weekday" must be MON, TUE, WED, THU, FRI, SAT, SUN, not "Monday"',
        '"hour" must be a whole number from 0 to 23',
        '"day" must be a whole number from 1 to 28',
        '"timezone": "Mars/Base" is none, such as Europe/Berlin',
        '"services" names none',
    ]
    assert said(SpendDigest, {**DIGEST, "day": 3, "emails": []}) == [
        '"emails" names nobody',
        '"day" is for MONTHLY, and "frequency" is WEEKLY',
    ]
    assert said(SpendDigest, {**DIGEST, "emails": "a@example.com"}) == ['"emails" must be a list']
    assert said(SpendDigest, DIGEST, ALL_OPTIONAL) == [
        "there is nothing to tell: ./tags.yaml has no required tags, and no budgets are named"
    ]
    assert said(SpendDigest, {"frequncy": "DAILY"}) == [
        'unknown argument "frequncy"; did you mean "frequency"?',
        'argument "account_id" is missing',
        'argument "emails" is missing',
        'argument "sender" is missing',
    ]


# --- all


def test_outputs(made: Made) -> None:
    """What one component makes is what the other takes."""
    found: list[Any] = []

    def program(name: str, args: Any) -> None:
        bill = CostExport(name, args)
        board = CostDashboard(
            "board",
            {
                "account_id": ACCOUNT,
                "owners": [FINOPS],
                "database": bill.database,
                "table": bill.table,
                "workgroup": bill.workgroup,
                "bucket": bill.bucket,
                "results_bucket": bill.results_bucket,
            },
        )
        digest = SpendDigest("digest", DIGEST)
        outputs = (bill.export_arn, bill.database, bill.table, bill.workgroup, bill.bucket, bill.results_bucket)
        boards = (board.dashboard_arn, board.data_set_arn, board.role_arn)
        pulumi.Output.all(*outputs, *boards, digest.function_name, digest.schedule_arn).apply(found.append)

    recorder = made(program, EXPORT)
    assert found == [
        [
            f"arn:aws:bcm-data-exports:{REGION}:export/x",
            "x",
            "cost_and_usage",
            "x",
            "x",
            "x-results",
            f"arn:aws:quicksight:{REGION}:dashboard/board",
            f"arn:aws:quicksight:{REGION}:dataset/board",
            f"arn:aws:iam::{ACCOUNT}:role/board",
            "digest",
            f"arn:aws:scheduler:{REGION}:schedule/default/digest",
        ]
    ]
    (data_set,) = of(recorder, DATA_SET).values()
    assert '"x"."cost_and_usage"' in data_set["physicalTableMaps"][0]["customSql"]["sqlQuery"]


def test_the_table_of_an_unknown_bucket() -> None:
    """What the table is made of needs no bucket's name to be told."""
    assert set(table_inputs(COLUMNS, "s3://b/p")) == {
        "table_type",
        "parameters",
        "partition_keys",
        "storage_descriptor",
    }


def test_schema_for_other_languages() -> None:
    """Pulumi can infer the components' schema, and every argument in it is described."""
    found = Analyzer("costtags").analyze([CostExport, CostDashboard, SpendDigest])
    definitions = found["component_definitions"]
    assert set(definitions) == {"CostExport", "CostDashboard", "SpendDigest"}
    fields = [field for one in definitions.values() for field in one.inputs.values()]
    assert all(field.description for field in fields)
