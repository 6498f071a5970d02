"""Bill files -> the SELECTs that read them, in the columns and types that Athena has them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from costtags.costs.bill import quoted
from costtags.costs.columns import MAPS, is_read, typed
from costtags.costs.faults import explained
from costtags.costs.files import BillError, Csv, Files
from costtags.costs.layout import MONTHLY, Layout, WrongLayout, named_as_athena, recognise
from costtags.costs.versions import export_of, overlaps

if TYPE_CHECKING:
    import duckdb

_CUR_WHOSE = ("line_item_usage_account_id", "bill_billing_period_start_date")
_MONTHLY_WHOSE = ("linked_account_id", "billing_period_start_date")


@dataclass(frozen=True)
class Part:
    """Files that are read by one SELECT: it gives Athena's names and types."""

    sql: str
    layout: Layout
    example: Path
    whose: str
    """SELECT the file, account and month of its lines, each once."""
    notes: tuple[str, ...] = ()


def overlapping(connection: "duckdb.DuckDBPyConnection", parts: Sequence[Part], files: Files) -> list[str]:
    """Say which files may hold the same lines; those of one export are not read for it."""
    read = [*files.parquet, *(files.origin[file] for group in files.csv for file in group.files)]
    if len({export_of(file) for file in read}) < 2:
        return []
    with explained():
        rows = connection.execute(" UNION ALL ".join(part.whose for part in parts)).fetchall()
    return overlaps([(files.origin.get(Path(name), Path(name)), account, month) for name, account, month in rows])


def _whose(layout: Layout, source: str, columns: Mapping[str, str]) -> str:
    """Return the text of ``Part.whose``; ``source`` has the column filename, ``columns`` are name -> its SQL."""
    account, month = _MONTHLY_WHOSE if layout.name == MONTHLY else _CUR_WHOSE
    return (
        f"SELECT DISTINCT filename, COALESCE({columns[account]}, ''), "
        f"COALESCE(strftime({columns[month]}, '%Y-%m'), '') FROM {source}"
    )


def parquet_part(connection: "duckdb.DuckDBPyConnection", files: Sequence[Path]) -> Part:
    """Return how Parquet files are read, all by one SELECT. Raises BillError where they are no bill."""
    source = f"read_parquet({_listed(files)}, union_by_name = true, hive_partitioning = false)"
    with explained():
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    types = {name: kind for name, kind, *_ in described}
    maps = {name for name in MAPS if name in types}
    as_text = {name for name in maps if types[name] == "VARCHAR"}
    layout = _recognised(types, files[0], json_tags=bool(as_text))
    if as_text and as_text != maps:
        raise BillError(f"{files[0]}: one of resource_tags and tags is a map and one is text; export it anew")
    try:
        columns = {name: typed(name, _identifier(name), types[name]) for name in types if is_read(name)}
    except BillError as error:
        raise BillError(f"{files[0]}: {error}") from None
    whose = _whose(layout, _with_names(source), columns)
    return Part(_selected(columns, source), layout, files[0], whose)


def _selected(columns: Mapping[str, str], source: str) -> str:
    return f"SELECT {', '.join(f'{sql} AS {_identifier(name)}' for name, sql in columns.items())} FROM {source}"


def _with_names(source: str) -> str:
    return source.removesuffix(")") + ", filename = true)"


def csv_part(group: Csv) -> Part:
    """Return how CSV files with one header are read. Raises BillError where they are no bill."""
    names = named_as_athena(group.header)
    layout = _recognised(names, group.files[0], json_tags=True)
    position = {column: f"c{index}" for index, column in enumerate(group.header)}
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(group.header)))
    source = (
        f"read_csv({_listed(group.files)}, auto_detect = false, header = false, skip = {group.skip}, delim = ',', "
        f"quote = '\"', escape = '\"', nullstr = '', columns = {{{columns}}})"
    )
    selected = {}
    notes = []
    for name, raw in names.items():
        if not is_read(name):
            continue
        found = [position[column] for column in raw]
        value = found[0] if len(found) == 1 else f"COALESCE({', '.join(found)})"
        selected[name] = typed(name, value, "VARCHAR")
        if len(raw) > 1:
            notes.append(f"the columns {', '.join(raw)} are one to AWS ({name}): of each line, the first value counts")
    whose = _whose(layout, _with_names(source), selected)
    return Part(_selected(selected, source), layout, group.files[0], whose, tuple(notes))


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
