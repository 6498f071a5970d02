"""A query asked of a bill, in files or on Athena -> its rows, and what they leave out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from costtags.costs.bill import LEFT_OUT, SAGEMAKER, Partition, bill_sql
from costtags.costs.choices import Asker, currency_of, kind_of_cost, last_days, unfinished
from costtags.costs.layout import Layout, WrongLayout, collisions, tag_column
from costtags.costs.local import LocalBill, Rows
from costtags.costs.parameters import Asked
from costtags.costs.query import COSTS, QueryError
from costtags.costs.query_sql import month_before, patterns_apart, sql
from costtags.schema import Schema

# What no bill lies outside of, where only one end is said.
FIRST_MONTH, LAST_MONTH = "2015-01", "2049-12"
_ASKER = Asker("{}={}", QueryError)
_PARTS: Mapping[str, str] = {**LEFT_OUT, SAGEMAKER: "SageMaker itself, which the other queries show"}


@dataclass(frozen=True)
class Source:
    """Where a bill's lines are: what SQL names them, and what runs Athena's SQL on them."""

    layout: Layout
    table: str
    run: Callable[[str], Rows]
    partition: Partition = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """What the rows leave out; ``amount`` is None where it is no amount, or not known."""

    what: str
    amount: Decimal | None


@dataclass(frozen=True)
class Answer:
    """The rows of a query, and what whoever reads them must know."""

    query: str
    parameters: Mapping[str, str]
    currency: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    left_out: tuple[LeftOut, ...]
    partial_months: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Group:
    """A month's lines of one part of the bill, in one currency."""

    month: str | None
    currency: str
    part: str
    lines: int
    last_day: date | None
    cost: Decimal
    costed: int
    """How many lines have that cost."""
    with_key: tuple[int, ...]


def from_files(bill: LocalBill) -> Source:
    """Return opened files as where a query is asked."""
    return Source(bill.layout, bill.source, bill.query, notes=bill.notes)


def answer(one: Asked, source: Source, schema: Schema) -> Answer:
    """Ask a query. Two statements are run: what the bill holds, then the question.

    Raises QueryError where the bill cannot answer it so, and what ``source`` raises.
    """
    cost, notes = kind_of_cost(one.cost, source.layout, _ASKER)
    _check_needs(one, source.layout)
    groups = _survey(one, source, cost)
    currency = currency_of(one.currency, {group.currency for group in groups}, _ASKER)
    ends = last_days((group.month, group.last_day) for group in groups if group.currency == currency)
    if not ends:
        raise QueryError(f"no line of the bill{_span(one)}")
    months = list(ends)
    partial = unfinished(source.layout, ends)
    one, compared = _with_month(one, months, partial)
    wanted = compared or _bounds(one, months)
    text = sql(
        one, source.layout, source.table, schema,
        cost=cost, currency=currency, months=wanted, partition=source.partition,
    )  # fmt: skip
    rows = source.run(text)
    if compared:
        notes.append(f"before is {compared[0]}, after is {compared[1]}")
    if compared and compared[0] not in months:
        notes.append(f"no line of {compared[0]} in the bill: all of {compared[1]} shows as a change")
    if one.limit and one.limit in Counter(row[0] for row in rows.rows).values():
        notes.append(f"of each key the {one.limit} that changed most are shown; limit={one.limit * 5} shows more")
    shown = [group for group in groups if compared is None or group.month in compared]
    marked = tuple(month for month in partial if wanted is None or wanted[0] <= month <= wanted[1])
    notes += [f"{month} is not whole: its costs end on {_last_day(shown, month)}" for month in marked]
    notes += [
        f"the keys {', '.join(keys)} are one column in AWS's bills: they show the same values"
        for keys in collisions(schema.tags)
        if set(keys) & set(one.keys)
    ]
    if unsure := patterns_apart(one, schema):
        notes.append(
            f"which values of {', '.join(unsure)} are wrong is judged by the query engine's own regular expressions, "
            "to which the pattern may mean something else"
        )
    if any(share is not None and not 0 <= share <= 1 for share in _column(rows, "coverage")):
        notes.append(
            "coverage is not between 0 and 100% in places: credits and refunds are negative amounts, and mostly "
            "without tags"
        )
    return Answer(
        query=one.query.name,
        parameters=_parameters(one, cost, currency),
        currency=currency,
        columns=rows.columns,
        rows=rows.rows,
        left_out=tuple(_left_out(one, shown, currency, cost)),
        partial_months=marked,
        notes=(*source.notes, *notes),
    )


def _column(rows: Rows, name: str) -> list[Any]:
    return [row[rows.columns.index(name)] for row in rows.rows] if name in rows.columns else []


def _check_needs(one: Asked, layout: Layout) -> None:
    for column in one.query.needs:
        try:
            layout.needs(column)
        except WrongLayout as error:
            raise QueryError(f"{one.query.name}: {error}") from None


def _survey(one: Asked, source: Source, cost: str) -> list[_Group]:
    """Add up the bill by month, currency and part, and count the lines that have each key."""
    bounds = (one.first or FIRST_MONTH, one.last or LAST_MONTH) if one.first or one.last else None
    if bounds is None and one.month:
        bounds = (month_before(one.month), one.month)
    column = COSTS[cost]
    keys = "".join(f", COUNT({tag_column(key)})" for key in one.keys)
    rows = source.run(
        f"WITH {bill_sql(source.layout, source.table, one.keys, months=bounds, partition=source.partition)}\n"
        f"SELECT billing_period, COALESCE(currency, ''), part, COUNT(*), MAX(usage_date), "
        f"COALESCE(SUM({column}), 0), COUNT({column}){keys}\nFROM bill\nGROUP BY 1, 2, 3\nORDER BY 1, 2, 3"
    ).rows
    return [_group(*row) for row in rows]


def _group(
    month: str | None, currency: str, part: str, lines: int, last: date | None, cost: Decimal,
    costed: int, *with_key: int,
) -> _Group:  # fmt: skip
    return _Group(month, currency, part, lines, last, cost, costed, with_key)


def _with_month(one: Asked, there: Sequence[str], partial: Sequence[str]) -> tuple[Asked, tuple[str, str] | None]:
    """Choose the month that is compared with the one before it, where that is the question."""
    if "month" not in one.query.parameters:
        return one, None
    whole = [month for month in there if month not in partial]
    chosen = one.month or (whole or there)[-1]
    if chosen not in there:
        raise QueryError(f"no line of {chosen} in the bill; its months: {', '.join(there)}")
    return replace(one, month=chosen), (month_before(chosen), chosen)


def _span(one: Asked) -> str:
    if one.month:
        return f" is of {month_before(one.month)} or {one.month}"
    ends = (one.first and f" from {one.first} on", one.last and f" up to {one.last}")
    return "".join(end for end in ends if end) or " counts: it is empty"


def _bounds(one: Asked, months: Sequence[str]) -> tuple[str, str] | None:
    if not (one.first or one.last):
        return None
    return one.first or months[0], one.last or months[-1]


def _last_day(groups: Sequence[_Group], month: str) -> str:
    return str(max(group.last_day for group in groups if group.month == month and group.last_day is not None))


def _parameters(one: Asked, cost: str, currency: str) -> dict[str, str]:
    values = {
        "tag": f"{one.keys[0]}={one.value}" if one.query.of_value else ", ".join(one.keys),
        "month": one.month,
        "limit": str(one.limit),
        "cost": cost,
        "from": one.first,
        "to": one.last,
        "currency": currency,
    }
    return {name: values[name] for name in one.query.parameters if values[name]}


def _left_out(one: Asked, groups: Sequence[_Group], currency: str, cost: str) -> list[LeftOut]:
    ours = [group for group in groups if group.currency == currency]
    found = []
    for part in one.query.leaves_out:
        of_part = [group.cost for group in ours if group.part == part]
        if of_part:
            found.append(LeftOut(_PARTS[part], sum(of_part, Decimal())))
    for other in sorted({group.currency for group in groups} - {currency}):
        amount = sum((group.cost for group in groups if group.currency == other), Decimal())
        found.append(LeftOut(f"what is in {other}, counted in it" if other else "lines without a currency", amount))
    seen = [group for group in ours if group.part not in one.query.leaves_out]
    if without := sum(group.lines - group.costed for group in seen):
        if not any(group.costed for group in ours):
            why = (
                f"as where an account has no discounts; ask for cost={cost.removeprefix('net-')}"
                if cost.startswith("net-")
                else "though every bill of AWS does: the file was changed, or its export leaves out what it is made of"
            )
            raise QueryError(f"cost={cost}: no line of the bill has it, {why}")
        found.append(LeftOut(f"{without:,} lines that have no {cost} cost", None))
    sagemaker = [group for group in ours if group.part == SAGEMAKER]
    for at, key in enumerate(one.keys):
        if not any(group.with_key[at] for group in sagemaker):
            found.append(
                LeftOut(
                    f"all values of {key}: no line has the key. Either no resource had it, or it is not active as a "
                    "cost allocation tag (costtags activate)",
                    None,
                )
            )
    return found
