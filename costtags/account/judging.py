"""An inventory + tags.yaml + exemptions.yaml -> an audit: the same check as before creation, the same exemptions."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from costtags.account.audit import PREFIX, AuditedResource, AuditFinding, Costs, Level
from costtags.account.inventory import Found
from costtags.account.places import Place
from costtags.catalog import SageMakerType, sagemaker_types
from costtags.check import Finding, check, check_propagation
from costtags.effective import EffectiveTags, TagValue
from costtags.exemptions import Exemption, Exemptions
from costtags.schema import Schema

_DOMAIN_TYPE = "aws:sagemaker/domain:Domain"
_PLAIN = re.compile(r"[\w.:/+@][\w.:/+@-]*")
_PLACEHOLDER = "<value>"
"""Where no one can say which value: AWS refuses it as it stands, so that no one pastes it by accident."""
_AWS_KEYS = "aws:"
"""AWS sets them itself; they count towards no limit and need no allowing."""


@dataclass(frozen=True)
class Rules:
    """What an audit judges by."""

    schema: Schema
    exemptions: Exemptions
    levels: Mapping[str, str]


def judged(
    rules: Rules, found: Iterable[Found], costs: Mapping[str, Decimal] | None
) -> tuple[list[AuditedResource], Counter[Exemption]]:
    """Judge resources; also says how many findings each exemption excused.

    ``costs`` is by ARN in lower case, in which AWS's bill and SageMaker agree.
    """
    rows = {row.name: row for row in sagemaker_types()}
    excused: Counter[Exemption] = Counter()
    resources = []
    for one in found:
        findings = []
        for finding in _found(rules.schema, one):
            entry = rules.exemptions.excusing(one.arn, finding.policy, finding.tag)
            level = _level(rules.levels[finding.policy])
            if level is None:
                continue
            if entry is not None:
                excused[entry] += 1
                level = "exempt"
            fix = fix_of(rules.schema, rows[one.type], one, finding)
            findings.append(AuditFinding(finding.policy, level, finding.code, finding.tag, finding.message, fix))
        resources.append(
            AuditedResource(
                arn=one.arn,
                type=PREFIX + one.type,
                name=one.name,
                account=one.place.account,
                region=one.place.region,
                created=one.created,
                tags=one.tags,
                findings=tuple(findings),
                cost=None if costs is None else costs.get(one.arn.casefold(), Decimal(0)),
            )
        )
    return resources, excused


def _level(configured: str) -> Level | None:
    if configured == "disabled":
        return None
    return "advisory" if configured == "advisory" else "mandatory"


def _found(schema: Schema, one: Found) -> list[Finding]:
    tags = {key: TagValue(value, "resource") for key, value in one.tags.items() if not key.startswith(_AWS_KEYS)}
    findings = check(schema, EffectiveTags(tags))
    if one.propagation is not None:
        findings += check_propagation(_DOMAIN_TYPE, {"tagPropagation": one.propagation})
    return findings


# ---- what to do about a finding


def fix_of(schema: Schema, row: SageMakerType, one: Found, finding: Finding) -> str:
    """Return the AWS CLI's command that mends a finding, or what to do where none does."""
    if finding.code == "no-propagation":
        return _command("update-domain", one, "--domain-id", one.arn.rpartition("/")[2], "--tag-propagation", "ENABLED")
    if finding.code == "too-many":
        return f"{finding.fix} tags: aws sagemaker delete-tags, or costtags repair"
    if not row.taggable_later:
        return "AWS takes its tags at creation only: create it anew with the right ones"
    key = finding.tag or ""
    if finding.code == "unexpected-key":
        return _delete(one, key)
    if finding.code == "wrong-case":
        meant = schema.meant_key(key)
        if meant is None or meant in one.tags:
            return _delete(one, key)
        value = one.tags[key]
        right = schema.tags[meant]
        value = value if right.allows(value) else right.meant_by(value) or right.example
        return f"{_add(one, meant, value)} && {_delete(one, key)}"
    tag = schema.tags[key]
    wrong = one.tags.get(key)
    return _add(one, key, (tag.meant_by(wrong) if wrong else None) or tag.example)


def _add(one: Found, key: str, value: str) -> str:
    value = _PLACEHOLDER if value == "..." else value
    tag = json.dumps([{"Key": key, "Value": value}], ensure_ascii=False)
    if _is_plain(key) and (value == _PLACEHOLDER or _is_plain(value)):
        tag = f"Key={key},Value={value}"
    return _command("add-tags", one, "--resource-arn", one.arn, "--tags", tag)


def _delete(one: Found, key: str) -> str:
    keys = key if _is_plain(key) else json.dumps([key], ensure_ascii=False)
    return _command("delete-tags", one, "--resource-arn", one.arn, "--tag-keys", keys)


def _is_plain(text: str) -> bool:
    """Say whether the AWS CLI takes a text as it is: it reads what file:// and https:// name, - begins an option."""
    return _PLAIN.fullmatch(text) is not None and "://" not in text


def _command(name: str, one: Found, *arguments: str) -> str:
    return shlex.join(["aws", "sagemaker", name, "--region", one.place.region, *arguments])


# ---- exemptions.yaml


def exemption_notes(
    exemptions: Exemptions,
    shown: str,
    excused: Mapping[Exemption, int],
    arns: Sequence[str],
    places: Iterable[Place],
    *,
    everything: bool,
) -> Iterator[str]:
    """Say of each entry with an ARN what it did; ``everything`` where all that is in the places was looked at.

    ``shown`` is how to name exemptions.yaml.
    """
    audited = frozenset(places)
    for entry in sorted((*exemptions.valid, *exemptions.expired), key=lambda entry: entry.line):
        if not entry.resource.startswith("arn:"):
            continue  # a URN is for the preview
        where = f"{shown}:{entry.line}: {entry.resource}"
        if entry in exemptions.expired:
            yield f"{where}: expired on {entry.expires} and excuses nothing; ask {entry.owner}"
        elif count := excused.get(entry, 0):
            many = f"{count} finding{'s' if count > 1 else ''}"
            yield f"{where}: {many} excused until {entry.expires}, by {entry.owner}: {entry.reason}"
        elif any(map(entry.covers, arns)):
            yield f"{where}: excuses nothing any more; remove it"
        elif everything and _lies_in(entry.resource, audited):
            yield f"{where}: matches none of the audited resources"


def _lies_in(glob: str, places: frozenset[Place]) -> bool:
    """Say whether all that a glob of ARNs can name lies in the places."""
    parts = glob.split(":")
    return len(parts) > 5 and Place(parts[4], parts[3]) in places


# ---- money


def costs_of(
    month: str,
    complete: bool,
    currency: str,
    amounts: Mapping[str, Decimal],
    without_id: Decimal,
    arns: Iterable[str],
) -> tuple[dict[str, Decimal], Costs]:
    """Return each ARN's amount, by ARN in lower case, and the month's sums; ``arns`` are those that are audited."""
    folded: dict[str, Decimal] = {}
    for resource, amount in amounts.items():
        folded[resource.casefold()] = folded.get(resource.casefold(), Decimal(0)) + amount
    audited = {arn.casefold() for arn in arns}
    left = [amount for resource, amount in folded.items() if resource not in audited]
    total = sum(folded.values(), without_id)
    unmatched = sum(left, Decimal(0))
    return folded, Costs(month, complete, currency, total, without_id, unmatched, len(left))
