"""A report -> SARIF 2.1.0, as GitHub code scanning takes it."""

import re
from collections import Counter
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from costtags.gate.formats.as_json import json_text
from costtags.gate.formats.as_text import above_it, cut, fix_lines, name, printable
from costtags.gate.report import Report, ReportedFinding, most_severe_first
from costtags.policies import POLICIES

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"mandatory": "error", "advisory": "warning"}
MOST = 25_000
"""Results that GitHub takes of a run; a file with more is rejected as a whole."""
MESSAGE = 4000

HELP = {
    "required-tags": (
        "Give the resource the tag, or set it for all of them: in the provider's default tags or in the stack's "
        "`aws:defaultTags`. The components of costtags take it from there."
    ),
    "tag-values": (
        "Use a value that tags.yaml allows. If the value is right and new, add it to tags.yaml: policies, budgets and "
        "the checks are all made from there."
    ),
    "tag-spelling": (
        "Rename the key as tags.yaml spells it. AWS tells keys apart by case, so a cost report shows each spelling "
        "as a tag of its own. A resource has at most 50 tags."
    ),
    "tag-values-known": (
        "The value is an output of another resource or a placeholder. It is judged again at deployment, before the "
        "resource is created; to have it judged here, make it from the stack's config."
    ),
    "tag-propagation": (
        'Set `tag_propagation="ENABLED"` on the domain: what people launch in Studio then carries the tags of the '
        "domain and of its users, and its cost can be attributed."
    ),
    "ignored-tags": (
        "Take the key out of the provider's `ignoreTags`: Pulumi can otherwise neither change the tag nor repair it."
    ),
    "budget-tag-filter": (
        "Write the filter as `user:KEY$VALUE`, with a key and a value of tags.yaml. A budget that filters by a tag "
        "that nothing carries stays at zero and never warns."
    ),
    "organization-policy": (
        "Make the policy fit AWS's limits, and keep the exceptions for the deployer, the tagger and the break-glass "
        "principals. `costtags render` writes policies that do."
    ),
    "exemptions-in-use": "Remove the entries of exemptions.yaml that excuse nothing, and renew or end those expired.",
}
_EXCUSE = (
    "To excuse a resource for a while, add an entry to exemptions.yaml with its URN, the policy, an owner, a reason "
    "and a day on which it expires."
)
RULES = [policy for policy in POLICIES if policy.codes]
_INDEX = {policy.name: i for i, policy in enumerate(RULES)}


def as_sarif(report: Report) -> str:
    """Write a run with a rule for each policy and a result for each finding that is not exempt, most severe first.

    Exempt findings are counted only: GitHub does not read suppressions, and would show each as an open alert.
    """
    from importlib.metadata import version

    report = report.shown_from_repository()
    findings = [finding for finding in most_severe_first(report.findings) if finding.level != "exempt"]
    notes = []
    if len(findings) > MOST:
        notes.append(f"{len(findings) - MOST} more findings are left out: GitHub takes {MOST} results of a run.")
    if exempt := len(report.findings) - len(findings):
        notes.append(f"{exempt} more findings are excused by exemptions.yaml.")
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": {"name": "costtags", "semanticVersion": version("costtags"), "rules": _rules()}},
        # What GitHub tells several uploads for a commit apart by: without it, one stack's would replace another's.
        "automationDetails": {"id": f"costtags/{_encoded(report.project)}/{_encoded(report.stack)}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, **_notifications(notes)}],
        "results": [_result(finding, report.main_file, seen) for finding in findings[:MOST]],
    }
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": policy.name,
            "shortDescription": {"text": policy.description},
            "fullDescription": {"text": policy.description},
            "help": {
                "text": _help(policy.name).replace("`", ""),
                "markdown": f"**{policy.description}**\n\n{_help(policy.name)}",
            },
            "defaultConfiguration": {"level": LEVELS.get(policy.level, "warning")},
            "properties": {"tags": ["cost-allocation", "tags"], "precision": "very-high"},
        }
        for policy in RULES
    ]


def _help(policy: str) -> str:
    return HELP[policy] if policy == "exemptions-in-use" else f"{HELP[policy]}\n\n{_EXCUSE}"


def _notifications(notes: list[str]) -> dict[str, Any]:
    return {"toolExecutionNotifications": [{"level": "note", "message": {"text": n}} for n in notes]} if notes else {}


def _result(finding: ReportedFinding, main_file: str, seen: Counter[str]) -> dict[str, Any]:
    index = _INDEX.get(finding.policy)
    return {
        "ruleId": finding.policy,
        **({} if index is None else {"ruleIndex": index}),
        "level": LEVELS[finding.level],
        "message": {"text": _message(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _encoded(finding.file or main_file, "/"), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": max(1, finding.line or 1)},
                },
                "logicalLocations": [
                    {"name": name(finding.urn), "fullyQualifiedName": finding.urn, "kind": "resource"}
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(finding, seen)},
        "properties": {"urn": finding.urn, "type": finding.type, "code": finding.code, "tag": finding.tag},
    }


def _message(finding: ReportedFinding) -> str:
    above = f", {above_it(finding)}" if finding.chain else ""
    lines = [f"{name(finding.urn)}: {finding.message}", f"({finding.type}{above})"]
    fixes = fix_lines([finding])
    text = "\n".join(map(printable, [*lines, *(["", "Fix:"] if fixes else []), *fixes]))
    text = cut(text, MESSAGE).replace("](", "] (")  # otherwise a link, also in plain text
    return re.sub(r"\{(\d+)\}", r"{{\1}}", text)  # otherwise a placeholder


def _fingerprint(finding: ReportedFinding, seen: Counter[str]) -> str:
    """Return by what GitHub knows an alert again: it reads this name alone, and would take a hash of the line for it.

    Findings of one line would then be one alert: those of a loop, or two tags missing from one resource.
    """
    parts = "\0".join((finding.policy, finding.code, finding.tag or "", finding.urn))
    digest = sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _encoded(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="surrogatepass")
