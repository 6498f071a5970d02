"""Whether a cost and usage export tells what each resource cost."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from costtags.account.clients import AWS_ERRORS
from costtags.account.places import Access
from costtags.doctor.organization import organization, pages
from costtags.doctor.rows import CANNOT_TELL, OK, PROBLEM, Row, unknown
from costtags.doctor.wanted import Wanted

CHECK = "cost-exports"
# Both services have one region of each partition that they are in.
_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-northwest-1"}
NEW = "create one in the Billing console (Data Exports): CUR 2.0, resource ids included, with the column resource_tags"


def check(access: Access, wanted: Wanted) -> Iterator[Row]:  # noqa: ARG001 - as all checks are called
    """Yield for each export of cost and usage whether it has resources and their tags, and whether there is one."""
    region = _REGIONS.get(access.partition)
    if region is None:
        why = f"AWS lists no Data Exports in the partition {access.partition}"
        yield Row(CHECK, "cost exports", access.account, CANNOT_TELL, why, "look in the account that is billed")
        return
    rows: list[Row] = []
    for what, read, service in (("data exports", _exports, "bcm-data-exports"), ("legacy reports", _reports, "cur")):
        try:
            rows += read(access.client(access.account, service, region))
        except AWS_ERRORS as error:
            rows.append(unknown(error, CHECK, what, access.account))
    if any(row.status == OK for row in rows):
        # One is enough: what the others lack is nobody's loss.
        rows = [row if row.status != PROBLEM else Row(*_fields(row), OK, f"{row.why}; another has it") for row in rows]
    elif not rows:
        rows.append(_none(access))
    yield from rows


def _fields(row: Row) -> tuple[str, str, str]:
    return row.check, row.what, row.where


def _none(access: Access) -> Row:
    what = "cost exports"
    try:
        own = organization(access)
    except AWS_ERRORS as error:
        return unknown(error, CHECK, what, access.account)
    if own is not None and own.management != access.account:
        why = f"none in this account; the organization's may be in its management account, {own.management}"
        return Row(CHECK, what, access.account, CANNOT_TELL, why, "run it there: costtags doctor --only cost-exports")
    return Row(CHECK, what, access.account, PROBLEM, "none: what each resource cost is not on record", NEW)


def _exports(client: Any) -> list[Row]:
    rows = []
    for one in pages(client, "list_exports", "Exports"):
        arn = str(one["ExportArn"])
        try:
            answer = client.get_export(ExportArn=arn)
        except AWS_ERRORS as error:
            rows.append(unknown(error, CHECK, f"data export {one.get('ExportName')}", arn))
            continue
        row = export_row(answer.get("Export") or {}, answer.get("ExportStatus") or one.get("ExportStatus") or {}, arn)
        rows += [row] if row is not None else []
    return rows


def export_row(export: Mapping[str, Any], status: Mapping[str, Any], arn: str) -> Row | None:
    """Say how a data export stands; None for one of something else than cost and usage."""
    query = export.get("DataQuery") or {}
    statement = str(query.get("QueryStatement", ""))
    table = re.search(r"\bfrom\s+(\w+)", statement, re.IGNORECASE)
    name = table[1].upper() if table else ""
    what = f"data export {export.get('Name')}"
    if status.get("StatusCode") == "UNHEALTHY":
        why = f"AWS finds it unhealthy: {status.get('StatusReason', 'no reason given')}"
        return Row(CHECK, what, arn, PROBLEM, why, "open it in the Billing console (Data Exports)")
    columns = statement.lower()
    if name.startswith("FOCUS"):
        lacks = [column for column in ("ResourceId", "Tags") if not re.search(rf"\b{column.lower()}\b", columns)]
    elif name == "COST_AND_USAGE_REPORT":
        config = (query.get("TableConfigurations") or {}).get(name) or {}
        lacks = [] if str(config.get("INCLUDE_RESOURCES", "FALSE")).upper() == "TRUE" else ["INCLUDE_RESOURCES"]
        lacks += [] if "line_item_resource_id" in columns else ["the column line_item_resource_id"]
        lacks += [] if re.search(r"\b(resource_)?tags\b", columns) else ["the column resource_tags"]
    else:
        return None
    if "*" in columns:
        lacks = [one for one in lacks if "column" not in one and not name.startswith("FOCUS")]
    if lacks:
        return Row(CHECK, what, arn, PROBLEM, f"lacks {', '.join(lacks)}", NEW)
    return Row(CHECK, what, arn, OK, "has resource ids and tags")


def _reports(client: Any) -> list[Row]:
    return [report_row(one) for one in pages(client, "describe_report_definitions", "ReportDefinitions")]


def report_row(report: Mapping[str, Any]) -> Row:
    """Say how a legacy cost and usage report stands; it has the columns of active tags by itself."""
    what, where = f"cost and usage report {report.get('ReportName')}", f"s3://{report.get('S3Bucket')}"
    failed = str((report.get("ReportStatus") or {}).get("lastStatus", ""))
    if failed.startswith("ERROR"):
        return Row(CHECK, what, where, PROBLEM, f"AWS could not deliver it: {failed}", "correct the bucket's policy")
    if "RESOURCES" in report.get("AdditionalSchemaElements", []):
        return Row(CHECK, what, where, OK, "has resource ids and tags")
    return Row(CHECK, what, where, PROBLEM, "lacks resource ids", NEW)
