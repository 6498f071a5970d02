"""Cost Explorer -> the facts of a report: sums by service, tag and usage type. Each request has a price.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS
from costtags.costs.bill import LEFT_OUT
from costtags.costs.facts import Facts, Wanted, not_counted
from costtags.costs.usage import usage_group
from costtags.schema import Budget

PRICE = Decimal("0.01")
"""USD a request: https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/"""

METRICS: Mapping[str, str] = {
    "amortised": "AmortizedCost",
    "unblended": "UnblendedCost",
    "net-amortised": "NetAmortizedCost",
    "net-unblended": "NetUnblendedCost",
}
_OURS = "SageMaker"
# What a service's name holds -> the part of the bill that it is. The names are what Cost Explorer shows.
_PARTS = {"Tax": "tax", "Support": "support", "Machine Learning Savings": "commitment", "Savings Plans": "commitment"}


class ExplorerFailed(Exception):
    """Cost Explorer did not give what a report needs; the message is for the user."""


@dataclass
class Requests:
    """Requests of Cost Explorer: counted, and never more than allowed."""

    client: Any
    most: int
    progress: Callable[[str], None] = lambda _: None
    made: int = field(default=0)

    def costs(self, **body: Any) -> Iterator[dict[str, Any]]:
        """Yield the months of GetCostAndUsage, of all pages. Raises ExplorerFailed."""
        token: dict[str, str] = {}
        while True:
            if self.made >= self.most:
                raise ExplorerFailed(
                    f"Cost Explorer has more than {self.most} requests can read ({price_text(self.made)} so far): "
                    f"allow more with --max-requests, or ask for fewer tags with --tag"
                )
            self.made += 1
            self.progress(f"Cost Explorer: request {self.made}")
            try:
                answer = self.client.get_cost_and_usage(**body, **token)
            except AWS_ERRORS as error:
                raise ExplorerFailed(f"{clients.explained(error)} ({price_text(self.made)})") from error
            yield from answer.get("ResultsByTime", [])
            if not answer.get("NextPageToken"):
                return
            token = {"NextPageToken": answer["NextPageToken"]}


def price_text(requests: int) -> str:
    """Write how many requests it is and their list price: "3 requests, 0.03 USD"."""
    return f"{requests} request{'' if requests == 1 else 's'}, {PRICE * requests} USD"


def least_requests(wanted: Wanted) -> int:
    """Return how many requests a report needs at least: services, usage types, and each tag and budget."""
    return 2 + len(wanted.keys) + sum(not_counted(budget, "USD") is None for budget in wanted.schema.budgets)


def facts_of_explorer(requests: Requests, wanted: Wanted, source: str, today: date) -> Facts:
    """Ask for the last ``wanted.months`` months, today's included. Raises ExplorerFailed."""
    start = date(today.year, today.month, 1)
    for _ in range((wanted.months or 1) - 1):
        start = (start - timedelta(days=1)).replace(day=1)
    metric = METRICS[wanted.cost or "amortised"]
    # The end is not included.
    period = {"Start": str(start), "End": str(today + timedelta(days=1))}
    common = {"TimePeriod": period, "Granularity": "MONTHLY", "Metrics": [metric]}
    found = _Found(metric)
    by_service = found.groups(requests.costs(**common, GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}]))
    names = sorted({name for _, name in by_service if _OURS in name})
    if not names:
        others = ", ".join(sorted({name for _, name in by_service})) or "none"
        raise ExplorerFailed(
            f"Cost Explorer shows no service with {_OURS} in its name from {start} to {today} "
            f"({price_text(requests.made)}); its services: {others}"
        )
    ours: dict[str, Any] = {"Dimensions": {"Key": "SERVICE", "Values": names}}
    by_type = found.groups(requests.costs(**common, Filter=ours, GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}]))
    usage: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for (month, usage_type), amount in by_type.items():
        usage[month, usage_group(usage_type)] += amount
    tags: dict[str, Mapping[tuple[str, str | None], Decimal]] = {}
    for key in wanted.keys:
        groups = found.groups(requests.costs(**common, Filter=ours, GroupBy=[{"Type": "TAG", "Key": key}]))
        # AWS answers cost-center$ML-Sales, and cost-center$ for what has no value.
        tags[key] = {(month, name.removeprefix(f"{key}$") or None): amount for (month, name), amount in groups.items()}
    currency = found.currency()
    if wanted.currency and wanted.currency != currency:
        raise ExplorerFailed(f"Cost Explorer answers in {currency}, not in {wanted.currency}")
    months = tuple(sorted(found.months))
    budgets = {
        budget.name: not_counted(budget, currency) or _budget(requests, budget, period)
        for budget in wanted.schema.budgets
    }
    total = sum(usage.values(), Decimal())
    sums = {key: sum(amounts.values(), Decimal()) for key, amounts in tags.items()}
    notes = [f"services counted as SageMaker: {', '.join(names)}"]
    notes += [
        f"by {key}, Cost Explorer's groups add up to {amount}, and by usage type to {total}: AWS rounds, or changed "
        "the costs in between"
        for key, amount in sums.items()
        if amount != total
    ]
    this_month = f"{today:%Y-%m}"
    if estimated := found.estimated - {this_month}:
        notes.append(f"to AWS, {', '.join(sorted(estimated))} are estimates still: their bills are not final")
    notes.append("Cost Explorer names no resources, and its last days are estimates; --athena and files are exact")
    return Facts(
        source=f"{source}, {price_text(requests.made)}",
        cost=wanted.cost or "amortised",
        currency=currency,
        months=months,
        ends={month: min(_last_day(month), today) for month in months},
        partial=(this_month,) if this_month in months else (),
        usage=usage,
        tags=tags,
        outside=_outside(by_service, names),
        budgets=budgets,
        notes=tuple(notes),
    )


@dataclass
class _Found:
    """What answers have told: amounts of a metric by month and group, their unit, their months."""

    metric: str
    units: set[str] = field(default_factory=set)
    months: set[str] = field(default_factory=set)
    estimated: set[str] = field(default_factory=set)

    def groups(self, results: Iterator[dict[str, Any]]) -> dict[tuple[str, str], Decimal]:
        sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for result in results:
            month = str(result["TimePeriod"]["Start"])[:7]
            self.months.add(month)
            self.estimated |= {month} if result.get("Estimated") else set()
            for group in result.get("Groups", []):
                sums[month, str(group["Keys"][0])] += self.amount(group["Metrics"])
        return sums

    def amount(self, metrics: Mapping[str, Any]) -> Decimal:
        said = metrics[self.metric]
        amount = Decimal(said.get("Amount", "0"))
        if amount:
            self.units.add(str(said.get("Unit", "")))
        return amount

    def currency(self) -> str:
        if len(self.units) > 1:
            several = ", ".join(sorted(self.units))
            raise ExplorerFailed(f"Cost Explorer answers in several currencies ({several}), which cannot be added up")
        return next(iter(self.units), "USD")


def _budget(requests: Requests, budget: Budget, period: Mapping[str, str]) -> dict[str, Decimal]:
    """Ask for what a budget counts, by its own filters: unblended, by month."""
    filters: list[dict[str, Any]] = [
        {"Tags": {"Key": key, "Values": list(values)}} for key, values in budget.tags.items()
    ]
    filters += [{"Dimensions": {"Key": "SERVICE", "Values": list(budget.services)}}] if budget.services else []
    chosen: dict[str, Any] = {}
    if filters:
        chosen = {"Filter": filters[0] if len(filters) == 1 else {"And": filters}}
    metric = METRICS["unblended"]
    found = _Found(metric)
    results = requests.costs(TimePeriod=period, Granularity="MONTHLY", Metrics=[metric], **chosen)
    return {str(one["TimePeriod"]["Start"])[:7]: found.amount(one["Total"]) for one in results}


def _outside(by_service: Mapping[tuple[str, str], Decimal], ours: list[str]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for (_, name), amount in by_service.items():
        if name not in ours:
            part = next((part for mark, part in _PARTS.items() if mark in name), "other")
            sums[part] += amount
    return {what: sums[part] for part, what in LEFT_OUT.items() if part in sums}


def _last_day(month: str) -> date:
    year, number = map(int, month.split("-"))
    return date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)
