"""A journal -> the tags that resources had before, wherever they still are as they were left."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from costtags.account.places import Access
from costtags.repair.apply import Done, Row, Say
from costtags.repair.journal import DONE, Journal, Recorded, Write
from costtags.repair.resource import Read, read_each
from costtags.repair.write import Outcome, Writer, is_so, resolve


@dataclass
class _Net:
    """What a run did to one resource in all: for each key, what it had before and what it was left with."""

    before: dict[str, str | None] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)

    def without(self, keys: Collection[str]) -> "_Net":
        """Return the same without some keys."""
        after = {key: value for key, value in self.after.items() if key not in keys}
        return _Net({key: self.before[key] for key in after}, after)

    def add(self, write: Write) -> None:
        for key, value in write.after.items():
            self.before.setdefault(key, write.before.get(key))
            self.after[key] = value


def undo(
    recorded: Sequence[Recorded], journal: Journal, access: Access, writer: Writer, most: int | None, say: Say
) -> Done:
    """Restore what the journal of an apply recorded; ``journal`` is the undo's own.

    A write without a result is looked up: it is undone where the resource carries what was to be written. A key whose
    value is no longer the one that was written is left alone and reported. What was restored once is never touched
    again: who has set it since then meant it. Raises JournalError and AwsFailed.
    """
    unclear = {one.write.arn: one.why for one in resolve(access, journal) if one.why}
    restored: dict[str, set[str]] = {}
    for write in journal.done():
        restored.setdefault(write.arn, set()).update(write.after)
    nets = {arn: net.without(restored.get(arn, ())) for arn, net in _nets(recorded).items()}
    rows = {arn: Row(arn, "before") for arn, net in nets.items() if not net.after}
    nets = {arn: net for arn, net in nets.items() if net.after}
    say(f"reading the tags of {len(nets)} resources")
    restore: list[Write] = []
    take_away: list[Write] = []
    changes = 0
    for arn, read in read_each(access, sorted(nets)):
        if arn in unclear:
            rows[arn] = Row(arn, "failed", unclear[arn])
            continue
        writes, row = _writes(arn, nets[arn], read)
        if row is not None:
            rows[arn] = row
        if writes and most is not None and changes >= most:
            rows[arn] = Row(arn, "waiting")
            continue
        changes += bool(writes)
        restore += [write for write in writes if write.verb == "tag"]
        take_away += [write for write in writes if write.verb == "untag"]
    outcomes = [*writer.perform(restore), *writer.perform(take_away)]
    return Done(tuple(row for _, row in sorted((rows | _merged(rows, outcomes)).items())))


def _nets(recorded: Sequence[Recorded]) -> dict[str, _Net]:
    nets: dict[str, _Net] = {}
    for one in recorded:
        if one.write.verb != "restart" and one.outcome in (DONE, None):
            nets.setdefault(one.write.arn, _Net()).add(one.write)
    return nets


def _writes(arn: str, net: _Net, read: Read) -> tuple[list[Write], Row | None]:
    """Return the writes that restore a resource, and its row where there is nothing to write, or something is left."""
    if read.gone:
        return [], Row(arn, "gone", "the resource is gone")
    if read.tags is None:
        return [], Row(arn, "failed", read.why)
    changed: Mapping[str, str | None] = {key: value for key, value in net.after.items() if net.before[key] != value}
    ours = {key for key, value in changed.items() if is_so(read.tags, {key: value})}
    others = [
        f"{key} is {_shown(read.tags.get(key))}, not {_shown(changed[key])} as it was left"
        for key in sorted(changed.keys() - ours)
        if not is_so(read.tags, {key: net.before[key]})
    ]
    row = Row(arn, "changed", "; ".join(others)) if others else None
    back = {key: net.before[key] for key in sorted(ours)}
    writes = []
    if tags := {key: value for key, value in back.items() if value is not None}:
        writes.append(Write(arn, "tag", dict(tags), {key: changed[key] for key in tags}))
    if keys := [key for key, value in back.items() if value is None]:
        writes.append(Write(arn, "untag", dict.fromkeys(keys), {key: changed[key] for key in keys}))
    if not writes and row is None:
        row = Row(arn, "already")
    return writes, row


def _shown(value: str | None) -> str:
    return "absent" if value is None else f'"{value}"'


def _merged(rows: Mapping[str, Row], outcomes: Sequence[Outcome]) -> dict[str, Row]:
    merged: dict[str, Row] = {}
    for one in outcomes:
        row = merged.get(one.write.arn) or rows.get(one.write.arn)
        if row is None or row.became in ("written", "already"):
            row = Row(one.write.arn, one.became, one.why)
        merged[one.write.arn] = row
    return merged
