"""A reviewed plan and its journal -> tags on resources; undone exactly by `undo.py`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from costtags.account.places import Access
from costtags.repair.journal import Journal, Verb, Write
from costtags.repair.plan import Entry, Plan
from costtags.repair.resource import Read, read_each, read_indexed, users_tags
from costtags.repair.write import Outcome, Writer, differences, resolve

Became = Literal["failed", "changed", "left", "waiting", "gone", "written", "already", "before"]
WORDS: Mapping[Became, str] = {
    "failed": "failed",
    "changed": "changed meanwhile and left alone",
    "left": "left in part or whole",
    "waiting": "left for the next run (--max-changes)",
    "gone": "gone meanwhile",
    "written": "written",
    "already": "already as planned",
    "before": "done by an earlier run",
}
REMAINS: frozenset[Became] = frozenset({"failed", "changed", "left", "waiting"})
"""What leaves work to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one resource of a plan, and why where not all was done."""

    arn: str
    became: Became
    why: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What an apply or an undo did."""

    rows: tuple[Row, ...]
    restarts: tuple[Row, ...] = ()

    @property
    def remains(self) -> bool:
        """Whether work is left."""
        return any(row.became in REMAINS for row in (*self.rows, *self.restarts))

    def counts(self) -> dict[str, int]:
        """How many resources became what."""
        return {became: sum(row.became == became for row in self.rows) for became in WORDS}


class Refused(Exception):
    """Nothing was written; the message says why, for every resource."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may do."""

    overwrite: bool = False
    skip_changed: bool = False
    max_changes: int | None = None


@dataclass
class _Work:
    """What is left to do on one resource."""

    arn: str
    expected: Mapping[str, str]
    """The tags that it must have now: those of the plan, and what earlier runs wrote."""
    set: dict[str, str] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    """Why something of it is not to be done."""

    def write(self, verb: Verb) -> Write | None:
        after: dict[str, str | None] = dict(self.set) if verb == "tag" else dict.fromkeys(self.remove)
        return Write(self.arn, verb, after, {key: self.expected.get(key) for key in after}) if after else None

    @property
    def wanted(self) -> dict[str, str]:
        """The tags that it has afterwards."""
        return {key: value for key, value in {**self.expected, **self.set}.items() if key not in self.remove}


Say = Callable[[str], None]


def apply(
    plan: Plan,
    journal: Journal,
    access: Access,
    writer: Writer,
    limits: Limits,
    meant_key: Callable[[str], str | None],
    say: Say,
) -> Done:
    """Write what the plan says and the journal does not have yet. Raises Refused, JournalError and AwsFailed."""
    say("looking up what an earlier run left open")
    unclear = {one.write.arn: one.why for one in resolve(access, journal) if one.why}
    rows: dict[str, Row] = {}
    works: dict[str, _Work] = {}
    written = _written(journal)
    for entry in plan.entries:
        work = _work(entry, written.get(entry.arn, ()), limits, meant_key)
        if entry.arn in unclear:
            rows[entry.arn] = Row(entry.arn, "failed", unclear[entry.arn])
        elif not work.set and not work.remove:
            why = "; ".join(work.why)
            rows[entry.arn] = Row(entry.arn, "left" if why else "before", why)
        else:
            works[entry.arn] = work
    say(f"reading the tags of {len(works)} resources")
    changed = _check(works, rows, access)
    if changed and not limits.skip_changed:
        listed = "\n".join(f"  {row.arn}: {row.why}" for row in changed)
        so_far = "nothing was written in this run" if written else "nothing was written"
        raise Refused(
            f"{len(changed)} of {len(plan.entries)} resources changed since the plan was made, so {so_far}:\n{listed}\n"
            "plan anew, delete them from the plan, or leave them alone with --skip-changed"
        )
    _hold_back(works, rows, limits)
    outcomes = writer.perform(write for work in works.values() if (write := work.write("tag")))
    good = {work.arn for work in works.values() if not work.set}
    good |= {one.write.arn for one in outcomes if one.became in ("written", "already")}
    outcomes += writer.perform(write for work in works.values() if work.arn in good and (write := work.write("untag")))
    rows |= _judged(works, outcomes)
    return Done(tuple(rows[entry.arn] for entry in plan.entries))


def _written(journal: Journal) -> dict[str, list[Write]]:
    written: dict[str, list[Write]] = {}
    for write in journal.done():
        if write.verb != "restart":
            written.setdefault(write.arn, []).append(write)
    return written


def _work(entry: Entry, written: Iterable[Write], limits: Limits, meant_key: Callable[[str], str | None]) -> _Work:
    """Return what is left of an entry after what was written, and what this run may not do."""
    expected = dict(entry.now)
    done: set[str] = set()
    for write in written:
        done |= write.after.keys()
        for key, value in write.after.items():
            if value is None:
                expected.pop(key, None)
            else:
                expected[key] = value
    work = _Work(entry.arn, expected)
    for key, proposed in entry.set.items():
        if key in done:
            continue
        if proposed.was is not None and not limits.overwrite:
            work.why.append(f'{key} has the value "{proposed.was}": --overwrite writes "{proposed.value}" over it')
        else:
            work.set[key] = proposed.value
    for key in entry.remove:
        meant = meant_key(key)
        if key in done:
            continue
        if meant in entry.set and meant not in work.set and meant not in done:
            work.why.append(f"{key} stays until {meant} is written")
        else:
            work.remove.append(key)
    return work


def _check(works: dict[str, _Work], rows: dict[str, Row], access: Access) -> list[Row]:
    """Take out of ``works`` what need not or cannot be written, into ``rows``; return those that changed."""
    changed = []
    indexed = read_indexed(access, works)
    # The index of the tagging API lags behind: only SageMaker itself can say that a resource changed.
    doubtful = [arn for arn, work in works.items() if users_tags(indexed.get(arn, {})) != work.expected]
    doubtful += [arn for arn in works if arn not in indexed and arn not in doubtful]
    for arn, read in read_each(access, doubtful):
        row = _row_of(works[arn], read)
        if row is None:
            continue
        rows[arn] = row
        del works[arn]
        if row.became == "changed":
            changed.append(row)
    return sorted(changed, key=lambda row: row.arn)


def _row_of(work: _Work, read: Read) -> Row | None:
    if read.gone:
        return Row(work.arn, "gone", "the resource is gone")
    if read.tags is None:
        return Row(work.arn, "failed", read.why)
    tags = users_tags(read.tags)
    if tags == work.expected:
        return None
    if tags == work.wanted:
        return Row(work.arn, "left" if work.why else "already", "; ".join(work.why))
    expected = {key: work.expected.get(key) for key in (*work.expected, *tags)}
    return Row(work.arn, "changed", differences(expected, tags))


def _hold_back(works: dict[str, _Work], rows: dict[str, Row], limits: Limits) -> None:
    if limits.max_changes is None:
        return
    for arn in sorted(works)[limits.max_changes :]:
        rows[arn] = Row(arn, "waiting")
        del works[arn]


def _judged(works: Mapping[str, _Work], outcomes: Sequence[Outcome]) -> dict[str, Row]:
    """Return what became of each resource: the worst of its writes."""
    order = list(WORDS)
    rows: dict[str, Row] = {}
    for one in outcomes:
        row = Row(one.write.arn, one.became, one.why)
        before = rows.get(row.arn)
        if before is None or order.index(row.became) < order.index(before.became):
            rows[row.arn] = row
    for arn, work in works.items():
        row = rows[arn]
        if work.why and row.became in ("written", "already"):
            rows[arn] = Row(arn, "left", "; ".join(work.why))
    return rows
