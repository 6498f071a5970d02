"""What a question leaves open -> what the bill decides: the kind of cost, the currency, the month that is not whole."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from costtags.costs.layout import MONTHLY, Layout

DEFAULT_COST = "amortised"


@dataclass(frozen=True)
class Asker:
    """How whoever asks writes an option, and the error that tells them what cannot be answered."""

    form: str
    error: type[Exception]

    def option(self, name: str, value: str) -> str:
        """Return an option as it is written."""
        return self.form.format(name, value)


def kind_of_cost(asked: str | None, layout: Layout, asker: Asker) -> tuple[str, list[str]]:
    """Return the kind of cost, and notes; without a wish, what was charged where the bill holds no more."""
    cost = asked or DEFAULT_COST
    if cost.endswith("amortised") and not layout.has_amortised:
        if asked is None:
            return "unblended", [f"a {layout.name} holds what was charged only: costs are unblended, not amortised"]
        raise asker.error(
            f"a {layout.name} has no {cost} costs; ask for {asker.option('cost', 'unblended')}, or take a CUR 2.0 "
            "export"
        )
    if cost.startswith("net-") and not layout.has_net:
        raise asker.error(
            f"the bill has no {cost} costs (line_item_net_unblended_cost), which AWS writes where an account has "
            f"discounts; ask for {asker.option('cost', cost.removeprefix('net-'))}"
        )
    return cost, []


def currency_of(asked: str | None, there: Collection[str], asker: Asker) -> str:
    """Return the currency to add up in, of those that lines are in: "" is none."""
    known = sorted(filter(None, there))
    if asked and asked not in known:
        raise asker.error(f"no line is in {asked}; currencies of the bill: {', '.join(known) or 'none'}")
    if not asked and len(known) > 1:
        raise asker.error(
            f"the bill has lines in several currencies ({', '.join(known)}), which cannot be added up: choose one by "
            f"{asker.option('currency', known[0])}"
        )
    return asked or next(iter(known), "USD")


def last_days(lines: Iterable[tuple[str | None, date | None]]) -> dict[str, date]:
    """Return the last day of each month's lines, in the order of the months; lines without a month do not count."""
    found: dict[str, date] = {}
    for month, day in lines:
        if month is not None:
            known = day or date.fromisoformat(f"{month}-01")
            found[month] = max(known, found.get(month, known))
    return dict(sorted(found.items()))


def unfinished(layout: Layout, ends: Mapping[str, date]) -> tuple[str, ...]:
    """Return the last month where its end is missing; where there is one line a month, no one can tell."""
    if layout.name == MONTHLY or all(day.day == 1 for day in ends.values()):
        return ()
    last = max(ends)
    return () if is_whole(last, ends[last]) else (last,)


def is_whole(month: str, last_day: date) -> bool:
    """Say whether there are lines of a month's last day."""
    year, number = map(int, month.split("-"))
    after = date(year + number // 12, number % 12 + 1, 1)
    return (after - last_day).days <= 1
