"""The rows of the checks as text and as JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from costtags.doctor.rows import NOT_USED, OK, STATUSES, Row
from costtags.gate.formats.as_text import printable


def as_json(account: str, schema: str, stack: str | None, rows: Sequence[Row]) -> str:
    """Return the stable JSON form: one entry a row, in the order of the checks."""
    counts = Counter(row.status for row in rows)
    data = {
        "version": 1,
        "account": account,
        "schema": schema,
        "stack": stack,
        "checks": [
            {
                "check": row.check,
                "status": row.status,
                "what": row.what,
                "where": row.where,
                "why": row.why,
                "fix": row.fix,
            }
            for row in rows
        ],
        "summary": {status: counts[status] for status in STATUSES},
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_text(account: str, schema: str, stack: str | None, rows: Sequence[Row]) -> str:
    """Return the rows for a person: each check with its rows, what to do below those that need it, and the counts."""
    beside = f" and {stack}" if stack else ""
    lines = [f"account {account} against {schema}{beside}"]
    for check, group in groupby(rows, key=lambda row: row.check):
        lines += ["", check]
        for row in group:
            where = f" [{row.where}]" if row.where and row.status not in (OK, NOT_USED) else ""
            lines.append(f"  {row.status:<11}  {row.what}: {row.why}{where}")
            if row.fix:
                lines.append(f"  {'':<11}  -> {row.fix}")
    counts = Counter(row.status for row in rows)
    said = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    lines += ["", said or "nothing was looked at"]
    return "".join(f"{printable(line)}\n" for line in lines)
