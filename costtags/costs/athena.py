"""SQL -> rows, by Amazon Athena: start a query, wait for it, read its pages; and what it costs."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS

# The list price of most regions; some cost more: https://aws.amazon.com/athena/pricing/
USD_PER_TB = Decimal(5)
_MB, _TB = 2**20, 2**40
_LEAST_MB = 10

_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0  # seconds between two questions whether it is done
_LONGEST_NAME = 255

Row = tuple[str | None, ...]


class QueryFailed(Exception):
    """A query did not give its rows; the message is for the user."""


@dataclass(frozen=True)
class Column:
    """A column of a result, with its type in Athena's words: varchar, bigint, decimal, timestamp ..."""

    name: str
    type: str


@dataclass(frozen=True)
class Execution:
    """A query that has succeeded, and the bytes that it has scanned."""

    query_id: str
    scanned_bytes: int
    statement: str
    """DML, DDL or UTILITY."""


@dataclass(frozen=True)
class Result:
    """All rows of a query. Athena writes every value as text; None is NULL."""

    columns: tuple[Column, ...]
    rows: list[Row]
    scanned_bytes: int
    query_id: str


def run(
    client: Any,
    sql: str,
    *,
    workgroup: str,
    database: str | None = None,
    parameters: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Result:
    """Run a query to its end and return all its rows; what is interrupted is stopped, and scans no further.

    ``parameters`` stand for the ? of the query, as SQL literals: a text is to be given as ``literal`` writes it.
    Raises QueryFailed with Athena's reason, and AWS_ERRORS.
    """
    done = execute(client, sql, workgroup=workgroup, database=database, parameters=parameters, progress=progress)
    columns: tuple[Column, ...] = ()
    rows: list[Row] = []
    for found, page in pages(client, done):
        columns = found
        rows += page
        progress(f"{len(rows):,} rows")
    return Result(columns, rows, done.scanned_bytes, done.query_id)


def execute(
    client: Any,
    sql: str,
    *,
    workgroup: str,
    database: str | None = None,
    parameters: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Execution:
    """Run a query until its rows can be read, with ``pages``. Raises as ``run``."""
    context = {"QueryExecutionContext": {"Database": database}} if database else {}
    given = {"ExecutionParameters": list(parameters)} if parameters else {}
    query_id = str(
        client.start_query_execution(QueryString=sql, WorkGroup=workgroup, **context, **given)["QueryExecutionId"]
    )
    try:
        return _awaited(client, query_id, progress)
    except QueryFailed:
        raise
    except BaseException as error:  # Ctrl-C above all
        if why := _not_stopped(client, query_id):
            raise QueryFailed(f"query {query_id} of Athena may go on, and cost: {why}") from error
        raise


def _awaited(client: Any, query_id: str, progress: Callable[[str], None]) -> Execution:
    wait, started = _FIRST_WAIT, time.monotonic()
    while True:
        execution = client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        status, scanned = execution["Status"], _scanned(execution)
        if status["State"] == "SUCCEEDED":
            return Execution(query_id, scanned, str(execution.get("StatementType", "DML")))
        if status["State"] in ("FAILED", "CANCELLED"):
            raise QueryFailed(_explained(query_id, status, scanned))
        seconds = time.monotonic() - started
        progress(f"Athena: {status['State'].lower()} for {seconds:.0f} s, {size_text(scanned)} scanned")
        time.sleep(wait)
        wait = min(wait * 1.5, _LONGEST_WAIT)


def _scanned(execution: dict[str, Any]) -> int:
    return int(execution.get("Statistics", {}).get("DataScannedInBytes") or 0)


def _explained(query_id: str, status: dict[str, Any], scanned: int) -> str:
    reason = status.get("StateChangeReason") or status.get("AthenaError", {}).get("ErrorMessage") or "no reason given"
    what = "was cancelled" if status["State"] == "CANCELLED" else "failed"
    said = f"query {query_id} of Athena {what}: {' '.join(str(reason).split())}"
    return f"{said} ({size_text(scanned)} had been scanned)" if scanned else said


def _not_stopped(client: Any, query_id: str) -> str | None:
    """Stop a query; return why it could not be, and what to do."""
    try:
        client.stop_query_execution(QueryExecutionId=query_id)
    except AWS_ERRORS as error:
        return f"{clients.explained(error)}; aws athena stop-query-execution --query-execution-id {query_id}"
    return None


def pages(client: Any, execution: Execution) -> Iterator[tuple[tuple[Column, ...], list[Row]]]:
    """Yield the columns with the rows of each page, at most 1,000 in each: to read what memory should not hold."""
    token: dict[str, str] = {}
    first = True
    while first or token:
        answer = client.get_query_results(QueryExecutionId=execution.query_id, MaxResults=1000, **token)
        found = answer["ResultSet"]
        described = found.get("ResultSetMetadata", {}).get("ColumnInfo", [])
        columns = tuple(Column(str(one["Name"]), str(one["Type"])) for one in described)
        rows = [tuple(cell.get("VarCharValue") for cell in row.get("Data", [])) for row in found.get("Rows", [])]
        # The first row of a SELECT repeats the names; SHOW and DESCRIBE have no such row.
        header = tuple(str(one.get("Label") or one["Name"]) for one in described)
        if first and execution.statement == "DML" and rows and rows[0] in (header, tuple(one.name for one in columns)):
            del rows[0]
        yield columns, rows
        token = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
        first = False


def price(scanned_bytes: int, region: str) -> Decimal | None:
    """Return what a query costs by list price, in USD: 5 a TB, each MB begun, at least 10 MB.

    None for China, which has prices of its own. Provisioned capacity, S3 and discounts are not in it.
    """
    if region.startswith("cn-"):
        return None
    billed = max(-(-scanned_bytes // _MB), _LEAST_MB) * _MB
    return USD_PER_TB * billed / _TB


def cost_text(scanned_bytes: int, region: str) -> str:
    """Write what was scanned and its list price: "1.5 GB scanned, 0.0073 USD by the list price of most regions"."""
    cost = price(scanned_bytes, region)
    said = f"{size_text(scanned_bytes)} scanned"
    return said if cost is None else f"{said}, {cost:.4f} USD by the list price of most regions ({USD_PER_TB} USD/TB)"


def cost_text_of(scanned: Sequence[int], region: str) -> str:
    """Write what several statements have scanned and their list price; each is billed for itself."""
    costs = [price(one, region) for one in scanned]
    known = [cost for cost in costs if cost is not None]
    statements = "1 statement" if len(scanned) == 1 else f"{len(scanned)} statements"
    said = f"{statements}, {size_text(sum(scanned))} scanned"
    return f"{said}, {sum(known):.4f} USD by the list price of most regions ({USD_PER_TB} USD/TB)" if known else said


def size_text(size: int) -> str:
    """Write a number of bytes: 12 B, 3.4 MB; 1 MB is 1,048,576 bytes, as Athena counts."""
    number, units = float(size), ["B", "KB", "MB", "GB", "TB", "PB"]
    while number >= 1024 and len(units) > 1:
        number /= 1024
        del units[0]
    return f"{number:.0f} B" if units[0] == "B" else f"{number:.1f} {units[0]}"


def quoted(name: str) -> str:
    """Write the name of a column, table or database for a SELECT: a"b is "a""b". Raises ValueError for no name."""
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"{name!r} is no name of a table or column")
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def quoted_table(name: str) -> str:
    """Write DATABASE.TABLE or CATALOG.DATABASE.TABLE for a SELECT. Raises ValueError for another form."""
    parts = name.split(".")
    if not 2 <= len(parts) <= 3:
        raise ValueError(f'"{name}" is no DATABASE.TABLE')
    return ".".join(map(quoted, parts))


def literal(text: str) -> str:
    """Write a text for a SELECT: it's is 'it''s'."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
