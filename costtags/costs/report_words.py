"""A report -> the sentences and tables that its page and its Markdown share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from costtags.costs.report import UNTAGGED, BudgetState, KeySpend, Report, Series
from costtags.gate.formats.as_text import cut, printable

COST_WORDS = {
    "amortised": "amortised: Savings Plans and reservations are spread over the usage that they cover",
    "unblended": "unblended: what was charged, in the month in which it was",
    "net-amortised": "amortised, after discounts",
    "net-unblended": "unblended: what was charged, after discounts",
}
_LONGEST = 256
PERIODS = 3
"""How many periods of a budget are shown to people."""


@dataclass(frozen=True)
class Row:
    """A line of a table of months: its amounts, their sum, its part of the whole, and what to know of it."""

    name: str
    amounts: tuple[Decimal, ...]
    total: Decimal
    share: float | None
    note: str = ""


def money(amount: Decimal | None) -> str:
    """Write an amount to the cent: 1,234.50."""
    if amount is None:
        return ""
    rounded = round(amount, 2)
    return f"{rounded:,.2f}" if rounded else "0.00"


def signed(amount: Decimal) -> str:
    """Write a change: +12.00, -3.40."""
    return f"+{money(amount)}" if round(amount, 2) > 0 else money(amount)


def percent(share: float | None) -> str:
    """Write a share: 93.4%."""
    return "" if share is None else f"{share:.1%}"


def shown(text: str) -> str:
    """Return text of the bill's in which no character acts, cut where it is longer than a tag value can be."""
    return cut(printable(text), _LONGEST)


def month_name(report: Report, month: str) -> str:
    """Mark a month that is not whole."""
    return f"{month}*" if month in report.partial else month


def period(report: Report) -> str:
    """Return the months of a report."""
    first, last = report.months[0], report.months[-1]
    return first if first == last else f"{first} to {last}"


def in_short(report: Report) -> Iterator[str]:
    """Yield what a reader must know besides the total, a sentence each."""
    for month, day in report.partial.items():
        yield f"{month} is not whole: its costs end on {day}."
    if report.compared:
        before, after = report.compared
        amounts = report.by_month
        change = amounts[after] - amounts[before]
        more = "more" if change > 0 else "less"
        by = f"{money(abs(change))} {report.currency} {more} than {before}{_by(change, amounts[before])}"
        yield f"{after} cost {by}."
    for key in report.keys:
        if key.coverage is not None and key.seen:
            untagged = sum(key.by_value[UNTAGGED].values(), Decimal())
            yield (
                f"{percent(key.coverage)} of it carries {key.key}; {money(untagged)} {report.currency} does not, and "
                "cannot be attributed by it."
            )
    over = [one for one in last_periods(report.budgets) if one.used is not None and one.used > 1]
    if over:
        names = dict.fromkeys(one.name for one in over)
        said = [f"{name} in {', '.join(one.period for one in over if one.name == name)}" for name in names]
        yield f"Over budget: {'; '.join(said)}."


def _by(change: Decimal, before: Decimal) -> str:
    return f" ({float(change / before):+.1%})" if before > 0 else ""


def rows(report: Report, series: Series, most: int, notes: Mapping[str, str] | None = None) -> list[Row]:
    """Return a table's lines: the largest, one for all others, and what has no tag last."""
    names = [name for name in series if name != UNTAGGED]
    kept = names if len(names) <= most + 1 else names[:most]
    made = [_row(report, shown(name), [series[name]], (notes or {}).get(name, "")) for name in kept]
    if rest := names[len(kept) :]:
        made.append(_row(report, f"{len(rest):,} others", [series[name] for name in rest], "json has each"))
    if UNTAGGED in series:
        made.append(_row(report, UNTAGGED, [series[UNTAGGED]]))
    return made


def _row(report: Report, name: str, parts: Sequence[Mapping[str, Decimal]], note: str = "") -> Row:
    amounts = tuple(sum((part[month] for part in parts), Decimal()) for month in report.months)
    total = sum(amounts, Decimal())
    return Row(name, amounts, total, float(total / report.total) if report.total else None, note)


def value_notes(report: Report, key: KeySpend) -> dict[str, str]:
    """Return what to know of a key's values: which ones tags.yaml does not allow."""
    return {
        one.value: f"not allowed; means {one.meant}" if one.meant else "not allowed"
        for one in report.wrong_values
        if one.key == key.key
    }


def last_periods(budgets: Sequence[BudgetState]) -> list[BudgetState]:
    """Return the last periods of each budget."""
    by_name: dict[str, list[BudgetState]] = {}
    for one in budgets:
        by_name.setdefault(one.name, []).append(one)
    return [one for states in by_name.values() for one in states[-PERIODS:]]


def budget_state(one: BudgetState) -> str:
    """Say in a word how a budget stands."""
    if one.used is None:
        return "not compared"
    return "over" if one.used > 1 else "within"
