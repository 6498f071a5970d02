"""What a report is made of, wherever the costs come from: sums by month, and what they cannot tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from costtags.schema import Budget, Schema

SERVICE = "Amazon SageMaker"
"""What Cost Explorer and budgets call it: https://docs.aws.amazon.com/cost-management/latest/userguide/ce-filtering.html"""


@dataclass(frozen=True)
class Wanted:
    """What a report is to be about; ``months`` is how many of the last ones, None all that there are."""

    schema: Schema
    keys: tuple[str, ...]
    cost: str | None = None
    currency: str | None = None
    months: int | None = None

    @property
    def duties(self) -> tuple[str, ...]:
        """The keys that a line must have, to count as tagged: the required ones of those looked at, or all of them."""
        return tuple(key for key in self.keys if self.schema.tags[key].required) or self.keys


@dataclass(frozen=True)
class Resource:
    """One resource's spend for one use. ``untagged`` is what lacked one of the keys, ``missing`` the same by key."""

    resource: str | None
    account: str | None
    usage_group: str
    untagged: Decimal
    missing: Mapping[str, Decimal]
    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class Resources:
    """The resources with most untagged spend, how many have any and how much it is, and those that changed most."""

    untagged: tuple[Resource, ...]
    untagged_count: int
    untagged_amount: Decimal
    moved: tuple[Resource, ...]


@dataclass(frozen=True)
class Facts:
    """Sums of a bill in one currency, by month (YYYY-MM). A tag value of None is what has no value."""

    source: str
    cost: str
    currency: str
    months: tuple[str, ...]
    ends: Mapping[str, date]
    """The last day that a month has costs of."""
    partial: tuple[str, ...]
    usage: Mapping[tuple[str, str], Decimal]
    """By month and usage group: all of SageMaker."""
    tags: Mapping[str, Mapping[tuple[str, str | None], Decimal]]
    """By key, then by month and value: the same."""
    outside: Mapping[str, Decimal]
    """What the bill holds besides, by what it is."""
    budgets: Mapping[str, Mapping[str, Decimal] | str]
    """What each budget counts, by month, or why that cannot be told."""
    resources: Resources | None = None
    notes: tuple[str, ...] = field(default=())


def compared(months: tuple[str, ...], partial: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the last two whole months; None where there are not two."""
    whole = [month for month in months if month not in partial]
    return (whole[-2], whole[-1]) if len(whole) > 1 else None


def with_gaps(months: list[str]) -> list[str]:
    """Return every month from the first to the last."""
    filled = months[:1]
    while months and filled[-1] < months[-1]:
        filled.append(next_month(filled[-1]))
    return filled


def next_month(month: str) -> str:
    """Return the month after one: 2025-12 -> 2026-01."""
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def not_counted(budget: Budget, currency: str) -> str | None:
    """Say why a budget's limit cannot be held against a month's costs; None where it can."""
    if budget.usage_types:
        return f"it counts usage ({budget.unit}), and this is a report of costs"
    if budget.unit != currency:
        return f"its limit is in {budget.unit}, and the bill in {currency}"
    if budget.period == "daily":
        return "its limit is for a day, and this is a report of months"
    return None


def months_until(last: str, count: int) -> list[str]:
    """Return so many months, the last one at the end."""
    year, number = map(int, last.split("-"))
    at = year * 12 + number - 1
    return [f"{one // 12:04d}-{one % 12 + 1:02d}" for one in range(at - count + 1, at + 1)]
