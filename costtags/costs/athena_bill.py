"""A table of bills on Athena -> where a query is asked; what its statements have scanned."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS
from costtags.costs import athena
from costtags.costs.answer import Source
from costtags.costs.bill import Partition
from costtags.costs.layout import WrongLayout, recognise
from costtags.costs.local import Rows
from costtags.costs.query import QueryError

_CATALOG = "AwsDataCatalog"
# Columns of each layout whose type tells whether the table is one of AWS's own kind.
_TIMES = ("bill_billing_period_start_date", "line_item_usage_start_date")

# Type of Athena -> what a text of that type is in Python.
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "bigint": int,
    "integer": int,
    "double": float,
    "date": date.fromisoformat,
}


class AthenaBill:
    """A bill's table. ``scanned`` counts what its statements have read, one amount each: each is billed for itself."""

    def __init__(self, client: Any, workgroup: str, table: str, progress: Callable[[str], None]) -> None:
        """Raise QueryError where the table is not named DATABASE.TABLE."""
        try:
            self._quoted = athena.quoted_table(table)
        except ValueError as error:
            raise QueryError(f"--table: {error}") from None
        *catalog, self._database, self._table = table.split(".")
        self._catalog = catalog[0] if catalog else _CATALOG
        self._client = client
        self._workgroup = workgroup
        self._progress = progress
        self.scanned: list[int] = []

    def source(self) -> Source:
        """Look up the table's columns and partitions, which costs nothing. Raises QueryError."""
        try:
            found = self._client.get_table_metadata(
                CatalogName=self._catalog, DatabaseName=self._database, TableName=self._table, WorkGroup=self._workgroup
            )["TableMetadata"]
        except AWS_ERRORS as error:
            where = f"{self._database}.{self._table} in {self._client.meta.region_name}"
            raise QueryError(f"table {where}: {clients.explained(error)}") from error
        types = {str(one["Name"]).lower(): str(one.get("Type", "")).lower() for one in found.get("Columns", [])}
        keys = {str(one["Name"]).lower(): str(one.get("Type", "")).lower() for one in found.get("PartitionKeys", [])}
        try:
            layout = recognise([*types, *keys])
        except WrongLayout as error:
            raise QueryError(f"table {self._database}.{self._table}: {error}") from None
        wrong = [f"{name} is {types[name]}" for name in _TIMES if types.get(name, "timestamp") != "timestamp"]
        wrong += [f"{name} is {types[name]}" for name in ("resource_tags", "tags") if types.get(name) == "string"]
        if wrong:
            raise QueryError(
                f"table {self._database}.{self._table}: its columns are not as AWS's Parquet files have them "
                f"({'; '.join(wrong)}); make the table over a Parquet export, as CostExport does"
            )
        return Source(layout, self._quoted, self._run, _partition(keys))

    def _run(self, sql: str) -> Rows:
        result = athena.run(
            self._client, sql, workgroup=self._workgroup, database=self._database, progress=self._progress
        )
        self.scanned.append(result.scanned_bytes)
        makes = [_FROM_TEXT.get(column.type, str) for column in result.columns]
        rows = [
            tuple(None if cell is None else make(cell) for make, cell in zip(makes, row, strict=True))
            for row in result.rows
        ]
        return Rows(tuple(column.name for column in result.columns), rows)


def _partition(keys: dict[str, str]) -> Partition:
    """Return the partitions that hold months, where they are text; else each statement reads the whole table."""
    if keys.get("billing_period") in ("string", "varchar"):
        return "billing_period"
    if keys.get("year") in ("string", "varchar") and keys.get("month") in ("string", "varchar"):
        return "year", "month"
    return None
