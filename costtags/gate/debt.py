"""Today's blocking findings -> entries of exemptions.yaml, so that from now on only new ones block."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from costtags import exemptions
from costtags.gate.report import Report, ReportedFinding
from costtags.policies import EXEMPTIBLE
from costtags.yamlfile import FileProblems, Problem


@dataclass(frozen=True)
class Excuse:
    """Who answers for the entries, why they are there, and until when."""

    owner: str
    reason: str
    expires: date


Entry = tuple[str, tuple[str, ...], tuple[str, ...]]
"""A resource, the policies, and the tags; no tags where a finding is about the whole."""


def blocking(report: Report) -> list[ReportedFinding]:
    """Return the findings that block and can be excused."""
    return [one for one in report.findings if one.level == "mandatory" and one.policy in EXEMPTIBLE]


def entries(findings: Iterable[ReportedFinding]) -> list[Entry]:
    """Turn findings into entries that excuse them and as little else as can be said, sorted by resource.

    Policies of one resource share an entry only where they are about the same tags: what another policy may find on
    these tags later must block.
    """
    tags: dict[tuple[str, str], set[str | None]] = {}
    for one in findings:
        tags.setdefault((one.urn, one.policy), set()).add(one.tag)
    policies: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (urn, policy), found in tags.items():
        named = () if None in found else tuple(sorted(tag for tag in found if tag is not None))
        policies.setdefault((urn, named), []).append(policy)
    return sorted((urn, tuple(sorted(named)), keys) for (urn, keys), named in policies.items())


def excused(report: Report) -> Report:
    """Return the report as it is once those findings are exempt."""
    gone = set(map(id, blocking(report)))
    return replace(
        report, findings=tuple(replace(one, level="exempt") if id(one) in gone else one for one in report.findings)
    )


def write(path: Path, report: Report, excuse: Excuse, today: date) -> int:
    """Add entries for all blocking findings to exemptions.yaml, which keeps what it has; return how many were added.

    The file is replaced only by one that is valid as a whole. Raises FileProblems with what is wrong.
    """
    added = entries(blocking(report))
    if not added:
        return 0
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    text = before + ("" if not before or before.endswith("\n") else "\n") + _block(added, report, excuse, today)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        _check(temporary, path, excuse, today)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return len(added)


def _check(temporary: Path, path: Path, excuse: Excuse, today: date) -> None:
    try:
        made = exemptions.load(temporary, today)
    except FileProblems as error:
        raise FileProblems([Problem(str(path), one.line, one.message) for one in error.problems]) from None
    if not any(entry.owner == excuse.owner for entry in made.valid):
        raise FileProblems([Problem(str(path), 1, f"--expires {excuse.expires} is past: nothing would be excused")])


def _block(added: Iterable[Entry], report: Report, excuse: Excuse, today: date) -> str:
    said = f"# {today}: what blocked project {report.project}, stack {report.stack}; remove each entry as it is mended."
    lines = ["", _comment(said)]
    for resource, policies, tags in added:
        lines += [
            f"- resource: {_text(resource)}",
            f"  policies: [{', '.join(policies)}]",
            *([f"  tags: [{', '.join(map(_text, tags))}]"] if tags else []),
            f"  owner: {_text(excuse.owner)}",
            f"  reason: {_text(excuse.reason)}",
            f"  expires: {excuse.expires}",
        ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Return a text as a double-quoted scalar: JSON's are YAML's, but for what YAML does not print."""
    return "".join(c if c.isprintable() else _escaped(c) for c in json.dumps(text, ensure_ascii=False))


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def excuse(owner: str | None, reason: str | None, expires: date | None) -> Excuse:
    """Return who excuses, why and until when. Raises ValueError with what is missing."""
    given: Mapping[str, object] = {"--owner": owner, "--reason": reason, "--expires": expires}
    if missing := [name for name, value in given.items() if not value]:
        raise ValueError(f"--exempt-all needs {' and '.join(missing)}: an exemption says who, why and until when")
    assert owner
    assert reason
    assert expires
    return Excuse(owner, reason, expires)
