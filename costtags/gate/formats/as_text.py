"""A report -> plain text for a terminal."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from costtags.effective import TagValue
from costtags.exemptions import NOTE
from costtags.gate.report import JudgedResource, Report, ReportedFinding


def as_text(report: Report) -> str:
    """Write a report for people: the resources with their effective tags, then what is wrong, then the verdict."""
    return "\n".join(printable(line) for line in _lines(report)) + "\n"


def printable(text: str) -> str:
    """Return text in which no character acts on a terminal: control and direction marks are written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.project}, stack {report.stack}, judged by {report.schema} ({report.engine} engine)"
    for resource in report.resources:
        yield ""
        yield from _resource(resource)
    tags = {resource.urn: resource.tags for resource in report.resources}
    shown = [finding for finding in report.findings if finding.level != "exempt"]
    for _, group in groupby(shown, key=lambda finding: (finding.urn, finding.policy)):
        yield ""
        yield from _group(list(group), tags)
    yield ""
    if any(finding.level == "exempt" for finding in report.findings):
        yield NOTE
    yield _verdict(report)


def _resource(resource: JudgedResource) -> Iterator[str]:
    yield f"{_name(resource.urn)}  {resource.type}"
    width = max((len(key) for key in resource.tags), default=0)
    for key, tag in resource.tags.items():
        origin = "" if tag.source == "resource" else f"  ({tag.source})"
        yield f"    {key:<{width}}  {_value(tag)}{origin}"
    if not resource.tags:
        yield "    no tags"


def _value(tag: TagValue) -> str:
    if not tag.known:
        return "[known at deployment]"
    return "[secret]" if tag.secret else str(tag.value)


def _name(urn: str) -> str:
    return urn.split("::", 3)[-1]


_HEADS = {"mandatory": "BLOCKED", "advisory": "NOTE"}


def _group(findings: list[ReportedFinding], tags: Mapping[str, Mapping[str, TagValue]]) -> Iterator[str]:
    first = findings[0]
    where = f"{first.file}:{first.line}: " if first.file else ""
    yield f"{_HEADS[first.level]}  {where}{_name(first.urn)}  {first.type}  ({first.policy})"
    for finding in findings:
        tag = tags.get(finding.urn, {}).get(finding.tag or "")
        now = f' (now "{tag.value}")' if finding.code == "wrong-value" and tag and tag.value and not tag.secret else ""
        yield f"    {finding.message}{now}"
    fixes = list(dict.fromkeys(finding.fix for finding in findings if finding.fix))
    if fixes:
        yield "    fix:"
        yield from (f"        {fix}" for fix in fixes)


def _verdict(report: Report) -> str:
    counts = [
        f"{number} {level}"
        for level in ("mandatory", "advisory", "exempt")
        if (number := _count(report.findings, level))
    ]
    resources = f"{len(report.resources)} resource{'' if len(report.resources) == 1 else 's'}"
    verdict = "Blocked" if report.blocked else "Passed"
    return f"{verdict}: {resources} judged; findings: {', '.join(counts) or 'none'}."


def _count(findings: Iterable[ReportedFinding], level: str) -> int:
    return sum(finding.level == level for finding in findings)
