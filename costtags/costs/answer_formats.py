"""An answer -> a table for the terminal, CSV, JSON, Parquet."""

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from costtags.costs.amounts import AMOUNT
from costtags.costs.answer import Answer
from costtags.costs.bill import quoted
from costtags.csvtext import inert
from costtags.gate.formats.as_text import printable

_SHARES = ("coverage",)
_TYPES = {Decimal: AMOUNT, int: "BIGINT", float: "DOUBLE", date: "DATE", str: "VARCHAR"}


def as_table(answer: Answer) -> str:
    """Write aligned columns; amounts to the cent, and a * after a month that is not whole."""
    rows = [[_shown(answer, name, cell) for name, cell in _cells(answer, row)] for row in answer.rows]
    lines = [list(answer.columns), *rows]
    right = [any(isinstance(row[at], Decimal | int | float) for row in answer.rows) for at in range(len(lines[0]))]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    written = []
    for line in lines:
        cells = [_padded(cell, width, to) for cell, width, to in zip(line, widths, right, strict=True)]
        written.append("  ".join(cells).rstrip())
    if not rows:
        written.append("(no rows)")
    return "\n".join(written) + "\n"


def _cells(answer: Answer, row: tuple[Any, ...]) -> zip:  # type: ignore[type-arg]
    return zip(answer.columns, row, strict=True)


def _shown(answer: Answer, column: str, cell: Any) -> str:
    if cell is None:
        return "-"
    if column in _SHARES:
        return f"{cell:.1%}"
    if isinstance(cell, Decimal):
        return f"{cell:,.2f}" if round(cell, 2) else "0.00"
    if column == "month" and cell in answer.partial_months:
        return f"{cell}*"
    return f"{cell:,}" if isinstance(cell, int) else printable(str(cell))


def _width(text: str) -> int:
    from rich.cells import cell_len  # some characters take two columns

    return cell_len(text)


def _padded(text: str, width: int, right: bool) -> str:
    room = " " * (width - _width(text))
    return room + text if right else text + room


def as_csv(answer: Answer) -> str:
    """Write a line a row; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(answer.columns)
    for row in answer.rows:
        writer.writerow([_csv_cell(cell) for cell in row])
    return out.getvalue()


def _csv_cell(cell: Any) -> str:
    text = _text(cell)
    return inert(text) if isinstance(cell, str) else text


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return amount_text(cell)
    return str(cell)


def amount_text(amount: Decimal) -> str:
    """Write an amount exactly, with two decimals at least and no more than it has: 12.50, 0.0000046."""
    whole, _, rest = f"{amount:f}".partition(".")
    text = f"{whole}.{rest.rstrip('0'):0<2}"
    return text.removeprefix("-") if not amount else text


def as_json(answer: Answer) -> str:
    """Write the document for machines: amounts and shares as decimal strings."""
    document = {
        "version": 1,
        "query": answer.query,
        "parameters": dict(answer.parameters),
        "currency": answer.currency,
        "columns": answer.columns,
        "rows": [[_json_cell(cell) for cell in row] for row in answer.rows],
        "left_out": [
            {"what": one.what, "amount": None if one.amount is None else amount_text(one.amount)}
            for one in answer.left_out
        ],
        "partial_months": answer.partial_months,
        "notes": answer.notes,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _json_cell(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, int | str) else _text(cell)


def write_parquet(answer: Answer, path: Path) -> None:
    """Write a Parquet file, whole or not at all. Raises OSError."""
    import duckdb

    types = {
        name: next((_TYPES[type(row[at])] for row in answer.rows if row[at] is not None), "VARCHAR")
        for at, name in enumerate(answer.columns)
    }
    columns = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in types.items())
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix="costtags-") as scratch, duckdb.connect() as connection:
        lines = Path(scratch, "rows.json")
        with lines.open("w", encoding="utf-8") as stream:
            for row in answer.rows:
                record = {name: None if cell is None else _text(cell) for name, cell in _cells(answer, row)}
                stream.write(json.dumps(record) + "\n")
        try:
            connection.execute(
                f"COPY (SELECT * FROM read_json({quoted(str(lines))}, format = 'newline_delimited', "
                f"columns = {{{columns}}})) TO {quoted(str(temporary))} (FORMAT parquet)"
            )
            temporary.replace(target)
        except duckdb.IOException as error:
            raise OSError(str(error).splitlines()[0]) from None
        finally:
            temporary.unlink(missing_ok=True)


FORMATS: Mapping[str, Callable[[Answer], str]] = {"table": as_table, "csv": as_csv, "json": as_json}
PARQUET = "parquet"
