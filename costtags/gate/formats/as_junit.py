"""A report -> JUnit XML: each resource a test case, as GitLab, Jenkins and Azure DevOps show test results."""

from collections.abc import Iterable, Iterator

from costtags.gate.formats.as_text import above_it, cut, fix_lines, name, printable, verdict
from costtags.gate.report import Report, ReportedFinding

MESSAGE = 500
"""Characters of what a list shows of a failure; the whole stands in its text."""


def as_junit(report: Report) -> str:
    """Write a test suite with a case for each resource that was judged, or of which something is said.

    One with a mandatory finding has failed, one whose findings are all exempt is skipped; what is advisory is output.
    A case is a resource, not a finding: CI servers tell cases apart by class and name, and keep one failure of each.
    """
    report = report.shown_from_repository()
    found: dict[str, list[ReportedFinding]] = {resource.urn: [] for resource in report.resources}
    for finding in report.findings:
        found.setdefault(finding.urn, []).append(finding)
    outcomes = {urn: _outcome(findings) for urn, findings in found.items()}
    counts = [sum(outcome == which for outcome in outcomes.values()) for which in ("failure", "skipped")]
    suite = {
        "name": f"costtags: {report.project}, stack {report.stack}",
        "tests": str(len(found)),
        "failures": str(counts[0]),
        "errors": "0",
        "skipped": str(counts[1]),
        "time": "0",
    }
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", f"  <testsuite{_attributes(suite)}>"]
    for urn in sorted(found):
        lines += _case(urn, found[urn], outcomes[urn])
    lines += [f"    <system-out>{_text([verdict(report)])}</system-out>", "  </testsuite>", "</testsuites>"]
    return "\n".join(lines) + "\n"


def _outcome(findings: list[ReportedFinding]) -> str:
    levels = {finding.level for finding in findings}
    if "mandatory" in levels:
        return "failure"
    return "skipped" if "exempt" in levels else "passed"


def _case(urn: str, findings: list[ReportedFinding], outcome: str) -> Iterator[str]:
    place = next((finding for finding in findings if finding.file), None)
    where = {"file": str(place.file), "line": str(place.line or 1)} if place else {}
    # The type in a URN begins with those of the components above: with it, no two cases have the same name.
    case = {"classname": urn.split("::", 3)[2] if urn.count("::") > 2 else "resource", "name": name(urn), **where}
    children = []
    decisive = {"failure": "mandatory", "skipped": "exempt"}.get(outcome)
    reasons = [finding for finding in findings if finding.level == decisive]
    if reasons:
        policies = dict.fromkeys(finding.policy for finding in reasons)
        said = {"message": cut(printable("; ".join(f.message for f in reasons)), MESSAGE), "type": ", ".join(policies)}
        attributes = _attributes(said if outcome == "failure" else {"message": said["message"]})
        children.append(f"<{outcome}{attributes}>{_text(_said(reasons))}</{outcome}>")
    if others := [finding for finding in findings if finding.level != decisive]:
        children.append(f"<system-out>{_text(_said(others))}</system-out>")
    head = f"    <testcase{_attributes({**case, 'time': '0'})}"
    if not children:
        yield f"{head}/>"
        return
    yield f"{head}>"
    yield from (f"      {child}" for child in children)
    yield "    </testcase>"


def _said(findings: Iterable[ReportedFinding]) -> Iterator[str]:
    for finding in findings:
        where = f"{finding.file}:{finding.line or 1}: " if finding.file else ""
        above = f", {above_it(finding)}" if finding.chain else ""
        yield f"{where}{finding.message} ({finding.policy}, {finding.level}{above})"
        yield from (f"    {line}" for line in fix_lines([finding]))


_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def _escaped(text: str) -> str:
    """Escape a printable text: XML has no way at all to write some of the others."""
    return printable(text).translate(_XML)


def _attributes(values: dict[str, str]) -> str:
    return "".join(f' {key}="{_escaped(value)}"' for key, value in values.items())


def _text(lines: Iterable[str]) -> str:
    return "\n".join(map(_escaped, lines))
