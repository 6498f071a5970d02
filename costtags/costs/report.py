"""Facts + Schema -> the report's data: what was spent, by whom, what is not attributed, what changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from costtags.costs.facts import Facts, Resource, Resources, compared
from costtags.schema import Budget, Schema, Tag

UNTAGGED = "(untagged)"
_MOVERS = 10
_MONTHS_OF = {"monthly": 1, "quarterly": 3, "annually": 12}

Series = Mapping[str, Mapping[str, Decimal]]
"""Name -> month -> amount; the largest first, every month there."""


@dataclass(frozen=True)
class KeySpend:
    """What was spent by the values of one tag. ``seen`` is False where no line has the key."""

    key: str
    by_value: Series
    coverage: float | None
    """The part of the spend with a value, right or wrong; None where nothing was spent."""
    coverage_by_month: Mapping[str, float | None]
    seen: bool


@dataclass(frozen=True)
class WrongValue:
    """A value that tags.yaml does not allow, what it is an alias of, and what was spent under it."""

    key: str
    value: str
    meant: str | None
    amount: Decimal


@dataclass(frozen=True)
class BudgetState:
    """A budget's limit and what it counts in one of its periods; ``actual`` is None where ``why`` says why.

    ``note`` is what a reader must know of the amount, as that the period is not over.
    """

    name: str
    watches: str
    limit: Decimal
    period: str
    actual: Decimal | None
    note: str
    why: str = ""

    @property
    def used(self) -> float | None:
        """The part of the limit that is spent."""
        return None if self.actual is None else float(self.actual / self.limit)


@dataclass(frozen=True)
class Change:
    """What changed from one month to the next. ``of`` is a tag key, "usage" or "resource"."""

    of: str
    name: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        """How much more it is."""
        return self.after - self.before


@dataclass(frozen=True)
class Report:
    """All that a report shows, in the order in which it shows it."""

    source: str
    schema: str
    cost: str
    currency: str
    months: tuple[str, ...]
    partial: Mapping[str, date]
    ends: date
    total: Decimal
    by_month: Mapping[str, Decimal]
    keys: tuple[KeySpend, ...]
    by_usage: Series
    wrong_values: tuple[WrongValue, ...]
    budgets: tuple[BudgetState, ...]
    compared: tuple[str, str] | None
    changes: tuple[Change, ...]
    resources: Resources | None
    left_out: tuple[tuple[str, Decimal], ...]
    notes: tuple[str, ...]


def report(facts: Facts, schema: Schema, path: str) -> Report:
    """Make a report's data; ``path`` is how the schema's file is to be named."""
    by_month = {
        month: sum((amount for (of, _), amount in facts.usage.items() if of == month), Decimal())
        for month in facts.months
    }
    keys = tuple(_key_spend(key, facts, by_month) for key in facts.tags)
    by_usage = _series(facts.usage, facts.months)
    pair = compared(facts.months, facts.partial)
    return Report(
        source=facts.source,
        schema=path,
        cost=facts.cost,
        currency=facts.currency,
        months=facts.months,
        partial={month: facts.ends[month] for month in facts.partial},
        ends=max(facts.ends.values()),
        total=sum(by_month.values(), Decimal()),
        by_month=by_month,
        keys=keys,
        by_usage=by_usage,
        wrong_values=tuple(_wrong_values(facts, schema)),
        budgets=tuple(state for budget in schema.budgets for state in _budget(budget, facts)),
        compared=pair,
        changes=tuple(_changes(pair, keys, by_usage, facts.resources)),
        resources=facts.resources,
        left_out=tuple(facts.outside.items()),
        notes=(*facts.notes, *_notes(keys, by_month, facts)),
    )


def label(value: str | None) -> str:
    """Return how a tag's value is shown: the word for no value is no value."""
    if value is None:
        return UNTAGGED
    return f'"{value}"' if value == UNTAGGED else value


def _series(amounts: Mapping[tuple[str, str], Decimal], months: Iterable[str]) -> dict[str, dict[str, Decimal]]:
    names = {name for _, name in amounts}
    series = {name: {month: amounts.get((month, name), Decimal()) for month in months} for name in names}
    return {name: series[name] for name in sorted(names, key=lambda name: (-sum(series[name].values()), name))}


def _key_spend(key: str, facts: Facts, by_month: Mapping[str, Decimal]) -> KeySpend:
    amounts = facts.tags[key]
    labelled = {(month, label(value)): amount for (month, value), amount in amounts.items()}
    series = _series({(facts.months[0], UNTAGGED): Decimal()} | labelled, facts.months)
    untagged = series[UNTAGGED]
    return KeySpend(
        key=key,
        by_value=series,
        coverage=_share(sum(untagged.values(), Decimal()), sum(by_month.values(), Decimal())),
        coverage_by_month={month: _share(untagged[month], by_month[month]) for month in facts.months},
        seen=any(value is not None for _, value in amounts),
    )


def _share(untagged: Decimal, whole: Decimal) -> float | None:
    return round(float((whole - untagged) / whole), 4) if whole else None


def _wrong_values(facts: Facts, schema: Schema) -> Iterator[WrongValue]:
    for key, amounts in facts.tags.items():
        tag: Tag = schema.tags[key]
        sums: dict[str, Decimal] = {}
        for (_, value), amount in amounts.items():
            if value is not None and not tag.allows(value):
                sums[value] = sums.get(value, Decimal()) + amount
        for value in sorted(sums, key=lambda one: (-sums[one], one)):
            yield WrongValue(key, value, tag.meaning.get(value), sums[value])


def _budget(budget: Budget, facts: Facts) -> Iterator[BudgetState]:
    """Hold a budget's limit against each of its periods that the report has months of."""
    spent = facts.budgets.get(budget.name, "it was not counted")
    tagged = [f"{key} {' or '.join(values)}" for key, values in budget.tags.items()]
    watches = " and ".join([*(budget.services or ["everything"]), *tagged])
    if isinstance(spent, str):
        yield BudgetState(budget.name, watches, budget.amount, budget.period, None, "", spent)
        return
    periods: dict[str, list[str]] = {}
    for month in facts.months:
        periods.setdefault(_period(month, budget.period), []).append(month)
    for period, months in periods.items():
        actual = sum((spent.get(month, Decimal()) for month in months), Decimal())
        whole = _MONTHS_OF[budget.period]
        notes = [f"{len(months)} of its {whole} months"] if len(months) < whole else []
        notes += [f"{month} until {facts.ends[month]}" for month in months if month in facts.partial]
        yield BudgetState(budget.name, watches, budget.amount, period, actual, ", ".join(notes))


def _period(month: str, period: str) -> str:
    """Return the period of a budget that a month lies in; AWS's are those of the calendar."""
    year, number = month.split("-")
    if period == "quarterly":
        return f"{year}-Q{(int(number) + 2) // 3}"
    return year if period == "annually" else month


def _changes(
    pair: tuple[str, str] | None, keys: Iterable[KeySpend], by_usage: Series, resources: Resources | None
) -> Iterator[Change]:
    if pair is None:
        return
    before, after = pair
    for of, series in [*((key.key, key.by_value) for key in keys if key.seen), ("usage", by_usage)]:
        changes = [Change(of, name, amounts[before], amounts[after]) for name, amounts in series.items()]
        moved = sorted((one for one in changes if one.change), key=lambda one: (-abs(one.change), one.name))
        yield from moved[:_MOVERS]
    for one in resources.moved if resources else ():
        yield Change("resource", resource_name(one), one.before, one.after)


def resource_name(one: Resource) -> str:
    """Return a resource with its use; the bill names none for some lines."""
    return f"{one.resource or 'no resource named'} ({one.usage_group})"


def _notes(keys: Iterable[KeySpend], by_month: Mapping[str, Decimal], facts: Facts) -> Iterator[str]:
    for one in keys:
        if not one.seen:
            yield (
                f"no line has the tag {one.key}: either no resource has it, or it is not active as a cost allocation "
                "tag (costtags activate)"
            )
        shares = [share for share in (one.coverage, *one.coverage_by_month.values()) if share is not None]
        if any(not 0 <= share <= 1 for share in shares):
            yield (
                f"the coverage of {one.key} is not between 0 and 100% in places: credits and refunds are negative "
                "amounts, and mostly without tags"
            )
    for month, amount in by_month.items():
        if not amount:
            yield f"{month}: nothing was spent on SageMaker"
    for month in facts.partial:
        yield f"{month} is not whole: its costs end on {facts.ends[month]}"
