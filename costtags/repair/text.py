"""A plan, and what an apply or undo did -> text for a terminal, and JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from costtags.gate.formats.as_json import json_text
from costtags.gate.formats.as_text import printable
from costtags.repair.apply import REMAINS, WORDS, Became, Done, Row
from costtags.repair.plan import Entry, Plan

MAX_SHOWN = 20


def plan_text(plan: Plan, file: str) -> str:
    """Summarise a plan: what it does, from where, whose it is, what stays, what to do next."""
    return _text(_plan(plan, file))


def _plan(plan: Plan, file: str) -> Iterator[str]:
    totals = plan.totals
    yield f"Plan for {', '.join(plan.places) or 'no place'}, judged by {plan.tags_yaml}"
    yield ""
    yield f"  resources to change   {totals['resources']}"
    yield f"  tags to add           {totals['tags_added']}"
    yield f"  tags to overwrite     {totals['tags_overwritten']}  (only with apply --overwrite)"
    yield f"  tags to remove        {totals['tags_removed']}"
    yield f"  not repaired          {totals['not_repaired']}"
    if plan.restart:
        yield f"  apps to restart       {totals['apps_restarted']}  (only with apply --restart-apps)"
    yield ""
    yield from _table(plan.entries)
    yield from _owners(plan.entries)
    yield from _restarts(plan)
    yield from _left(plan)
    for note in plan.notes:
        yield f"note: {note}"
    if plan.notes:
        yield ""
    if plan.entries:
        yield f"Nothing has been written. Review {file}, then: costtags repair apply {file}"
        yield "What was billed before a resource has the tag stays as it is: no tag brings it back."
    else:
        yield "There is nothing to write."


def _table(entries: Sequence[Entry]) -> Iterator[str]:
    rows = [("RESOURCE", "TAG", "NOW", "PROPOSED", "FROM")]
    for entry in entries[:MAX_SHOWN]:
        name = f"{entry.type}/{entry.name}"
        rows += [(name, key, one.was or "-", one.value, one.source) for key, one in entry.set.items()]
        rows += [(name, key, entry.now[key], "(removed)", "misspelt key") for key in entry.remove]
    if len(rows) == 1:
        return
    rows = [tuple(map(printable, row)) for row in rows]  # type: ignore[misc]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
    if len(entries) > MAX_SHOWN:
        yield f"... and {len(entries) - MAX_SHOWN} more resources, in the plan"
    yield ""


def _owners(entries: Sequence[Entry]) -> Iterator[str]:
    owned = [entry for entry in entries if entry.owner]
    warned = [entry for entry in entries if entry.notes]
    if owned:
        yield "Owned by a Pulumi stack, whose program must say the same:"
        for entry in owned[:MAX_SHOWN]:
            assert entry.owner is not None  # by the line above
            place = f"{entry.owner.file}:{entry.owner.line}" if entry.owner.file else entry.owner.urn
            yield f"  {entry.type}/{entry.name} ({entry.owner.stack}) {place}: {entry.owner.change}"
        yield from _more(owned)
    if warned:
        yield "To know:"
        yield from (f"  {entry.type}/{entry.name}: {note}" for entry in warned[:MAX_SHOWN] for note in entry.notes)
        yield from _more(warned)


def _more(rows: Sequence[Any]) -> Iterator[str]:
    if len(rows) > MAX_SHOWN:
        yield f"  ... and {len(rows) - MAX_SHOWN} more, in the plan"
    yield ""


def _restarts(plan: Plan) -> Iterator[str]:
    if not plan.restart:
        return
    yield "Apps of Studio that hand on new tags only after a restart (apply --restart-apps deletes those that are idle;"
    yield "running kernels and unsaved work are lost, files stay; not to be undone; the user's next start makes them):"
    for one in plan.restart[:MAX_SHOWN]:
        whose = f"space {one.space}" if one.space is not None else f"profile {one.profile}"
        yield (
            f"  {one.app_type} {one.app_name} of {whose} in {one.domain}, since {one.since or '?'}, "
            f"last activity {one.last_activity or 'not known'}"
        )
    yield from _more(plan.restart)


def _left(plan: Plan) -> Iterator[str]:
    if not plan.left:
        return
    yield "Not repaired:"
    reasons = Counter(one.why for one in plan.left)
    for one in plan.left[:MAX_SHOWN]:
        yield f"  {one.arn}{f' {one.key}' if one.key else ''}: {one.why}"
    yield from _more(plan.left)
    if len(plan.left) > MAX_SHOWN:
        yield "by reason:"
        yield from (f"  {count:>6}  {why}" for why, count in reasons.most_common(MAX_SHOWN))
        yield ""


UNDO_WORDS: Mapping[Became, str] = {
    **WORDS,
    "changed": "changed since, and left alone in part or whole",
    "written": "restored",
    "already": "as before already",
}


def done_text(done: Done, journal: str, words: Mapping[Became, str], next_step: str) -> str:
    """Say what an apply or an undo did, what remains, and what to do about it."""
    return _text(_done(done, journal, words, next_step))


def _done(done: Done, journal: str, words: Mapping[Became, str], next_step: str) -> Iterator[str]:
    for became, said in words.items():
        if count := done.counts()[became]:
            yield f"{count:>6}  {said}"
    if not done.rows:
        yield "nothing to do"
    yield from _why("", done.rows)
    if done.restarts:
        yield f"{sum(row.became == 'written' for row in done.restarts):>6}  apps deleted, of {len(done.restarts)}"
        yield from _why("app ", done.restarts)
    yield f"journal: {journal}"
    if done.remains:
        yield next_step


def _why(what: str, rows: Sequence[Row]) -> Iterator[str]:
    told = [row for row in rows if row.why]
    yield from (f"  {what}{row.arn}: {row.became}: {row.why}" for row in told[: 5 * MAX_SHOWN])
    if len(told) > 5 * MAX_SHOWN:
        yield f"  ... and {len(told) - 5 * MAX_SHOWN} more; --format json lists all"


def done_json(done: Done, journal: str) -> str:
    """Write what an apply or an undo did as JSON."""
    return json_text(
        {
            "version": 1,
            "journal": journal,
            "remains": done.remains,
            "summary": done.counts(),
            "resources": [_row(row) for row in done.rows],
            "restarts": [_row(row) for row in done.restarts],
        }
    )


def _row(row: Row) -> dict[str, str | bool | None]:
    return {"arn": row.arn, "result": row.became, "remains": row.became in REMAINS, "why": row.why or None}


def _text(lines: Iterator[str]) -> str:
    return "\n".join(printable(line) for line in lines) + "\n"
