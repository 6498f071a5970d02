"""NAME=VALUE -> the parameters of a query, checked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from costtags.costs.bill import is_month
from costtags.costs.query import COSTS, Query, QueryError
from costtags.schema import Schema
from costtags.suggest import nearest

_CURRENCY = re.compile(r"[A-Z]{3}")
_MOST_ROWS = 1_000_000


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
