"""The steps of `costtags audit`: where to look, what to read, judge it, add what it cost."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from costtags import exemptions, policyconfig
from costtags.account import aws_config, judging, read_inventory
from costtags.account.audit import PREFIX, Audit, Source, ordered
from costtags.account.audit_costs import Spend
from costtags.account.clients import AwsFailed
from costtags.account.inventory import Inventory
from costtags.account.journal import Journal
from costtags.account.judging import Rules
from costtags.account.places import Access, Unreachable
from costtags.catalog import SageMakerType, sagemaker_types
from costtags.documents.scope import governed
from costtags.schema import Schema
from costtags.suggest import nearest

SINCE = "30d"
Progress = Callable[[str, int, int], None]


def _silent(_what: str, _done: int, _of: int) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Wanted:
    """What to audit. Empty accounts: the caller's; empty regions: the configured one; empty types: all governed."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    skipped_types: tuple[str, ...] = ()
    since: str = SINCE
    source: Source = "api"
    aggregator: str | None = None
    concurrency: int = read_inventory.CONCURRENCY


def run(
    access: Access,
    rules: Rules,
    wanted: Wanted,
    *,
    shown: str,
    now: datetime,
    journal: Path | None = None,
    spend: Spend | None = None,
    progress: Progress = _silent,
) -> Audit:
    """Audit accounts: read what exists, judge it by tags.yaml, excuse by exemptions.yaml.

    ``shown`` is how to name tags.yaml. Raises AwsFailed where nothing at all could be read, and ValueError for types
    or a time that cannot be used.
    """
    rows = check(wanted, rules.schema, now)
    if wanted.source == "config":
        found, since, began = _by_config(access, wanted, rows, progress), None, now
    else:
        found, since, began = _by_api(access, wanted, rows, now, journal, progress)
    if not found.read:
        raise AwsFailed("\n".join(["nothing could be read:", *(f"{one.what}: {one.why}" for one in found.unreachable)]))
    arns = [one.arn for one in found.found]
    amounts, costs = None, None
    if spend is not None:
        amounts, costs = judging.costs_of(
            spend.month, spend.complete, spend.currency, spend.amounts, spend.without_id, arns
        )
    resources, excused = judging.judged(rules, found.found, amounts)
    everything = not found.unreachable and not wanted.types and not wanted.skipped_types and wanted.source == "api"
    beside = str(Path(shown).with_name(exemptions.FILE_NAME))
    notes = judging.exemption_notes(rules.exemptions, beside, excused, arns, found.places, everything=everything)
    left = [Unreachable(name, "left out by --skip-type") for name in wanted.skipped_types]
    if since is None and wanted.source == "api":
        left.append(Unreachable("jobs, and what they leave behind", "left out by --since 0"))
    return Audit(
        source=wanted.source,
        judged_by=shown,
        at=iso(began),
        since=None if since is None else iso(since),
        resources=ordered(resources),
        unreachable=found.unreachable,
        not_judged=tuple(sorted({*found.not_judged, *left})),
        notes=(*found.notes, *notes, *(spend.notes if spend is not None else ())),
        gone=found.gone,
        costs=costs,
        places=found.places,
        levels=policyconfig.changed(rules.levels),
    )


def check(wanted: Wanted, schema: Schema, now: datetime) -> list[SageMakerType]:
    """Return the types to audit. Raises ValueError for types or a time that cannot be used."""
    since_of(wanted.since, now)
    return chosen(schema, wanted.types, wanted.skipped_types)


def _by_api(
    access: Access,
    wanted: Wanted,
    rows: Sequence[SageMakerType],
    now: datetime,
    path: Path | None,
    progress: Progress,
) -> tuple[Inventory, datetime | None, datetime]:
    progress("accounts and regions", 0, 0)
    places, lost = access.places(access.accounts(wanted.accounts), wanted.regions)
    settings = {
        "caller": access.account,
        "accounts": sorted(set(wanted.accounts)),
        "regions": sorted(set(wanted.regions)) or sorted({place.region for place in places}),
        "since": wanted.since,
    }
    journal = Journal(path, settings, now)
    since = since_of(wanted.since, journal.began)
    try:
        found = read_inventory.read(
            access, places, rows, since, journal, concurrency=wanted.concurrency, progress=progress
        )
        if not found.unreachable and not lost:
            journal.complete()
    finally:
        journal.close()
    return _with(found, lost), since, journal.began


def _by_config(access: Access, wanted: Wanted, rows: Sequence[SageMakerType], progress: Progress) -> Inventory:
    if wanted.aggregator is not None:
        return aws_config.of_aggregator(access, wanted.aggregator, wanted.accounts, wanted.regions, rows, progress)
    places, lost = access.places(access.accounts(wanted.accounts), wanted.regions)
    return _with(aws_config.of_places(access, places, rows, progress), lost)


def _with(found: Inventory, lost: Iterable[Unreachable]) -> Inventory:
    return replace(found, unreachable=tuple(sorted({*found.unreachable, *lost})))


def chosen(schema: Schema, types: Iterable[str], skipped: Iterable[str]) -> list[SageMakerType]:
    """Return the types to audit: those that tags.yaml is enforced on, or the named ones of them.

    Raises ValueError with everything that is wrong with the names.
    """
    rows = {row.name: row for row in governed(schema)}
    every = {row.name for row in sagemaker_types()}
    types, skipped = [_bare(name) for name in types], [_bare(name) for name in skipped]
    wrong = []
    for name in (*types, *skipped):
        if name not in every:
            near = nearest(name, every)
            hint = f'; did you mean "{near}"?' if near else ""
            wrong.append(f'"{name}" is no type of SageMaker that costtags knows{hint}')
        elif name in types and name not in rows:
            wrong.append(f'"{name}" is not among those that {schema.path} is enforced on (enforce: resources)')
    if wrong:
        raise ValueError("\n".join(wrong))
    made = [row for name, row in rows.items() if (not types or name in types) and name not in skipped]
    if not made:
        raise ValueError(f"nothing to audit: {schema.path} is enforced on no such type of SageMaker")
    return made


def _bare(name: str) -> str:
    return name.strip().removeprefix(PREFIX)


def since_of(text: str, now: datetime) -> datetime | None:
    """Turn 30d, 2026-01-31 or 0 into the time from which on jobs count; None: none do. Raises ValueError."""
    days = re.fullmatch(r"(\d{1,4})d?", text, re.ASCII)
    if days and (text.endswith("d") or int(days[1]) == 0):
        if int(days[1]) == 0:
            return None
        return now.replace(microsecond=0) - timedelta(days=int(days[1]))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}" is no time to begin from; write 30d, a date such as {now:%Y-%m-%d}, or 0') from None
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if start > now:
        raise ValueError(f"{text} lies in the future")
    return start


def iso(time: datetime) -> str:
    """Write a time to the second, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
