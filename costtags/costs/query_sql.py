"""A query and its parameters -> the text that Athena runs, over any layout of bill."""

import re
from collections.abc import Mapping, Sequence

from costtags.costs.bill import Partition, bill_sql, quoted
from costtags.costs.layout import Layout, tag_column
from costtags.costs.parameters import Asked
from costtags.costs.query import COSTS
from costtags.schema import Schema, Tag

_PLACEHOLDER = re.compile(r":([a-z]+)\b")
# What regular expressions may hold to mean the same to tags.yaml's engine (Rust's), DuckDB's (RE2) and Athena's (Joni).
_SAME_EVERYWHERE = re.compile(r"(?:(?!&&|~~|--|\[\[|\(\?[^:])[^\\]|\\[^\w\s])*")


def sql(
    one: Asked,
    layout: Layout,
    source: str,
    schema: Schema,
    *,
    cost: str,
    currency: str,
    months: tuple[str, str] | None = None,
    partition: Partition = None,
    values: Mapping[str, str] | None = None,
) -> str:
    """Return the whole text of a query in Athena's SQL, its header first.

    ``cost`` is one of COSTS; ``source``, ``months`` and ``partition`` are as in ``bill_sql``. ``values`` are SQL for
    placeholders that are not literals, as where a saved query is to ask for a value.
    """
    literals = {
        "value": quoted(one.value or ""),
        "limit": str(one.limit),
        "month": quoted(one.month),
        "before": quoted(month_before(one.month)) if one.month else "''",
    } | dict(values or {})
    relations = [
        bill_sql(layout, source, one.keys, months=months, partition=partition),
        f"lines AS (\nSELECT *, {COSTS[cost]} AS cost\nFROM bill\nWHERE currency = {quoted(currency)}\n)",
    ]
    if one.query.by_key:
        relations.append(_tagged(one, [schema.tags[key] for key in one.keys]))
    body = _PLACEHOLDER.sub(lambda match: literals[match[1]], one.query.body)
    if body.startswith("WITH "):  # its own relations follow ours
        relations.append(body.removeprefix("WITH "))
        body = ""
    together = ",\n".join(relations)
    return f"{one.query.header}\nWITH {together}\n{body}".rstrip() + "\n"


def _tagged(one: Asked, tags: Sequence[Tag]) -> str:
    """Return the relation ``tagged``.

    ``allowed`` is made of the tags' columns and ``meant`` is joined: Trino puts what ``value`` stands for wherever it
    is read, and cannot compile a CASE with a CASE in each of its branches.
    """
    columns = {tag.key: tag_column(tag.key) for tag in tags}
    selected = ["lines.*", "keys.key", f"{_by_key(columns)} AS value"]
    if "allowed" in one.query.body:
        selected.append(f"{_by_key({tag.key: _allowed(tag, columns[tag.key]) for tag in tags})} AS allowed")
    keys = ", ".join(f"({quoted(key)})" for key in columns)
    text = f"SELECT {', '.join(selected)}\nFROM lines CROSS JOIN (VALUES {keys}) AS keys (key)"
    if "meant" in one.query.body:
        text = (
            f"SELECT each_key.*, aliases.meant\nFROM (\n{text}\n) AS each_key\n"
            f"LEFT JOIN (VALUES {_aliases(tags)}) AS aliases (key, wrong, meant)\n"
            "ON aliases.key = each_key.key AND aliases.wrong = each_key.value"
        )
    return f"tagged AS (\n{text}\n)"


def _by_key(cases: Mapping[str, str]) -> str:
    return f"CASE keys.key {' '.join(f'WHEN {quoted(key)} THEN {value}' for key, value in cases.items())} END"


def _aliases(tags: Sequence[Tag]) -> str:
    rows = [(tag.key, wrong, right) for tag in tags for wrong, right in sorted(tag.meaning.items())]
    return ", ".join(f"({', '.join(map(quoted, row))})" for row in rows or [("", "", "")])


def _allowed(tag: Tag, column: str) -> str:
    """Return the SQL of ``Tag.allows``: NULL where there is no value."""
    if tag.values is not None:
        tests = [f"{column} LIKE {_like(value)}" for value in tag.values if "*" in value]
        if tag.exact_values:
            tests.insert(0, f"{column} IN ({', '.join(map(quoted, tag.exact_values))})")
        return f"({' OR '.join(tests)})"
    if tag.pattern is not None:
        # Not ^ and $: in Athena, $ matches before a line break at the end as well.
        whole = rf"\A(?:{tag.pattern})\z"
        return f"regexp_like({column}, {quoted(whole)})"
    return f"{column} <> ''"


def _like(glob: str) -> str:
    escaped = re.sub("[!%_]", r"!\g<0>", glob).replace("*", "%")
    return f"{quoted(escaped)} ESCAPE '!'"


def patterns_apart(one: Asked, schema: Schema) -> list[str]:
    """Return the keys asked for whose pattern may mean something else to the engine that runs the query."""
    if "allowed" not in one.query.body:
        return []
    return [key for key in one.keys if not _SAME_EVERYWHERE.fullmatch(schema.tags[key].pattern or "")]


def month_before(month: str) -> str:
    """Return the month before one: 2026-01 -> 2025-12."""
    year, number = map(int, month.split("-"))
    return f"{year - (number == 1):04d}-{(number - 2) % 12 + 1:02d}"
