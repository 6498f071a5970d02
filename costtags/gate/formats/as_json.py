"""A report -> JSON, a stable contract: the same bytes for the same verdict."""

import json
from dataclasses import asdict
from typing import Any

from costtags.effective import TagValue
from costtags.gate.report import Report


def as_json(report: Report) -> str:
    """Write a report as JSON; secret values are null."""
    document = {
        "version": 1,
        "engine": report.engine,
        "project": report.project,
        "stack": report.stack,
        "schema": report.schema,
        "verdict": "blocked" if report.blocked else "passed",
        "resources": [
            {"urn": r.urn, "type": r.type, "tags": {key: _tag(tag) for key, tag in r.tags.items()}}
            for r in report.resources
        ],
        "findings": [asdict(finding) for finding in report.findings],
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    # Whoever prints it to a terminal is safe too: all that JSON itself does not need stands inside its texts.
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _tag(tag: TagValue) -> dict[str, Any]:
    value = None if tag.secret or not tag.known else tag.value
    return {"value": value, "known": tag.known, "secret": tag.secret, "source": tag.source}
