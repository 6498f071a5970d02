"""A report -> annotations of GitHub Actions: workflow commands, each a line of a job's log."""

from collections.abc import Iterator

from costtags.gate.formats.as_text import above_it, cut, fix_lines, name, printable, verdict
from costtags.gate.report import Report, ReportedFinding

COMMANDS = {"mandatory": "error", "advisory": "warning"}
EACH = 10
"""GitHub shows so many errors and so many warnings of a step, and drops the others without a word."""
TITLE = 200
"""Characters; GitHub takes 255."""
MESSAGE = 4000
"""Characters; GitHub takes 64 KB, and shows no more of one than fits beside a line of code."""


def as_github(report: Report) -> str:
    """Write the first findings of each level as annotations, and a notice that counts those left out."""
    return "".join(f"{line}\n" for line in _lines(report.shown_from_repository()))


def _lines(report: Report) -> Iterator[str]:
    left_out = []
    for level in ("mandatory", "advisory", "exempt"):
        findings = [finding for finding in report.findings if finding.level == level]
        shown = findings[: EACH if level in COMMANDS else 0]
        for finding in shown:
            yield _annotation(COMMANDS[level], finding, report.main_file)
        if len(findings) > len(shown):
            left_out.append(f"{len(findings) - len(shown)} {level}")
    if left_out:
        why = f"of a step GitHub shows {EACH} errors and {EACH} warnings"
        yield _command("notice", f"{verdict(report)} Not shown here: {', '.join(left_out)} ({why}).", title="costtags")


def _annotation(command: str, finding: ReportedFinding, main_file: str) -> str:
    lines = [finding.message, *([above_it(finding)] if finding.chain else [])]
    fixes = fix_lines([finding])
    message = "\n".join(map(printable, [*lines, *(["fix:"] if fixes else []), *fixes]))
    return _command(
        command,
        cut(message, MESSAGE),
        file=finding.file or main_file,
        line=str(finding.line or 1),
        title=cut(printable(f"{finding.policy}: {name(finding.urn)}"), TITLE),
    )


def _command(command: str, message: str, **properties: str) -> str:
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{command} {written}::{_data(message)}"


def _data(text: str) -> str:
    """Escape as the runner takes it back; what only escapes can hold (paths hold anything) stays out of the output."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(text)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
