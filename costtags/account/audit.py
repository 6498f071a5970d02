"""What an audit of live accounts found: the data, and its JSON, a stable contract that `repair plan --audit` reads."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, get_args

from costtags.account.places import Place, Unreachable

Level = Literal["mandatory", "advisory", "exempt"]
Source = Literal["api", "config"]
VERSION = 1
PREFIX = "sagemaker:"
"""What stands before the catalogue's name in a type, as tag policies name types."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """What is wrong with one tag of a live resource, and what to do about it; ``tag`` is None for one on the whole."""

    policy: str
    level: Level
    code: str
    tag: str | None
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class AuditedResource:
    """A live resource with its tags; ``type`` is ``sagemaker:endpoint``, ``cost`` last month's, None where unknown."""

    arn: str
    type: str
    name: str
    account: str
    region: str
    created: str | None
    tags: Mapping[str, str]
    findings: tuple[AuditFinding, ...] = ()
    cost: Decimal | None = None

    @property
    def blocked(self) -> bool:
        """Whether a mandatory finding is among its own."""
        return any(finding.level == "mandatory" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Costs:
    """What the bill said of a month: amounts in its currency."""

    month: str
    complete: bool
    """Whether the bill reaches the month's end."""
    currency: str
    total: Decimal
    """All of SageMaker's spend in the month, as billed."""
    without_id: Decimal
    """What the bill gives to no resource."""
    unmatched: Decimal
    """What it gives to resources that were not audited: deleted since, finished jobs, other accounts."""
    unmatched_resources: int


@dataclass(frozen=True, slots=True)
class Audit:
    """All that an audit has to tell; resources are sorted by ARN, and by cost first where costs were asked for."""

    source: Source
    judged_by: str
    """The tags.yaml."""
    at: str
    """When the reading began; a journal's beginning where there is one."""
    since: str | None
    """The time from which on jobs were looked at; None: none were."""
    resources: tuple[AuditedResource, ...]
    unreachable: tuple[Unreachable, ...] = ()
    """What could not be read, and why: never a reason to believe that it is right."""
    not_judged: tuple[Unreachable, ...] = ()
    """What was left out as it had to be, and why."""
    notes: tuple[str, ...] = ()
    """What else is to be known: entries of exemptions.yaml, other ways that were taken."""
    gone: int = 0
    """How many were deleted while the audit ran."""
    costs: Costs | None = None
    places: tuple[Place, ...] = ()
    """Where was looked, also where nothing was found."""
    levels: tuple[tuple[str, str], ...] = ()
    """The policies whose level is not the default one, and that level."""

    @property
    def findings(self) -> list[AuditFinding]:
        """Every finding, in the order of the resources."""
        return [finding for resource in self.resources for finding in resource.findings]

    @property
    def blocked(self) -> bool:
        """Whether a mandatory finding, or anything unreachable, remains."""
        return bool(self.unreachable) or any(resource.blocked for resource in self.resources)


def ordered(resources: Iterable[AuditedResource]) -> tuple[AuditedResource, ...]:
    """Sort resources by cost, the dearest first, then by ARN."""
    return tuple(sorted(resources, key=lambda one: (-(one.cost or Decimal(0)), one.arn)))


# ---- the summary


def summary(audit: Audit) -> dict[str, Any]:
    """Count an audit: by type and account, the compliant fraction, what was left out, the money."""
    wrong = [resource for resource in audit.resources if resource.blocked]
    total = len(audit.resources)
    made: dict[str, Any] = {
        "resources": total,
        "with_findings": len(wrong),
        "compliant": fraction(total - len(wrong), total),
        "findings": _by_level(audit),
        "by_code": dict(sorted(Counter(f.code for f in audit.findings if f.level != "exempt").items())),
        "by_type": _groups(audit.resources, "type"),
        "by_account": _groups(audit.resources, "account"),
        "by_region": _groups(audit.resources, "region"),
        "unreachable": len(audit.unreachable),
        "gone": audit.gone,
        "cost": None,
    }
    if audit.costs is not None:
        seen = sum((one.cost or Decimal(0) for one in audit.resources), Decimal(0))
        untagged = sum((one.cost or Decimal(0) for one in wrong), Decimal(0))
        made["cost"] = {
            "month": audit.costs.month,
            "complete": audit.costs.complete,
            "currency": audit.costs.currency,
            "with_findings": amount_text(untagged),
            "audited": amount_text(seen),
            "unmatched": amount_text(audit.costs.unmatched),
            "unmatched_resources": audit.costs.unmatched_resources,
            "without_id": amount_text(audit.costs.without_id),
            "total": amount_text(audit.costs.total),
        }
    return made


def amount_text(amount: Decimal) -> str:
    """Write an amount in full, without the zeros that only say how a bill's columns were made: 12.5."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def fraction(part: int, whole: int) -> str | None:
    """Return a share with three digits, cut so that only the whole is 1.000; None of nothing."""
    return f"{part * 1000 // whole / 1000:.3f}" if whole else None


def _by_level(audit: Audit) -> dict[str, int]:
    counted = Counter(finding.level for finding in audit.findings)
    return {level: counted[level] for level in get_args(Level)}


def _groups(resources: Sequence[AuditedResource], attribute: str) -> dict[str, dict[str, int]]:
    total = Counter(getattr(one, attribute) for one in resources)
    wrong = Counter(getattr(one, attribute) for one in resources if one.blocked)
    return {name: {"resources": total[name], "with_findings": wrong[name]} for name in sorted(total)}


# ---- JSON


def as_json(audit: Audit, *, only_findings: bool = False) -> str:
    """Write an audit as JSON; ``read_json`` gives it back, of which some resources may be left out."""
    from costtags.gate.formats.as_json import json_text

    return json_text(
        {
            "version": VERSION,
            "source": audit.source,
            "judged_by": audit.judged_by,
            "at": audit.at,
            "since": audit.since,
            "places": [{"account": one.account, "region": one.region} for one in audit.places],
            "resources": [_resource(one) for one in audit.resources if one.findings or not only_findings],
            "unreachable": [{"what": one.what, "why": one.why} for one in audit.unreachable],
            "not_judged": [{"what": one.what, "why": one.why} for one in audit.not_judged],
            "notes": list(audit.notes),
            "levels": dict(audit.levels),
            "summary": summary(audit),
        }
    )


def _resource(one: AuditedResource) -> dict[str, Any]:
    names = ("policy", "level", "code", "tag", "message", "fix")
    return {
        "arn": one.arn,
        "type": one.type,
        "name": one.name,
        "account": one.account,
        "region": one.region,
        "created": one.created,
        "tags": dict(sorted(one.tags.items())),
        "findings": [{name: getattr(finding, name) for name in names} for finding in one.findings],
        "cost": None if one.cost is None else amount_text(one.cost),
    }


def read_json(text: str) -> Audit:
    """Read what ``as_json`` wrote. Raises ValueError that says what is wrong and where."""
    from pydantic import TypeAdapter, ValidationError

    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno} is not JSON: {error.msg}") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if not isinstance(data, dict) or "resources" not in data or "version" not in data:
        raise ValueError("is not what `costtags audit --format json` writes")
    if data["version"] != VERSION:
        raise ValueError(f"is an audit of version {json.dumps(data['version'])}; this costtags reads version {VERSION}")
    counted = data["summary"] if isinstance(data.get("summary"), dict) else {}
    levels = data["levels"].items() if isinstance(data.get("levels"), dict) else ()
    whole = {**data, "gone": counted.get("gone", 0), "costs": counted.get("cost"), "levels": tuple(levels)}
    try:
        return TypeAdapter(Audit).validate_python(whole)
    except ValidationError as error:
        said = [f"{_place(one['loc'])}: {one['msg'].lower()}" for one in error.errors(include_url=False)]
        more = [f"and {len(said) - 10} more"] if len(said) > 10 else []
        raise ValueError("; ".join([*said[:10], *more])) from None


def _place(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
