"""An audit -> a table for people, and CSV for a spreadsheet."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from costtags.account.audit import PREFIX, Audit, AuditedResource, AuditFinding, amount_text, summary
from costtags.account.places import Unreachable
from costtags.csvtext import inert
from costtags.exemptions import NOTE
from costtags.gate.formats.as_text import printable

if TYPE_CHECKING:
    from rich.table import Table

_MAX_MESSAGES = 40
_WIDE = 100_000
"""Wider than any table: where no one reads on a terminal, no line is broken."""


def as_text(audit: Audit, *, width: int = 0, colour: bool = False) -> str:
    """Write an audit for people: what is wrong with which resource, the reasons, what was not seen, the verdict."""
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=width or _WIDE,
        force_terminal=colour,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=not width,
        legacy_windows=False,
        _environ={},
    )
    for part in _parts(audit):
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _parts(audit: Audit) -> "Iterator[str | Table]":
    yield printable(head(audit))
    if audit.levels:
        yield f"policy config: {', '.join(f'{name} {level}' for name, level in audit.levels)}"
    wrong = [one for one in audit.resources if shown_findings(one)]
    if wrong:
        yield ""
        yield _resources(audit, wrong)
        yield ""
        yield from _reasons(audit)
    if audit.resources:
        yield ""
        yield _types(audit)
    yield from _list("Could not be read", audit.unreachable)
    yield from _list("Not judged", audit.not_judged)
    if audit.notes:
        yield ""
        yield from (printable(f"note: {note}") for note in audit.notes)
    if any(finding.level == "exempt" for finding in audit.findings):
        yield NOTE
    yield ""
    yield from verdict(audit)


def head(audit: Audit) -> str:
    """Say what was audited by what."""
    accounts, regions = sorted({one.account for one in audit.places}), sorted({one.region for one in audit.places})
    where = f" in {_few(accounts, 'account')}, {_few(regions, 'region')}" if audit.places else ""
    how = "as AWS Config recorded them, " if audit.source == "config" else ""
    jobs = f"jobs since {audit.since[:10]}, " if audit.since else ""
    return f"{_many(len(audit.resources), 'resource')}{where}; {how}{jobs}judged by {audit.judged_by}"


def shown_findings(one: AuditedResource) -> list[AuditFinding]:
    """Return the findings of a resource that are not excused."""
    return [finding for finding in one.findings if finding.level != "exempt"]


def _resources(audit: Audit, wrong: Sequence[AuditedResource]) -> "Table":
    table = _table()
    with_costs = audit.costs is not None
    if audit.costs is not None:
        table.add_column(f"{audit.costs.currency} {audit.costs.month}", justify="right", no_wrap=True)
    places = len(audit.places) > 1
    for name in ("type", "name", *(("account", "region") if places else ()), "findings"):
        table.add_column(name, overflow="fold", no_wrap=name in ("account", "region"))
    for one in wrong:
        place = (one.account, one.region) if places else ()
        cost = (money(one.cost),) if with_costs else ()
        cells = (*cost, one.type.removeprefix(PREFIX), one.name, *place, briefly(one))
        table.add_row(*map(printable, cells))
    return table


def briefly(one: AuditedResource) -> str:
    """Name the findings of a resource by code and tag, with the wrong values."""
    by_code: dict[str, list[str]] = {}
    for finding in shown_findings(one):
        name = finding.code if finding.level == "mandatory" else f"{finding.code} ({finding.level})"
        tags = by_code.setdefault(name, [])
        if finding.tag is not None:
            now = f' (now "{one.tags[finding.tag]}")' if finding.code == "wrong-value" else ""
            tags.append(f"{finding.tag}{now}")
    return "; ".join(f"{code} {', '.join(tags)}".rstrip() for code, tags in by_code.items())


def _reasons(audit: Audit) -> Iterator[str]:
    """Say each message once, with how many resources it is for."""
    counted = Counter((f.policy, f.message) for one in audit.resources for f in shown_findings(one))
    rows = sorted(counted.items(), key=lambda row: (-row[1], row[0]))
    width = len(str(rows[0][1]))
    for (policy, message), count in rows[:_MAX_MESSAGES]:
        yield printable(f"{count:>{width}}x {message}  ({policy})")
    if len(rows) > _MAX_MESSAGES:
        yield f"and {len(rows) - _MAX_MESSAGES} messages more; --format json has them all"
    yield "The command that mends each is in --format json and csv; `costtags repair plan` mends them together."


def _types(audit: Audit) -> "Table":
    table = _table()
    for name in ("type", "resources", "with findings"):
        table.add_column(name, justify="left" if name == "type" else "right")
    for name, counts in summary(audit)["by_type"].items():
        table.add_row(name.removeprefix(PREFIX), str(counts["resources"]), str(counts["with_findings"]))
    return table


def _table() -> "Table":
    from rich.table import Table

    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)


def _list(title: str, rows: Iterable[Unreachable]) -> Iterator[str]:
    lines = [printable(f"  {row.what}: {row.why}") for row in rows]
    if lines:
        yield ""
        yield f"{title}:"
        yield from lines


def verdict(audit: Audit) -> Iterator[str]:
    """Say how it ended, with all counts, and the money."""
    counts = summary(audit)
    levels = [f"{number} {level}" for level, number in counts["findings"].items() if number]
    right = counts["resources"] - counts["with_findings"]
    share = "" if counts["compliant"] is None else f" ({float(counts['compliant']):.1%})"
    gone = f"; {audit.gone} deleted meanwhile" if audit.gone else ""
    are = "is" if counts["resources"] == 1 else "are"
    how = "Blocked" if audit.blocked else "Passed"
    yield (
        f"{how}: {right:,} of {_many(counts['resources'], 'resource')}{share} {are} as tags.yaml says; "
        f"findings: {', '.join(levels) or 'none'}{gone}."
    )
    if audit.unreachable:
        yield f"Not the whole: what could not be read is listed above ({len(audit.unreachable)})."
    cost = counts["cost"]
    if cost is not None:
        unit = cost["currency"]
        partly = "" if cost["complete"] else " (not complete)"
        yield (
            f"{cost['month']}{partly}: {unit} {money(cost['with_findings'])} of {money(cost['total'])} of SageMaker's "
            f"spend is on resources with findings."
        )
        yield (
            f"Not on any resource here: {unit} {money(cost['unmatched'])} on "
            f"{_many(cost['unmatched_resources'], 'resource')} that the bill names (deleted, older jobs, other "
            f"places), {money(cost['without_id'])} on none."
        )


def money(amount: Decimal | str | None) -> str:
    """Write an amount with two digits."""
    return "" if amount is None else f"{Decimal(amount):,.2f}"


def _few(names: Sequence[str], noun: str) -> str:
    return f"{noun} {names[0]}" if len(names) == 1 else f"{len(names)} {noun}s"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


# ---- CSV

COLUMNS = (
    "arn", "type", "name", "account", "region", "created", "cost",
    "level", "policy", "code", "tag", "value", "message", "fix",
)  # fmt: skip


def as_csv(audit: Audit) -> str:
    """Write a row for each finding; text that a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in audit.resources:
        for finding in one.findings:
            value = "" if finding.tag is None else one.tags.get(finding.tag, "")
            cost = "" if one.cost is None else amount_text(one.cost)
            writer.writerow(
                map(
                    _cell,
                    (one.arn, one.type, one.name, one.account, one.region, one.created or "", cost, finding.level,
                     finding.policy, finding.code, finding.tag or "", value, finding.message, finding.fix),
                )
            )  # fmt: skip
    return out.getvalue()


def _cell(text: str) -> str:
    text = printable(text)  # it may be printed on a terminal as well
    return text if _is_number(text) else inert(text)


def _is_number(text: str) -> bool:
    """Say whether a text is an amount: credits are negative, and no formula."""
    return text.replace("-", "", 1).replace(".", "", 1).isdecimal() and text.isascii()
