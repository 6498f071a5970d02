"""A report -> plain text for a terminal."""

from collections.abc import Iterable, Iterator, Mapping

from costtags.effective import TagValue
from costtags.exemptions import NOTE
from costtags.gate.report import JudgedResource, Report, ReportedFinding

Tags = Mapping[str, Mapping[str, TagValue]]
"""URN -> effective tags."""


def as_text(report: Report) -> str:
    """Write a report for people: the resources with their effective tags, then what is wrong, then the verdict."""
    return "\n".join(printable(line) for line in _lines(report)) + "\n"


def printable(text: str) -> str:
    """Return text in which no character acts on a terminal: control and direction marks are written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.project}, stack {report.stack}, judged by {report.schema} ({report.engine} engine)"
    if report.levels:
        yield f"policy config: {', '.join(f'{name} {level}' for name, level in report.levels)}"
    for resource in report.resources:
        yield ""
        yield from _resource(resource)
    tags = {resource.urn: resource.tags for resource in report.resources}
    for block in _blocks(report.findings, tags):
        yield ""
        yield from block
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


def _blocks(findings: Iterable[ReportedFinding], tags: Tags) -> Iterator[list[str]]:
    """Return a block of lines for what one policy says of a resource; resources of which it says the same share one."""
    by_resource: dict[tuple[str, str, str], list[ReportedFinding]] = {}
    for finding in findings:
        if finding.level != "exempt":
            by_resource.setdefault((finding.urn, finding.policy, finding.level), []).append(finding)
    places: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (_, policy, level), group in by_resource.items():
        said = tuple(_said(group, tags))
        places.setdefault((policy, level, said), []).append(_place(group[0]))
    for (policy, level, said), where in places.items():
        head = f"{_HEADS[level]}  "
        if len(where) == 1:
            yield [f"{head}{where[0]}  ({policy})", *said]
        else:
            yield [f"{head}{len(where)} resources  ({policy})", *(f"    {place}" for place in where), *said]


def _place(finding: ReportedFinding) -> str:
    if finding.policy == "exemptions-in-use":
        return str(finding.file)
    where = f"{finding.file}:{finding.line}: " if finding.file else ""
    return f"{where}{_name(finding.urn)}  {finding.type}"


def _said(findings: list[ReportedFinding], tags: Tags) -> Iterator[str]:
    for finding in findings:
        yield f"    {finding.message}{_now(finding, tags)}"
    fixes = list(dict.fromkeys(finding.fix for finding in findings if finding.fix))
    if fixes:
        yield "    fix:"
        yield from (f"        {fix}" for fix in fixes)


def _now(finding: ReportedFinding, tags: Tags) -> str:
    """Return the wrong value, which the pack cannot show since it does not know which are secret."""
    tag = tags.get(finding.urn, {}).get(finding.tag or "")
    if finding.code != "wrong-value" or tag is None or tag.secret or not tag.value:
        return ""
    return f' (now "{tag.value}")'


def _verdict(report: Report) -> str:
    counts = [
        f"{number} {level}"
        for level in ("mandatory", "advisory", "exempt")
        if (number := sum(finding.level == level for finding in report.findings))
    ]
    judged = f"{len(report.resources)} resource{'' if len(report.resources) == 1 else 's'}"
    documents = f", {report.documents} {'policy or budget' if report.documents == 1 else 'policies and budgets'}"
    judged += f"{documents if report.documents else ''} judged"
    others = f", {report.others} more not in enforce" if report.others else ""
    verdict = "Blocked" if report.blocked else "Passed"
    return f"{verdict}: {judged}{others}; findings: {', '.join(counts) or 'none'}."
