"""A bill, in files or on Athena -> the facts of a report. The lines are read once, in one grouped query.

Files are grouped into a table of DuckDB's, which two small queries are asked of; Athena has no such table for free, so
there each of the two reads the lines.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from costtags.costs.answer import Source, from_files
from costtags.costs.bill import LEFT_OUT, SAGEMAKER, bill_sql, quoted, to_duckdb
from costtags.costs.choices import Asker, currency_of, kind_of_cost, last_days, unfinished
from costtags.costs.facts import SERVICE, Facts, Wanted, compared, not_counted, with_gaps
from costtags.costs.files import BillError
from costtags.costs.layout import collisions, tag_column
from costtags.costs.local import LocalBill, Rows
from costtags.costs.query import COSTS
from costtags.costs.report_resources import LINES, resources
from costtags.schema import Budget

_ASKER = Asker("--{} {}", BillError)
_DIMENSIONS = ("currency", "month", "part", "usage_group", "account", "resource_id")
_SUMS = ("lines", "last_day", "unblended", "cost", "costed")


def facts_of_files(bill: LocalBill, wanted: Wanted, source: str) -> Facts:
    """Add up bill files. Raises BillError where they cannot be read, or cannot answer it."""
    found = from_files(bill)
    cost, notes = kind_of_cost(wanted.cost, bill.layout, _ASKER)
    bill.run(
        f"CREATE TEMP TABLE report_lines AS {to_duckdb(_with_lines(found, wanted, cost) + ' SELECT * FROM lines')}"
    )

    def run(sql: str) -> Rows:
        return bill.query(sql.replace(LINES, "report_lines"))

    return _facts(run, found, wanted, cost, source, notes)


def facts_of_athena(found: Source, wanted: Wanted, source: str, months: tuple[str, str]) -> Facts:
    """Add up months (first and last) of a table on Athena, by two statements. Raises BillError and what it raises."""
    cost, notes = kind_of_cost(wanted.cost, found.layout, _ASKER)
    prefix = _with_lines(found, wanted, cost, months)

    def run(sql: str) -> Rows:
        body = sql.replace(LINES, "lines")
        return found.run(
            f"{prefix},\n{body.removeprefix('WITH ')}" if body.startswith("WITH ") else f"{prefix}\n{body}"
        )

    span = f" from {months[0]} to {months[1]}; --months says how many"
    return _facts(run, found, wanted, cost, source, notes, span)


def _with_lines(found: Source, wanted: Wanted, cost: str, months: tuple[str, str] | None = None) -> str:
    """Return ``WITH bill AS (...), lines AS (...)``: the bill, grouped by all that a report asks for."""
    of_budgets = [key for budget in wanted.schema.budgets for key in budget.tags]
    keys = tuple(dict.fromkeys([*wanted.keys, *of_budgets]))
    columns = _columns(keys)
    dimensions = [
        "COALESCE(currency, '') AS currency",
        "billing_period AS month",
        *_DIMENSIONS[2:],
        *columns,
    ]
    column = COSTS[cost]
    places = ", ".join(str(at) for at in range(1, len(dimensions) + 1))
    return (
        f"WITH {bill_sql(found.layout, found.table, keys, months=months, partition=found.partition)},\n"
        f"lines AS (\nSELECT {', '.join(dimensions)}, COUNT(*) AS lines, "
        f"MAX(usage_date) AS last_day, SUM(unblended) AS unblended, SUM({column}) AS cost, COUNT({column}) AS costed\n"
        f"FROM bill\nGROUP BY {places}\n)"
    )


def _columns(keys: Sequence[str]) -> list[str]:
    """Return the columns of tag keys; those that AWS cannot tell apart have one."""
    return list(dict.fromkeys(map(tag_column, keys)))


@dataclass(frozen=True)
class _Sum:
    """A row of the grouped query; ``by`` is what it is grouped by besides: "", "usage_group" or a tag's column."""

    currency: str
    month: str | None
    part: str
    by: str
    value: str | None
    lines: int
    last_day: date
    cost: Decimal
    costed: int
    budgets: tuple[Decimal, ...]


def _facts(
    run: Callable[[str], Rows], found: Source, wanted: Wanted, cost: str, source: str, notes: list[str], span: str = ""
) -> Facts:
    columns = _columns(wanted.keys)
    counted = {budget.name: _condition(budget) for budget in wanted.schema.budgets}
    conditions = {name: sql for name, (sql, _) in counted.items() if sql is not None}
    sums = list(_sums(run(_cube_sql(columns, list(conditions.values()))), columns))
    if not any(one.currency for one in sums):
        raise BillError(f"the bill has no lines{span}")
    currency = currency_of(wanted.currency, {one.currency for one in sums}, _ASKER)
    ours = [one for one in sums if one.currency == currency and one.month is not None]
    survey = [one for one in ours if not one.by]
    days = last_days((one.month, one.last_day) for one in survey)
    there = list(days)
    if not there:
        raise BillError("no line of the bill has a billing period")
    every = with_gaps(there)
    months = tuple(every[-wanted.months :] if wanted.months else every)
    partial = unfinished(found.layout, days)
    notes += [f"no line of {month} in the bill" for month in months if month not in there]
    if months[0] > there[0]:
        notes.append(f"the bill goes back to {there[0]}; shown are the last {len(months)} months")
    notes += [
        f"the keys {', '.join(keys)} are one column in AWS's bills, which holds the value of one of them: they show "
        "the same values"
        for keys in collisions(wanted.schema.tags)
        if set(keys) & set(wanted.keys)
    ]
    shown = [one for one in ours if one.month in months]
    in_range = [one for one in survey if one.month in months]
    if without := sum(one.lines - one.costed for one in in_range):
        if not any(one.costed for one in in_range):
            raise BillError(
                f"no line of the bill has {cost} costs, as where an account has no discounts; "
                f"ask for --cost {cost.removeprefix('net-')}"
            )
        notes.append(f"{without:,} lines have no {cost} cost, and count as nothing")
    return Facts(
        source=source,
        cost=cost,
        currency=currency,
        months=months,
        ends={month: day for month, day in days.items() if month in months},
        partial=partial,
        usage={(str(one.month), str(one.value)): one.cost for one in _of(shown, "usage_group")},
        tags={
            key: {(str(one.month), one.value): one.cost for one in _of(shown, tag_column(key))} for key in wanted.keys
        },
        outside=dict(_outside(sums, currency, months)),
        budgets=_budgets(wanted, counted, list(conditions), in_range, currency),
        resources=resources(run, found.layout, wanted, currency, months, compared(months, partial)),
        notes=(*found.notes, *notes),
    )


def _of(sums: Sequence[_Sum], by: str) -> Iterator[_Sum]:
    return (one for one in sums if one.by == by and one.part == SAGEMAKER)


def _cube_sql(columns: Sequence[str], conditions: Sequence[str]) -> str:
    """Return the grouped query: sums by month and part, and for SageMaker by usage group and by each tag besides."""
    by = ["usage_group", *columns]
    # What other products are tagged with is not looked at, and would be many rows.
    inner = ", ".join(f"CASE WHEN part = '{SAGEMAKER}' THEN {column} END AS {column}" for column in by)
    budgets = "".join(
        f", CASE WHEN {condition} THEN unblended ELSE 0 END AS budget_{at}" for at, condition in enumerate(conditions)
    )
    sums = "".join(f", SUM(budget_{at})" for at in range(len(conditions)))
    places = ", ".join(str(at) for at in range(1, len(by) + 5))
    sets = ", ".join(["(currency, month, part)", *(f"(currency, month, part, {column})" for column in by)])
    return (
        f"SELECT currency, month, part, GROUPING({', '.join(by)}), {', '.join(by)}, SUM(lines), "
        f"MAX(last_day), COALESCE(SUM(cost), 0), SUM(costed){sums}\n"
        f"FROM (SELECT currency, month, part, {', '.join(_SUMS)}, {inner}{budgets} FROM {LINES}) AS each_line\n"
        f"GROUP BY GROUPING SETS ({sets})\nORDER BY {places}"
    )


def _sums(rows: Rows, columns: Sequence[str]) -> Iterator[_Sum]:
    by = ["usage_group", *columns]
    # A bit for each column, the first one highest, set where it is not grouped by.
    masks = {(1 << len(by)) - 1: ""} | {
        (1 << len(by)) - 1 - (1 << (len(by) - 1 - at)): name for at, name in enumerate(by)
    }
    for currency, month, part, mask, *rest in rows.rows:
        name = masks[int(mask)]
        lines, last, cost, costed, *budgets = rest[len(by) :]
        yield _Sum(
            currency=currency,
            month=month,
            part=part,
            by=name,
            value=rest[by.index(name)] if name else None,
            lines=int(lines),
            last_day=last,
            cost=cost,
            costed=int(costed),
            budgets=tuple(budgets),
        )


def _outside(sums: Sequence[_Sum], currency: str, months: Sequence[str]) -> Iterator[tuple[str, Decimal]]:
    """Yield what is in the bill besides SageMaker's costs of these months in this currency."""
    survey = [one for one in sums if not one.by]
    for part, what in LEFT_OUT.items():
        amounts = [one.cost for one in survey if (one.part, one.currency) == (part, currency) and one.month in months]
        if amounts:
            yield what, sum(amounts, Decimal())
    undated = [one.cost for one in survey if one.month is None and one.currency == currency]
    if undated:
        yield "lines without a billing period", sum(undated, Decimal())
    for other in sorted({one.currency for one in survey} - {currency}):
        amount = sum((one.cost for one in survey if one.currency == other), Decimal())
        yield (f"what is in {other}, counted in it" if other else "lines without a currency"), amount


def _condition(budget: Budget) -> tuple[str | None, str]:
    """Return the SQL of what a budget counts, or why there is none."""
    if not set(budget.services) <= {SERVICE}:
        others = ", ".join(sorted(set(budget.services) - {SERVICE}))
        return None, f"it watches {others}, which a bill names otherwise; --explorer can tell"
    tests = [f"{tag_column(key)} IN ({', '.join(map(quoted, values))})" for key, values in budget.tags.items()]
    # Cost Explorer shows taxes as a service of their own.
    tests += [f"part = '{SAGEMAKER}'"] if budget.services else []
    return " AND ".join(tests) or "1 = 1", ""


def _budgets(
    wanted: Wanted, counted: Mapping[str, tuple[str | None, str]], order: list[str], survey: list[_Sum], currency: str
) -> dict[str, Mapping[str, Decimal] | str]:
    found: dict[str, Mapping[str, Decimal] | str] = {}
    for budget in wanted.schema.budgets:
        why = not_counted(budget, currency) or counted[budget.name][1]
        if why:
            found[budget.name] = why
            continue
        at = order.index(budget.name)
        by_month: dict[str, Decimal] = {}
        for one in survey:
            by_month[str(one.month)] = by_month.get(str(one.month), Decimal()) + one.budgets[at]
        found[budget.name] = by_month
    return found
