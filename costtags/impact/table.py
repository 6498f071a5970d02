"""A table of CloudTrail's logs in Athena -> calls: one query, limited to the days and actions that count.

The table as AWS documents it: https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS
from costtags.account.places import Unreachable
from costtags.costs import athena
from costtags.impact.events import SOURCE, Call, NoEvent, read

# Column of the result -> the expression, and its place in an event.
_COLUMNS = {
    "eventid": ("eventid", ("eventid",)),
    "eventtime": ("eventtime", ("eventtime",)),
    "eventsource": ("eventsource", ("eventsource",)),
    "eventname": ("eventname", ("eventname",)),
    "eventtype": ("eventtype", ("eventtype",)),
    "awsregion": ("awsregion", ("awsregion",)),
    "errorcode": ("errorcode", ("errorcode",)),
    "recipientaccountid": ("recipientaccountid", ("recipientaccountid",)),
    "requestparameters": ("requestparameters", ("requestparameters",)),
    "user_type": ("useridentity.type", ("useridentity", "type")),
    "user_arn": ("useridentity.arn", ("useridentity", "arn")),
    "user_account": ("useridentity.accountid", ("useridentity", "accountid")),
    "user_principal": ("useridentity.principalid", ("useridentity", "principalid")),
    "user_name": ("useridentity.username", ("useridentity", "username")),
    "invoked_by": ("useridentity.invokedby", ("useridentity", "invokedby")),
    "issuer": (
        "useridentity.sessioncontext.sessionissuer.arn",
        ("useridentity", "sessioncontext", "sessionissuer", "arn"),
    ),
}
_FORM = "%Y-%m-%dT%H:%M:%SZ"

Progress = Callable[[str], None]


def partitions(client: Any, table: str) -> tuple[list[str], str | None]:
    """Return the keys that a table is partitioned by, and why they are not known. Raises ValueError for its name."""
    athena.quoted_table(table)
    parts = table.split(".")
    catalog = parts[0] if len(parts) == 3 else "AwsDataCatalog"
    try:
        found = client.get_table_metadata(CatalogName=catalog, DatabaseName=parts[-2], TableName=parts[-1])
    except AWS_ERRORS as error:
        return [], clients.explained(error)
    return [str(key["Name"]).lower() for key in found["TableMetadata"].get("PartitionKeys", [])], None


def query(table: str, keys: Sequence[str], actions: Sequence[str], since: datetime, until: datetime) -> str:
    """Return the query for calls of these actions, within the days by the table's partitions where it has some.

    A log file holds what was delivered on a day, up to a day after the call.
    """
    columns = ",\n  ".join(f"{expression} AS {athena.quoted(name)}" for name, (expression, _) in _COLUMNS.items())
    names = ", ".join(map(athena.literal, actions))
    where = [
        f"eventsource = {athena.literal(SOURCE)}",
        f"eventname IN ({names})",
        f"eventtime >= {athena.literal(since.strftime(_FORM))}",
        f"eventtime < {athena.literal(until.strftime(_FORM))}",
        *_days(keys, since - timedelta(days=1), until + timedelta(days=1)),
    ]
    return f"SELECT\n  {columns}\nFROM {athena.quoted_table(table)}\nWHERE {f'{chr(10)}  AND '.join(where)}"


def _days(keys: Sequence[str], first: datetime, last: datetime) -> Iterator[str]:
    """Yield the condition on a table's partitions by day: of the projected form, or of year, month and day."""
    if "timestamp" in keys:
        form = "%Y/%m/%d"
        yield f'"timestamp" BETWEEN {athena.literal(first.strftime(form))} AND {athena.literal(last.strftime(form))}'
    elif {"year", "month", "day"} <= set(keys):
        two = (f"lpad(CAST({athena.quoted(key)} AS varchar), 2, '0')" for key in ("month", "day"))
        day = " || ".join(['CAST("year" AS varchar)', *two])
        yield f"{day} BETWEEN {athena.literal(first.strftime('%Y%m%d'))} AND {athena.literal(last.strftime('%Y%m%d'))}"


def limited(keys: Sequence[str]) -> bool:
    """Say whether a query reads only the days asked for."""
    return "timestamp" in keys or {"year", "month", "day"} <= set(keys)


def calls(client: Any, done: athena.Execution, unread: list[Unreachable], progress: Progress) -> Iterator[Call]:
    """Yield the calls in a query's result. Raises AWS_ERRORS."""
    number = 0
    for columns, page in athena.pages(client, done):
        for row in page:
            number += 1
            values = {column.name: value for column, value in zip(columns, row, strict=False)}
            try:
                call = read(_event(values))
            except NoEvent as error:
                unread.append(Unreachable(f"row {number} of query {done.query_id}", str(error)))
                continue
            if call is not None:
                yield call
        progress(f"{number:,} rows read")


def _event(values: Mapping[str, str | None]) -> dict[str, Any]:
    event: dict[str, Any] = {}
    for name, (_, path) in _COLUMNS.items():
        value = values.get(name)
        if value is None:
            continue
        inner = event
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
        inner[path[-1]] = value
    return event
