"""A report -> Markdown for a comment on a pull request.

Whatever comes from a program stands in code: there, nothing is a link, a mention or HTML. The table is HTML for the
same reason: no escape of a `|` holds in every Markdown.
"""

import re
from collections.abc import Iterable

from costtags.exemptions import NOTE
from costtags.gate.formats.as_text import above_it, cut, fix_lines, name, printable, verdict
from costtags.gate.report import Report, ReportedFinding, most_severe_first

MARKER = "<!-- costtags -->"
"""By which a job finds the comment that it is to bring up to date."""
MOST = 65_000
"""Bytes, so also characters, however they are counted: GitHub takes a comment of 65,536 characters."""
_TABLE = 36_000
_RESERVE = 1_000  # for the sentences on what is left out
_CELL = 400
_LINE = 400
_LINES = 20
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\0": "<wbr>"})


def as_markdown(report: Report) -> str:
    """Write the verdict, a table of the findings and, folded, what to paste; most severe first, cut at MOST."""
    report = report.shown_from_repository()
    findings = most_severe_first(report.findings)
    how = "blocked" if report.blocked else "passed"
    blocks = [
        MARKER,
        f"<h3>Cost tags: {how} ({_code(report.project)}, stack {_code(report.stack)})</h3>",
        f"<p>{verdict(report)} Judged by {_code(report.schema)}.</p>",
    ]
    if any(finding.level == "exempt" for finding in findings):
        blocks.append(NOTE)
    if findings:
        blocks += _table(findings)
        blocks += _details(findings, MOST - _RESERVE - sum(_size(block) for block in blocks))
    return "\n\n".join(blocks) + "\n"


def _table(findings: list[ReportedFinding]) -> list[str]:
    heads = "".join(f"<th>{head}</th>" for head in ("level", "resource", "place", "tag", "what"))
    rows = list(_fitting((f"<tr>{_row(finding)}</tr>" for finding in findings), _TABLE))
    blocks = ["\n".join(["<table>", f"<tr>{heads}</tr>", *rows, "</table>"])]
    if len(rows) < len(findings):
        blocks.append(
            f"**{len(findings) - len(rows):,} more findings are not shown here**: a comment holds {MOST:,} characters. "
            "`--format text` and `--format json` hold them all."
        )
    return blocks


def _row(finding: ReportedFinding) -> str:
    place = f"{finding.file}:{finding.line or 1}" if finding.file else ""
    cells = [name(finding.urn), place, finding.tag or "", finding.message]
    return f"<td>{finding.level}</td>" + "".join(f"<td>{_code(cell) if cell else ''}</td>" for cell in cells)


def _details(findings: list[ReportedFinding], most: int) -> list[str]:
    """Return, for each resource, what is to be pasted where; folded."""
    by_resource: dict[str, list[ReportedFinding]] = {}
    for finding in findings:
        if finding.level != "exempt" and finding.fix:
            by_resource.setdefault(finding.urn, []).append(finding)
    blocks = list(_fitting(map(_resource, by_resource.values()), most))
    if len(blocks) < len(by_resource):
        blocks.append(f"The fixes of {len(by_resource) - len(blocks):,} more resources are not shown here.")
    return blocks


def _resource(findings: list[ReportedFinding]) -> str:
    first = findings[0]
    place = f"{first.file}:{first.line or 1}: " if first.file else ""
    above = f", {above_it(first)}" if first.chain else ""
    head = f"# {place}{name(first.urn)}, {first.type}{above}"
    fixes = fix_lines(findings)
    more = [f"# {len(fixes) - _LINES} more lines are not shown here"] if len(fixes) > _LINES else []
    text = "\n".join(cut(printable(line), _LINE) for line in [head, *fixes[:_LINES], *more])
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return (
        f"<details><summary>What to paste for {_code(name(first.urn))}</summary>\n\n"
        f"{fence}text\n{text}\n{fence}\n\n</details>"
    )


def _fitting(blocks: Iterable[str], most: int) -> Iterable[str]:
    for block in blocks:
        most -= _size(block)
        if most < 0:
            return
        yield block


def _size(block: str) -> int:
    return len(block.encode()) + 2


def _code(text: str) -> str:
    shown = re.sub(r"\S{25,}", _breakable, cut(printable(text), _CELL))
    return f"<code>{shown.translate(_HTML)}</code>"


def _breakable(word: re.Match[str]) -> str:
    """Mark where a long word may be broken: it would otherwise push the last column out of sight."""
    return re.sub(r"[:/]+(?=[^:/])|[^:/\0]{24}(?=[^:/])", "\\g<0>\0", word[0])
