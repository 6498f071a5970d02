"""The queries: one question a file in ``queries/``, in Athena's SQL; parameters -> the text that is run.

A query reads two relations, which are made here over ``bill`` (see ``costs.bill``):

- ``lines``: the lines in one currency, with ``cost``: the kind of cost that was asked for.
- ``tagged``: each line once for each key asked for, with ``key``, ``value`` (NULL where it has none), and where they
  are looked at ``allowed`` (whether tags.yaml allows the value) and ``meant`` (what it is an alias of).

``:name`` in a query stands for a parameter, put in as a literal.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from costtags.costs.bill import Partition, bill_sql, is_month, quoted
from costtags.costs.layout import Layout, tag_column
from costtags.schema import Schema, Tag
from costtags.suggest import nearest

FOLDER = Path(__file__).parent / "queries"

# As parameters have it -> the column of ``bill``.
COSTS: Mapping[str, str] = {
    "amortised": "amortised",
    "unblended": "unblended",
    "net-amortised": "net_amortised",
    "net-unblended": "net_unblended",
}


class QueryError(Exception):
    """A question cannot be asked or answered so; the message says why, and what can."""


@dataclass(frozen=True)
class Query:
    """One question. ``parameters`` are names -> defaults, and ``leaves_out`` parts of the bill: see its header."""

    name: str
    question: str
    header: str
    body: str
    parameters: Mapping[str, str]
    leaves_out: tuple[str, ...]
    needs: tuple[str, ...]
    """Columns that not every bill has."""

    @property
    def by_key(self) -> bool:
        """Say whether it looks at tags of the schema."""
        return "FROM tagged" in self.body

    @property
    def of_value(self) -> bool:
        """Say whether it is about one value of one key."""
        return ":value" in self.body


@dataclass(frozen=True)
class Asked:
    """A query with its parameters, checked. None and "" are what was not said."""

    query: Query
    keys: tuple[str, ...] = ()
    value: str | None = None
    cost: str | None = None
    first: str = ""
    last: str = ""
    month: str = ""
    currency: str = ""
    limit: int = 0


_PARAMETER = re.compile(r"--   ([a-z]+)=(\S*) +\S.*")
_PLACEHOLDER = re.compile(r":([a-z]+)\b")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST_ROWS = 1_000_000


@cache
def queries() -> Mapping[str, Query]:
    """Return all queries by name."""
    return {file.stem: _query(file.stem, file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.sql"))}


def _query(name: str, text: str) -> Query:
    lines = text.splitlines()
    end = next(at for at, line in enumerate(lines) if not line.startswith("--"))
    said = {
        label: tuple(re.split(r", *", line.split(": ", 1)[1]))
        for label in ("Leaves out", "Needs")
        for line in lines[:end]
        if line.startswith(f"-- {label}: ")
    }
    return Query(
        name=name,
        question=lines[0].removeprefix("-- "),
        header="\n".join(lines[:end]),
        body="\n".join(lines[end:]),
        parameters={match[1]: match[2] for line in lines[:end] if (match := _PARAMETER.fullmatch(line))},
        leaves_out=tuple(part for part in said["Leaves out"] if part != "nothing"),
        needs=said.get("Needs", ()),
    )


def find(name: str) -> Query:
    """Return a query. Raises QueryError with the nearest name."""
    known = queries()
    if name not in known:
        near = nearest(name, known)
        hint = f"; did you mean {near}?" if near else "."
        raise QueryError(f'no query "{name}"{hint} There are: {", ".join(known)}')
    return known[name]


def parameter_of(query: Query, schema: Schema, text: str) -> tuple[str, str] | None:
    """Split NAME=VALUE where it is a parameter of the query; for a query of one tag value, a key of the schema is one.

    A key may hold ``=`` itself: the longest that fits counts.
    """
    name, equals, value = text.partition("=")
    if equals and name in query.parameters:
        return name, value
    if query.of_value and any(text.startswith(f"{key}=") for key in schema.tags):
        return "tag", text
    return None


def asked(query: Query, given: Iterable[tuple[str, str]], schema: Schema) -> Asked:
    """Check parameters. Raises QueryError with all that is wrong, a line each."""
    said: dict[str, str] = {}
    problems: list[str] = []
    for name, text in given:
        if name not in query.parameters:
            problems.append(no_parameter(query, name, schema))
        elif name in said:
            problems.append(f"{name} is given twice")
        else:
            said[name] = text
    values = {**query.parameters, **said}
    keys: tuple[str, ...] = ()
    value: str | None = None
    if query.of_value:
        key, value, wrong = _key_and_value(values["tag"], schema)
        keys = (key,)
        problems += wrong
    elif query.by_key:
        keys, wrong = _keys(query, values["tag"], schema)
        problems += wrong
    cost = said.get("cost")
    if cost is not None and cost not in COSTS:
        near = nearest(cost, COSTS)
        hint = f"; did you mean {near}?" if near else "."
        problems.append(f'cost="{cost}" is not known{hint} There are: {", ".join(COSTS)}')
    for name in ("from", "to", "month"):
        if values.get(name) and not is_month(values[name]):
            problems.append(f'{name}="{values[name]}" is no month: write YYYY-MM')
    if values.get("from") and values.get("to") and values["from"] > values["to"]:
        problems.append(f"from={values['from']} is after to={values['to']}")
    if values["currency"] and not _CURRENCY.fullmatch(values["currency"]):
        problems.append(f'currency="{values["currency"]}" is no currency: write USD, EUR ...')
    limit = values.get("limit", "0")
    if not re.fullmatch(r"[0-9]{1,7}", limit) or ("limit" in values and not 1 <= int(limit) <= _MOST_ROWS):
        problems.append(f'limit="{limit}" is no number from 1 to {_MOST_ROWS:,}')
    if problems:
        raise QueryError("\n".join(problems))
    return Asked(
        query,
        keys,
        value,
        cost,
        first=values.get("from", ""),
        last=values.get("to", ""),
        month=values.get("month", ""),
        currency=values["currency"],
        limit=int(limit),
    )


def no_parameter(query: Query, name: str, schema: Schema) -> str:
    """Say that a query has no such parameter, and which it has."""
    names = [*query.parameters, *(schema.tags if query.of_value else ())]
    near = (schema.meant_key(name) if query.of_value else None) or nearest(name, names)
    hint = f"; did you mean {near}?" if near else "."
    return f'{query.name} has no parameter "{name}"{hint} It has: {", ".join(names)}'


def _keys(query: Query, named: str, schema: Schema) -> tuple[tuple[str, ...], list[str]]:
    if named:
        return (named,), [] if named in schema.tags else [_no_key(named, schema)]
    if query.name == "wrong-values":
        return tuple(schema.tags), []
    return tuple(tag.key for tag in schema.required) or tuple(schema.tags), []


def _key_and_value(text: str, schema: Schema) -> tuple[str, str, list[str]]:
    fitting = [key for key in schema.tags if text.startswith(f"{key}=")]
    key = max(fitting, key=len, default=text.partition("=")[0])
    value = text.removeprefix(f"{key}=")
    if not fitting:
        example = f"{next(iter(schema.tags))}=VALUE"
        return key, value, [_no_key(key, schema) if "=" in text else f"which tag? write KEY=VALUE, as {example}"]
    if not value:
        return key, value, [f"no value after {key}=; what has none is shown by: costtags query missing-tag tag={key}"]
    return key, value, []


def _no_key(key: str, schema: Schema) -> str:
    near = schema.meant_key(key) or nearest(key, schema.tags)
    hint = f"; did you mean {near}?" if near else "."
    return f'"{key}" is no key of {Path(schema.path).name}{hint} It has: {", ".join(schema.tags)}'


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
    values = {tag.key: tag_column(tag.key) for tag in tags}
    columns = ["*"]
    if "allowed" in one.query.body:
        columns.append(f"{_by_key({tag.key: _allowed(tag) for tag in tags})} AS allowed")
    if "meant" in one.query.body:
        meant = {tag.key: _meant(tag) for tag in tags if tag.meaning}
        columns.append(f"{_by_key(meant) if meant else 'CAST(NULL AS VARCHAR)'} AS meant")
    keys = ", ".join(f"({quoted(key)})" for key in values)
    return (
        f"tagged AS (\nSELECT {', '.join(columns)}\n"
        f"FROM (\n  SELECT lines.*, keys.key, {_by_key(values, 'keys.key')} AS value\n"
        f"  FROM lines CROSS JOIN (VALUES {keys}) AS keys (key)\n) AS each_key\n)"
    )


def _by_key(cases: Mapping[str, str], key: str = "key") -> str:
    return f"CASE {key} {' '.join(f'WHEN {quoted(one)} THEN {value}' for one, value in cases.items())} END"


def _allowed(tag: Tag) -> str:
    """Return the SQL of ``Tag.allows``: NULL where there is no value."""
    if tag.values is not None:
        tests = [f"value LIKE {_like(value)}" for value in tag.values if "*" in value]
        if tag.exact_values:
            tests.insert(0, f"value IN ({', '.join(map(quoted, tag.exact_values))})")
        return f"({' OR '.join(tests)})"
    if tag.pattern is not None:
        # Not ^ and $: in Athena, a $ matches before a line's end at the end as well.
        whole = rf"\A(?:{tag.pattern})\z"
        return f"regexp_like(value, {quoted(whole)})"
    return "value <> ''"


def _like(glob: str) -> str:
    escaped = re.sub("[!%_]", r"!\g<0>", glob).replace("*", "%")
    return f"{quoted(escaped)} ESCAPE '!'"


def _meant(tag: Tag) -> str:
    return f"CASE value {' '.join(f'WHEN {quoted(w)} THEN {quoted(r)}' for w, r in sorted(tag.meaning.items()))} END"


def month_before(month: str) -> str:
    """Return the month before one: 2026-01 -> 2025-12."""
    year, number = map(int, month.split("-"))
    return f"{year - (number == 1):04d}-{(number - 2) % 12 + 1:02d}"
