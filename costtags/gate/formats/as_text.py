"""A report -> plain text for a terminal; and the words that other formats for people share with it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from costtags.effective import TagValue
from costtags.exemptions import NOTE
from costtags.gate.report import JudgedResource, Report, ReportedFinding

Tags = Mapping[str, Mapping[str, TagValue]]
"""URN -> effective tags."""

COMMAND = re.compile(r"##(?=\[|vso\[)", re.IGNORECASE)
"""What begins a command anywhere in a line of output: to GitHub's runner and to Azure's."""


class Line(NamedTuple):
    """A line of text: how its first word looks in colour, and how far its continuations are indented; 0: no wrap."""

    text: str
    style: str = ""
    hang: int = 0


def as_text(report: Report, *, width: int = 0, colour: bool = False) -> str:
    """Write a report for people: the resources with their effective tags, then what is wrong, then the verdict.

    With a width, what is prose is wrapped; lines to paste stay whole.
    """
    written = []
    for line in _lines(report):
        text = printable(line.text)
        parts = [printable(part) for part in _wrapped(text, width, line.hang)] if width and line.hang else [text]
        written += [_coloured(parts[0], line.style) if colour and line.style else parts[0], *parts[1:]]
    return "\n".join(written) + "\n"


def printable(text: str) -> str:
    """Return text in which no character acts on a terminal, and which is no command to a CI server that reads it."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if "##" in text:
        text = COMMAND.sub(r"\\x23#", text)
    if text.lstrip().startswith("::"):
        text = text.replace(":", r"\x3a", 1)
    return text


def _wrapped(text: str, width: int, hang: int) -> Iterator[str]:
    """Break a text at its spaces into lines of a width, where it can be."""
    from rich.cells import cell_len  # some characters take two columns; only a terminal needs to know

    line = text[: len(text) - len(text.lstrip(" "))]
    started = False
    for gap, word in re.findall(r"( *)([^ ]+)", text[len(line) :]):
        if started and cell_len(line + gap + word) > width:
            yield line
            line, gap = " " * hang, ""
        line, started = line + gap + word, True
    yield line


def _coloured(text: str, style: str) -> str:
    word = re.match(r" *[^ :]+", text)
    end = word.end() if word else 0
    return f"\x1b[{style}m{text[:end]}\x1b[0m{text[end:]}"


_RED, _YELLOW, _GREEN = "1;31", "33", "1;32"


def _lines(report: Report) -> Iterator[Line]:
    yield Line(f"{report.project}, stack {report.stack}, judged by {report.schema} ({report.engine} engine)", hang=4)
    if report.levels:
        yield Line(f"policy config: {', '.join(f'{name} {level}' for name, level in report.levels)}", hang=4)
    for resource in report.resources:
        yield Line("")
        yield from map(Line, _resource(resource))
    tags = {resource.urn: resource.tags for resource in report.resources}
    for block in _blocks(report.findings, tags):
        yield Line("")
        yield from block
    yield Line("")
    if any(finding.level == "exempt" for finding in report.findings):
        yield Line(NOTE, hang=4)
    yield Line(verdict(report), _RED if report.blocked else _GREEN, hang=4)


def _resource(resource: JudgedResource) -> Iterator[str]:
    yield f"{name(resource.urn)}  {resource.type}"
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


def name(urn: str) -> str:
    """Return a resource's name."""
    return urn.split("::", 3)[-1]


_HEADS = {"mandatory": "BLOCKED", "advisory": "NOTE"}
_STYLES = {"mandatory": _RED, "advisory": _YELLOW}


def _blocks(findings: Iterable[ReportedFinding], tags: Tags) -> Iterator[list[Line]]:
    """Return a block of lines for what one policy says of a resource; resources of which it says the same share one."""
    by_resource: dict[tuple[str, str, str, str], list[ReportedFinding]] = {}
    for finding in findings:
        if finding.level != "exempt":
            key = (finding.urn, finding.policy, finding.level, _place(finding))
            by_resource.setdefault(key, []).append(finding)
    places: dict[tuple[str, str, tuple[Line, ...]], list[str]] = {}
    for (_, policy, level, place), group in by_resource.items():
        said = tuple(_said(group, tags))
        places.setdefault((policy, level, said), []).append(place)
    for (policy, level, said), where in places.items():
        head, style = f"{_HEADS[level]}  ", _STYLES[level]
        if len(where) == 1:
            yield [Line(f"{head}{where[0]}  ({policy})", style, len(head)), *said]
        else:
            first = Line(f"{head}{len(where)} resources  ({policy})", style)
            yield [first, *(Line(f"    {place}", hang=6) for place in where), *said]


def _place(finding: ReportedFinding) -> str:
    if finding.policy == "exemptions-in-use":
        return str(finding.file)
    where = f"{finding.file}:{finding.line}: " if finding.file else ""
    above = f"  {above_it(finding)}" if finding.chain else ""
    return f"{where}{name(finding.urn)}  {finding.type}{above}"


def above_it(finding: ReportedFinding) -> str:
    """Say which components a resource is in; nothing, where it is in none."""
    return f"in {' > '.join(finding.chain)}" if finding.chain else ""


def _said(findings: list[ReportedFinding], tags: Tags) -> Iterator[Line]:
    for finding in findings:
        yield Line(f"    {finding.message}{_now(finding, tags)}", hang=6)
    if fixes := fix_lines(findings):
        yield Line("    fix:")
        yield from (Line(f"        {line}") for line in fixes)


def fix_lines(findings: Iterable[ReportedFinding]) -> list[str]:
    """Return the lines to paste, each once, below the line that says where, where there is one."""
    by_place: dict[str, dict[str, None]] = {}
    for fix in dict.fromkeys(finding.fix for finding in findings if finding.fix):
        where, below, lines = fix.partition("\n")
        by_place.setdefault(where if below else "", {})[lines if below else fix] = None
    return [
        line
        for where, fixes in by_place.items()
        for text in ([where] if where else []) + list(fixes)
        for line in text.split("\n")
    ]


def cut(text: str, most: int) -> str:
    """Return a text with no more than so many characters; where it is cut, it says so."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _now(finding: ReportedFinding, tags: Tags) -> str:
    """Return the wrong value, which the pack cannot show since it does not know which are secret."""
    tag = tags.get(finding.urn, {}).get(finding.tag or "")
    if finding.code != "wrong-value" or tag is None or tag.secret or not tag.value:
        return ""
    return f' (now "{tag.value}")'


def verdict(report: Report) -> str:
    """Say how it ended, with all counts."""
    counts = [
        f"{number} {level}"
        for level in ("mandatory", "advisory", "exempt")
        if (number := sum(finding.level == level for finding in report.findings))
    ]
    judged = f"{len(report.resources)} resource{'' if len(report.resources) == 1 else 's'}"
    documents = f", {report.documents} {'policy or budget' if report.documents == 1 else 'policies and budgets'}"
    judged += f"{documents if report.documents else ''} judged"
    others = f", {report.others} more not in enforce" if report.others else ""
    how = "Blocked" if report.blocked else "Passed"
    return f"{how}: {judged}{others}; findings: {', '.join(counts) or 'none'}."
