"""The bill as data: CUR 2.0 in a bucket, as a table in Athena, with a workgroup that limits what a query may cost."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import athena, bcmdata, glue, s3

from costtags.components import cost_policies as policies
from costtags.components.arguments import check_arguments, users_line
from costtags.components.context import Tags, context, stack_tags
from costtags.components.cost_bucket import private_bucket
from costtags.components.cost_table import COLUMNS, statement, table_configurations, table_inputs
from costtags.components.tags import overlay
from costtags.costs.layout import WrongLayout, recognise
from costtags.suggest import nearest
from costtags.yamlfile import quoted

TOKEN = "costtags:index:CostExport"

_KEEP_DAYS, _RESULTS_DAYS, _SCAN_LIMIT_GB = 1200, 30, 100
_PREFIX, _TABLE = "cur2", "cost_and_usage"
_GRANULARITIES = ("DAILY", "HOURLY")
_GB = 2**30
_LONGEST_QUERY = 262_144

# What a plain text must look like: an output is not known yet.
_FORMS = {
    "account_id": (r"\d{12}", "the twelve digits of an account"),
    "bucket_name": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "3 to 63 lower case letters, digits, dots and hyphens"),
    "prefix": (r"[0-9A-Za-z!_.*'()-]+(/[0-9A-Za-z!_.*'()-]+)*", "a path without a slash at its ends"),
    "database": (r"[a-z0-9_]{1,255}", "lower case letters, digits and underscores"),
    "table": (r"[a-z0-9_]{1,255}", "lower case letters, digits and underscores"),
    "kms_key_arn": (r"arn:aws[a-z-]*:kms:[^:]*:[^:]*:key/.+", "the ARN of a KMS key"),
    "granularity": ("|".join(_GRANULARITIES), " or ".join(_GRANULARITIES)),
}
_NUMBERS = {"keep_days": (90, 36_500), "results_days": (1, 3_650), "scan_limit_gb": (1, 1_000_000)}


class CostExportArgs(TypedDict):
    """What is exported, where it lies and how long."""

    account_id: str
    """The account's id, twelve digits: the management account's for the bill of the whole organization."""
    granularity: NotRequired[str]
    """DAILY, unless HOURLY is given: about 24 times as many lines for what runs all day."""
    bucket_name: NotRequired[str]
    """The bucket's name; one is made up unless given."""
    prefix: NotRequired[str]
    """Where in the bucket the export lies: cur2 unless given."""
    keep_days: NotRequired[int]
    """How long a month's files are kept after AWS last wrote them: 1,200 days unless given, at least 90."""
    results_days: NotRequired[int]
    """How long results of queries are kept: 30 days unless given."""
    kms_key_arn: NotRequired[pulumi.Input[str]]
    """A key for both buckets, in place of S3's own; bcm-data-exports.amazonaws.com must be let use it."""
    database: NotRequired[str]
    """The name of the database in Glue's catalog; the component's name in lower case unless given."""
    table: NotRequired[str]
    """The name of the table: cost_and_usage unless given."""
    scan_limit_gb: NotRequired[int]
    """How much a query may scan before Athena stops it: 100 GB unless given, which is about $0.50."""
    queries: NotRequired[Mapping[str, str]]
    """Queries to save in the workgroup, name -> SQL: those of `costtags query` unless others, or none, are given."""
    without_columns: NotRequired[Sequence[str]]
    """Columns of CUR 2.0 to leave out, where AWS says that they are no columns of the account's table."""
    region: NotRequired[pulumi.Input[str]]
    """The region of all but the export itself, where it is not the provider's, which must be us-east-1."""
    tags: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """The tags of all that is created, over those of the stack."""


class CostExport(pulumi.ComponentResource):
    """The account's cost and usage, line by line with resource ids, exported by AWS and ready for Athena.

    Creates:
        - aws.bcmdata.Export "NAME": all columns of CUR 2.0 as Parquet; AWS rewrites the running month's files up to
          three times a day, and the month before until its bill is final
        - aws.s3.Bucket "NAME" for it, and "NAME-results" for what Athena finds: encrypted, not public, reached by TLS
          only, their objects expire; Data Exports of this account alone may write
        - aws.glue.CatalogDatabase and CatalogTable: a partition for each month, found by its name, with no crawler
        - aws.athena.Workgroup whose settings a query cannot change: encrypted results, a limit of what it scans
        - aws.athena.NamedQuery, "NAME-QUERY" for each of ``queries``: what `costtags query` asks, for the console

    All that can carry tags carries the stack's. AWS takes exports in us-east-1 only: run the stack there, or give the
    component a provider of us-east-1 and ``region`` for the rest. The first files come within 24 hours. A bucket that
    is not empty is not deleted with the stack: empty it first.
    """

    bucket: pulumi.Output[str]
    """The bucket of the export."""
    results_bucket: pulumi.Output[str]
    """The bucket of Athena's results."""
    database: pulumi.Output[str]
    """The database's name."""
    table: pulumi.Output[str]
    """The table's name."""
    workgroup: pulumi.Output[str]
    """The workgroup's name, for `costtags query --athena`."""
    export_arn: pulumi.Output[str]
    """The export's ARN."""

    def __init__(self, name: str, args: CostExportArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_arguments(TOKEN, name, args=(args, CostExportArgs))
        given: dict[str, Any] = {key: value for key, value in args.items() if value is not None}
        if said := list(_problems(given)):
            title = f'{users_line()}{TOKEN.rsplit(":", 1)[1]} "{name}" cannot be made:'
            raise pulumi.RunError("\n  ".join([title, *said]))
        super().__init__(TOKEN, name, {"account_id": given["account_id"]}, opts)

        tags = overlay(stack_tags(), given.get("tags"))
        self._place = {"region": given["region"]} if "region" in given else {}
        account = given["account_id"]
        columns = {key: type_ for key, type_ in COLUMNS.items() if key not in given.get("without_columns", ())}
        common: Any = {"tags": tags, "kms_key_arn": given.get("kms_key_arn"), "place": self._place}
        data, ready = private_bucket(
            self,
            name,
            days=given.get("keep_days", _KEEP_DAYS),
            policy=lambda arn: policies.bucket_policy(arn, [policies.deliver_export(account, arn)]),
            bucket_name=given.get("bucket_name"),
            **common,
        )
        results, _ = private_bucket(
            self,
            f"{name}-results",
            days=given.get("results_days", _RESULTS_DAYS),
            policy=policies.bucket_policy,
            bucket_name=None,
            **common,
        )
        export, folder = self._make_export(name, given, tags, columns, data, ready)
        made = self._make_table(name, given, tags, columns, pulumi.Output.concat("s3://", data.bucket, folder))
        workgroup = self._make_workgroup(name, given, tags, results, made)
        self.bucket, self.results_bucket = data.bucket, results.bucket
        self.database, self.table = made.database_name, made.name
        self.workgroup, self.export_arn = workgroup.name, export.arn
        outputs = ("bucket", "results_bucket", "database", "table", "workgroup", "export_arn")
        self.register_outputs({key: getattr(self, key) for key in outputs})

    def _make_export(
        self,
        name: str,
        given: Mapping[str, Any],
        tags: Tags,
        columns: Mapping[str, str],
        bucket: s3.Bucket,
        ready: s3.BucketPolicy,
    ) -> tuple[bcmdata.Export, str]:
        """Make the export; return it and the folder in the bucket above those of the months."""
        prefix, export_name = given.get("prefix", _PREFIX), re.sub("[^0-9A-Za-z_.-]", "-", name)
        export = bcmdata.Export(
            name,
            export={
                "name": export_name,
                "description": "Cost and usage with resource ids, for costtags",
                "data_queries": [
                    {
                        "query_statement": statement(columns),
                        "table_configurations": table_configurations(
                            given.get("granularity", "DAILY"), given["account_id"]
                        ),
                    }
                ],
                "destination_configurations": [
                    {
                        "s3_destinations": [
                            {
                                "s3_bucket": bucket.bucket,
                                "s3_prefix": prefix,
                                "s3_region": bucket.region,
                                "s3_output_configurations": [
                                    {
                                        "format": "PARQUET",
                                        "compression": "PARQUET",
                                        "output_type": "CUSTOM",
                                        "overwrite": "OVERWRITE_REPORT",
                                    }
                                ],
                            }
                        ]
                    }
                ],
                "refresh_cadences": [{"frequency": "SYNCHRONOUS"}],
            },
            tags=tags,
            # AWS tries at once whether it may write.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[ready]),
        )
        return export, f"/{prefix}/{export_name}/data"

    def _make_table(
        self,
        name: str,
        given: Mapping[str, Any],
        tags: Tags,
        columns: Mapping[str, str],
        location: pulumi.Output[str],
    ) -> glue.CatalogTable:
        child = pulumi.ResourceOptions(parent=self)
        database = glue.CatalogDatabase(
            name,
            name=_database(name, given),
            description="Cost and usage, by costtags",
            tags=tags,
            opts=child,
            **self._place,
        )
        return glue.CatalogTable(
            name,
            name=given.get("table", _TABLE),
            database_name=database.name,
            description="CUR 2.0, a partition for each billing period",
            **table_inputs(columns, location),
            opts=child,
            **self._place,
        )

    def _make_workgroup(
        self, name: str, given: Mapping[str, Any], tags: Tags, results: s3.Bucket, table: glue.CatalogTable
    ) -> athena.Workgroup:
        child = pulumi.ResourceOptions(parent=self)
        key = given.get("kms_key_arn")
        encryption = (
            {"encryption_option": "SSE_S3"} if key is None else {"encryption_option": "SSE_KMS", "kms_key_arn": key}
        )
        configuration: Any = {
            "enforce_workgroup_configuration": True,
            "publish_cloudwatch_metrics_enabled": True,
            "bytes_scanned_cutoff_per_query": given.get("scan_limit_gb", _SCAN_LIMIT_GB) * _GB,
            "result_configuration": {
                "output_location": pulumi.Output.concat("s3://", results.bucket, "/"),
                "expected_bucket_owner": given["account_id"],
                "encryption_configuration": encryption,
            },
        }
        workgroup = athena.Workgroup(
            name,
            description="Questions about costs",
            configuration=configuration,
            # What it holds is the history of queries; without this a workgroup that was used could not be deleted.
            force_destroy=True,
            tags=tags,
            opts=child,
            **self._place,
        )
        for query, sql in _queries(name, given).items():
            athena.NamedQuery(
                f"{name}-{query}",
                name=query,
                description="By costtags",
                database=table.database_name,
                query=sql,
                workgroup=workgroup.name,
                opts=child,
                **self._place,
            )
        return workgroup


def _database(name: str, given: Mapping[str, Any]) -> str:
    return str(given.get("database", re.sub("[^a-z0-9_]", "_", name.lower())))


def _queries(name: str, given: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the queries to save: those given, else those that costtags asks of this schema's tags."""
    from costtags.costs.named import named_queries

    if "queries" in given:
        return dict(given["queries"])
    return named_queries(context().schema, _database(name, given), given.get("table", _TABLE))


def _problems(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield all that is wrong with the arguments."""
    for key, (pattern, what) in _FORMS.items():
        value = given.get(key)
        if value is not None and not isinstance(value, pulumi.Output) and not re.fullmatch(pattern, str(value)):
            yield f'"{key}" must be {what}, not {quoted(str(value))}'
    for key, (least, most) in _NUMBERS.items():
        value = given.get(key, least)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            yield f'"{key}" must be a whole number from {least:,} to {most:,}'
    queries = given.get("queries", {})
    if not isinstance(queries, Mapping):
        yield '"queries" must be a map, {"NAME": "SELECT ..."}'
    else:
        for query, sql in queries.items():
            if not 1 <= len(query) <= 128:
                yield f'{quoted(query)} of "queries" must have 1 to 128 characters'
            if not isinstance(sql, str) or not 1 <= len(sql) <= _LONGEST_QUERY:
                yield f'{quoted(query)} of "queries" must be SQL of at most {_LONGEST_QUERY:,} characters'
    unwanted = given.get("without_columns", ())
    if not isinstance(unwanted, list | tuple):
        yield '"without_columns" must be a list'
        return
    for column in unwanted:
        if column not in COLUMNS:
            near = nearest(str(column), COLUMNS)
            hint = f'; did you mean "{near}"?' if near else ""
            yield f'{quoted(str(column))} of "without_columns" is no column of CUR 2.0{hint}'
    try:
        recognise(column for column in COLUMNS if column not in unwanted)
    except WrongLayout as error:
        yield f'"without_columns": {error}'
