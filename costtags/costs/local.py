"""Bills in files -> a DuckDB view of their lines, in the columns and types that Athena has them; queries on them.

Parquet and CSV (plain, .gz, .zip), single files or folders as AWS lays them out.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costtags.costs.bill import bill_sql, quoted, to_duckdb
from costtags.costs.columns import MAPS, is_read, typed
from costtags.costs.files import BillError, Csv, Files, bill_files
from costtags.costs.layout import Layout, WrongLayout, named_as_athena, recognise

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
        year, number = map(int, self.month.split("-"))
        after = date(year + number // 12, number % 12 + 1, 1)
        return (after - self.last_day).days <= 1


@dataclass(frozen=True)
class _Part:
    """Files that are read by one SELECT: it gives Athena's names and types."""

    sql: str
    layout: Layout
    example: Path


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
        with _explained():
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
        with _explained():
            connection = duckdb.connect(config=settings | ({"threads": threads} if threads else {}))
        with connection:
            with _explained():
                connection.execute("SET TimeZone = 'UTC'")
            yield _opened(connection, files)


def _opened(connection: "duckdb.DuckDBPyConnection", files: Files) -> LocalBill:
    parts: list[_Part] = []
    problems: list[str] = []
    notes = list(files.notes)
    for make in (lambda: _parquet(connection, files.parquet), *(_csv_maker(group) for group in files.csv)):
        try:
            made = make()
        except (WrongLayout, BillError) as error:
            problems.append(str(error))
            continue
        if made is not None:
            part, part_notes = made
            parts.append(part)
            notes += part_notes
    if problems:
        raise BillError("\n".join(problems))
    kinds = {(part.layout.name, part.layout.json_tags): part for part in reversed(parts)}
    if len(kinds) > 1:
        listed = "; ".join(f"{part.example}: {part.layout.name}" for part in kinds.values())
        raise BillError(
            f"the files are of several kinds, which would count the same costs twice: {listed}. Name one kind"
        )
    columns = frozenset[str]().union(*(part.layout.columns for part in parts))
    with _explained():
        connection.execute(f"CREATE VIEW {_VIEW} AS {' UNION ALL BY NAME '.join(part.sql for part in parts)}")
    if not any(part.layout.has_tags for part in parts):
        notes.append("no line has a tag: no cost allocation tag was active, or the export leaves resource_tags out")
    return LocalBill(connection, Layout(parts[0].layout.name, columns, parts[0].layout.json_tags), notes)


def _parquet(connection: "duckdb.DuckDBPyConnection", files: Sequence[Path]) -> tuple[_Part, list[str]] | None:
    if not files:
        return None
    source = f"read_parquet({_listed(files)}, union_by_name = true, hive_partitioning = false)"
    with _explained():
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    types = {name: kind for name, kind, *_ in described}
    maps = {name for name in MAPS if name in types}
    as_text = {name for name in maps if types[name] == "VARCHAR"}
    layout = _recognised(types, files[0], json_tags=bool(as_text))
    if as_text and as_text != maps:
        raise BillError(f"{files[0]}: one of resource_tags and tags is a map and one is text; export it anew")
    try:
        selected = [
            f"{typed(name, _identifier(name), types[name])} AS {_identifier(name)}" for name in types if is_read(name)
        ]
    except BillError as error:
        raise BillError(f"{files[0]}: {error}") from None
    return _Part(f"SELECT {', '.join(selected)} FROM {source}", layout, files[0]), []


def _csv_maker(group: Csv) -> Any:
    return lambda: _csv(group)


def _csv(group: Csv) -> tuple[_Part, list[str]]:
    names = named_as_athena(group.header)
    layout = _recognised(names, group.files[0], json_tags=True)
    position = {column: f"c{index}" for index, column in enumerate(group.header)}
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(group.header)))
    source = (
        f"read_csv({_listed(group.files)}, auto_detect = false, header = false, skip = {group.skip}, delim = ',', "
        f"quote = '\"', escape = '\"', nullstr = '', columns = {{{columns}}})"
    )
    selected = []
    notes = []
    for name, raw in names.items():
        if not is_read(name):
            continue
        found = [position[column] for column in raw]
        value = found[0] if len(found) == 1 else f"COALESCE({', '.join(found)})"
        selected.append(f"{typed(name, value, 'VARCHAR')} AS {_identifier(name)}")
        if len(raw) > 1:
            notes.append(f"the columns {', '.join(raw)} are one to AWS ({name}): of each line, the first value counts")
    return _Part(f"SELECT {', '.join(selected)} FROM {source}", layout, group.files[0]), notes


def _recognised(columns: Iterable[str], example: Path, *, json_tags: bool) -> Layout:
    try:
        return recognise(columns, json_tags=json_tags)
    except WrongLayout as error:
        raise BillError(f"{example}: {error}") from None


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(files: Sequence[Path]) -> str:
    return "[" + ", ".join(quoted(_literal(str(file))) for file in files) + "]"


def _literal(path: str) -> str:
    """A path that DuckDB does not take for a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn DuckDB's errors about files, memory and values into ours."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.OutOfMemoryException:
        raise BillError("there is not enough memory for this; allow more, or name fewer files") from None
    except (
        duckdb.IOException,
        duckdb.InvalidInputException,
        duckdb.ConversionException,
        duckdb.HTTPException,
    ) as error:
        raise BillError(_in_words(str(error))) from None


def _in_words(message: str) -> str:
    """Keep of DuckDB's message what says where and what; its advice is about options that no one has here."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    told = " ".join([line for line in lines if not line.startswith(("LINE", "^", "Possible", "*", "SELECT"))][:4])
    if "No space left" in told:
        return f"the disk is full ({tempfile.gettempdir()} takes what does not fit in memory): set TMPDIR to another"
    return f"the bill cannot be read to its end: {told}; download it again"
