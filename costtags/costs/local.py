"""Bills in files -> a DuckDB view of their lines, in the columns and types that Athena has them; queries on them.

Parquet and CSV (plain, .gz, .zip), single files or folders as AWS lays them out.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costtags.costs.bill import bill_sql, to_duckdb
from costtags.costs.choices import is_whole
from costtags.costs.faults import explained, interruptible
from costtags.costs.files import BillError, Files, bill_files
from costtags.costs.layout import Layout
from costtags.costs.parts import Part, csv_part, overlapping, parquet_part

if TYPE_CHECKING:
    import duckdb

MEMORY = "400MB"
_VIEW = "bill_lines"


@dataclass(frozen=True)
class Rows:
    """What a query gives: the names of its columns, and its rows with decimals, dates and texts as Python has them."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Month:
    """A month of a bill in one currency: the days that its lines are from, and how many lines there are."""

    month: str
    currency: str
    first_day: date
    last_day: date
    lines: int

    @property
    def complete(self) -> bool:
        """Say whether there are lines of the month's last day; a bill with one line a month cannot tell by itself."""
        return is_whole(self.month, self.last_day)


class LocalBill:
    """Bill files opened as one table. ``notes`` are what the reader of any number of it must know."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", layout: Layout, notes: Sequence[str]) -> None:
        self._connection = connection
        self.layout = layout
        self.notes = tuple(notes)
        self.source = _VIEW

    def bill(self, keys: Iterable[str], months: tuple[str, str] | None = None) -> str:
        """Return ``bill AS (...)`` over these files, in Athena's SQL: see ``bill_sql``."""
        return bill_sql(self.layout, self.source, keys, months=months)

    def query(self, sql: str) -> Rows:
        """Run a query written in Athena's SQL. Raises BillError where the files cannot be read to their end."""
        return self.run(to_duckdb(sql))

    def run(self, sql: str) -> Rows:
        """Run a query written in DuckDB's SQL."""
        with explained():
            result = self._connection.execute(sql)
            columns = tuple(column[0] for column in result.description or ())
            return Rows(columns, result.fetchall())

    @cached_property
    def months(self) -> tuple[Month, ...]:
        """The months and currencies of the bill, in their order."""
        rows = self.query(
            f"WITH {self.bill(())} SELECT billing_period, COALESCE(currency, ''), min(usage_date), max(usage_date), "
            "count(*) FROM bill WHERE billing_period IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return tuple(Month(*row) for row in rows.rows)

    def currency(self, wanted: str | None = None) -> str:
        """Return the one currency of the bill, or the one that is wanted of several. Raises BillError."""
        there = sorted({month.currency for month in self.months if month.currency})
        if wanted is not None:
            if wanted not in there:
                raise BillError(f"no line is in {wanted}; currencies of the bill: {', '.join(there) or 'none'}")
            return wanted
        if len(there) > 1:
            raise BillError(
                f"the bill has lines in several currencies ({', '.join(there)}), which cannot be added up: choose one"
            )
        if not there:
            raise BillError("the bill has no lines")
        return there[0]


@contextmanager
def open_bill(paths: Sequence[Path], *, memory: str = MEMORY, threads: int | None = None) -> Iterator[LocalBill]:
    """Open bill files and folders as one table, held in at most ``memory`` (the rest goes to temporary files).

    Raises BillError for what is not there, not whole, not a bill, or not of one layout; every such file is named.
    """
    try:
        import duckdb
    except ImportError:
        raise BillError("reading bills needs DuckDB: pip install 'costtags[reports]'") from None
    with tempfile.TemporaryDirectory(prefix="costtags-") as scratch:
        files = bill_files(paths, Path(scratch))
        settings: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": scratch,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with explained():
            connection = duckdb.connect(config=settings | ({"threads": threads} if threads else {}))
        with connection, interruptible():
            with explained():
                connection.execute("SET TimeZone = 'UTC'")
            yield _opened(connection, files)


def _opened(connection: "duckdb.DuckDBPyConnection", files: Files) -> LocalBill:
    parts: list[Part] = []
    problems: list[str] = []
    makers = [partial(csv_part, group) for group in files.csv]
    for make in [partial(parquet_part, connection, files.parquet), *makers] if files.parquet else makers:
        try:
            parts.append(make())
        except BillError as error:
            problems.append(str(error))
    if problems:
        raise BillError("\n".join(problems))
    kinds = {(part.layout.name, part.layout.json_tags): part for part in reversed(parts)}
    if len(kinds) > 1:
        listed = "; ".join(f"{part.example}: {part.layout.name}" for part in kinds.values())
        raise BillError(
            f"the files are of several kinds, which would count the same costs twice: {listed}. Name one kind"
        )
    notes = [*files.notes, *(note for part in parts for note in part.notes)]
    columns = frozenset[str]().union(*(part.layout.columns for part in parts))
    with explained():
        connection.execute(f"CREATE VIEW {_VIEW} AS {' UNION ALL BY NAME '.join(part.sql for part in parts)}")
    if not any(part.layout.has_tags for part in parts):
        notes.append("no line has a tag: no cost allocation tag was active, or the export leaves resource_tags out")
    notes += overlapping(connection, parts, files)
    return LocalBill(connection, Layout(parts[0].layout.name, columns, parts[0].layout.json_tags), notes)
