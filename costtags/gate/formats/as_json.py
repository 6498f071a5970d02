"""A report -> JSON, a stable contract: the same bytes for the same verdict."""

import json
from dataclasses import asdict
from typing import Any

from costtags.effective import TagValue
from costtags.gate.formats.as_text import COMMAND
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
        "findings": [{key: value for key, value in asdict(f).items() if key != "chain"} for f in report.findings],
    }
    return json_text(document)


def json_text(document: Any) -> str:
    """Write JSON that is also safe to print: what could act on a terminal or a CI server stands inside its texts."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    lines = (line if line.isprintable() else _escaped(line) for line in text.split("\n"))
    return "\n".join(COMMAND.sub(r"\\u0023#", line) if "##" in line else line for line in lines) + "\n"


def _escaped(line: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def _tag(tag: TagValue) -> dict[str, Any]:
    value = None if tag.secret or not tag.known else tag.value
    return {"value": value, "known": tag.known, "secret": tag.secret, "source": tag.source}
