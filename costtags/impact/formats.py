"""A report -> text, JSON, CSV. Names in events are whatever somebody chose: they are escaped."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator

from costtags.csvtext import inert
from costtags.gate.formats.as_text import printable
from costtags.impact.decide import ALLOWED, DENIED, UNTOLD
from costtags.impact.report import Report, Row, example, names, period_text

_HEAD = ("denied", "cannot tell", "allowed", "failed anyway", "last", "principal", "action", "account", "region")

_DETAILED = 20  # rows with an example in text


def as_text(report: Report) -> str:
    """Write what would have been denied, to whom, and why; the rest in numbers."""
    return "".join(f"{printable(line)}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    denied, untold, allowed = (report.count(decision) for decision in (DENIED, UNTOLD, ALLOWED))
    who = f" of {_number(report.principals, 'principal')}" if denied else ""
    yield (
        f"{names(report.documents)} would have denied {_number(denied, 'call')}{who} "
        f"in {period_text(report.since, report.until)}"
    )
    yield (
        f"Of the calls that it is about: {allowed:,} allowed, {untold:,} cannot be told, {report.failed:,} failed "
        f"anyway ({report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC)."
    )
    rows = [row for row in report.rows if row.counts[DENIED] or row.counts[UNTOLD]]
    if rows:
        yield ""
        yield from _table(rows)
    denying = [row for row in rows if row.counts[DENIED]]
    for row in denying[:_DETAILED]:
        yield from _detail(row, report)
    if len(denying) > _DETAILED:
        yield ""
        yield f"... and an example of each of the other {len(denying) - _DETAILED} in --format json"
    if reasons := _reasons(report):
        yield ""
        yield from (f"{decision}, {_number(count, 'call')}: {why}" for (decision, why), count in reasons)
    if report.unread:
        yield ""
        yield f"Not read: {len(report.unread)}"
        yield from (f"  {one.what}: {one.why}" for one in report.unread)
    if report.assumptions:
        yield ""
        yield from (f"note: {one}" for one in report.assumptions)


def _table(rows: list[Row]) -> Iterator[str]:
    cells = [_HEAD, *(tuple(map(str, _cells(row))) for row in rows)]
    widths = [max(len(printable(row[column])) for row in cells) for column in range(len(_HEAD))]
    for row in cells:
        padded = [
            cell.rjust(width) if column < 4 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(map(printable, row), widths, strict=True))
        ]
        yield "  ".join(padded).rstrip()


def _cells(row: Row) -> tuple[str | int, ...]:
    principal, session, action, account, region = row.key
    counts = (row.counts[DENIED], row.counts[UNTOLD], row.counts[ALLOWED], row.failed)
    return (*counts, row.last, f"{principal} ({session})" if session else principal, action, account, region)


def _detail(row: Row, report: Report) -> Iterator[str]:
    shown = example(row, report.schema)
    if shown is None:
        return
    yield ""
    yield f"{row.key[2]} by {row.key[0]}, such as event {shown.event} at {shown.time}:"
    yield from (f"  {message}" for message in shown.messages)
    yield f"  denied by {', '.join(shown.by)}"


def _reasons(report: Report) -> list[tuple[tuple[str, str], int]]:
    """Return why calls cannot be told, or are not reached, with how many; the most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in report.rows:
        counts.update(row.reasons)
    return sorted(counts.items(), key=lambda item: (item[0][0] != UNTOLD, -item[1], item[0]))


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def as_json(report: Report) -> str:
    """Write everything; a stable contract, the same bytes for the same calls."""
    data = {
        "version": 1,
        "documents": list(report.documents),
        "period": {"since": _time(report.since), "until": _time(report.until)},
        "rows": [_row(row, report) for row in report.rows],
        "summary": {
            "calls": report.calls,
            "denied": report.count(DENIED),
            "allowed": report.count(ALLOWED),
            "cannot_tell": report.count(UNTOLD),
            "failed_anyway": report.failed,
            "principals_denied": report.principals,
        },
        "unread": [{"what": one.what, "why": one.why} for one in report.unread],
        "assumptions": list(report.assumptions),
    }
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"


def _time(when: object) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"


def _row(row: Row, report: Report) -> dict[str, object]:
    principal, session, action, account, region = row.key
    shown = example(row, report.schema)
    return {
        "principal": principal,
        **({"session": session} if session else {}),
        "action": action,
        "account": account,
        "region": region,
        "denied": row.counts[DENIED],
        "allowed": row.counts[ALLOWED],
        "cannot_tell": row.counts[UNTOLD],
        "failed_anyway": row.failed,
        "last": row.last,
        "reasons": [
            {"decision": decision, "why": why, "calls": count} for (decision, why), count in sorted(row.reasons.items())
        ],
        "example": shown
        and {"event": shown.event, "time": shown.time, "denied_by": list(shown.by), "messages": list(shown.messages)},
    }


def as_csv(report: Report) -> str:
    """Write a line a row; no cell begins as a formula of a spreadsheet does."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_HEAD, "reasons", "example event", "example"])
    for row in report.rows:
        shown = example(row, report.schema)
        words = "; ".join(shown.messages) if shown else ""
        extra = (
            "; ".join(f"{decision}: {why}" for decision, why in sorted(row.reasons)),
            shown.event if shown else "",
            words,
        )
        writer.writerow([inert(printable(str(cell))) for cell in (*_cells(row), *extra)])
    return out.getvalue()


FORMATS = {"text": as_text, "json": as_json, "csv": as_csv}
