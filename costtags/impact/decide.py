"""A call that was made + the policies now wanted -> denied, allowed, or cannot tell, and why.

The decision is that of costtags.documents.evaluate. What an event does not show is tried in every way that can make
a difference: only where the decision then differs is it not told.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from costtags.documents.evaluate import Given, Other, compared, matched
from costtags.documents.three_valued import Asked, Statement, Unknown, decide, each_condition
from costtags.impact.events import ROOT, SERVICE, SERVICE_LINKED, Call
from costtags.impact.shown import arns, creations, given_by, why

Kind = Literal["scp", "iam"]

DENIED, ALLOWED, UNTOLD = "denied", "allowed", "cannot tell"


@dataclass(frozen=True)
class Policy:
    """A policy, or the parts of one that was split, with its Deny statements."""

    name: str
    kind: Kind
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Known:
    """What is known besides the events."""

    management_account: str | None = None
    propagation: bool = True
    """Whether some domain may hand its tags on (TagPropagation)."""


@dataclass(frozen=True)
class Verdict:
    """What would have happened to a call; ``by`` are the Sids of the statements that deny."""

    decision: str
    why: tuple[str, ...] = ()
    by: tuple[str, ...] = ()


# --- Whom policies reach ----------------------------------------------------------------------------------------------

# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
_NOT_REACHED: Mapping[tuple[Kind, str], str] = {
    ("scp", SERVICE): "service control policies do not reach AWS services",
    ("scp", SERVICE_LINKED): "service control policies do not reach service-linked roles",
    ("iam", SERVICE): "IAM policies do not reach AWS services",
    ("iam", SERVICE_LINKED): "no IAM policy can be attached to a service-linked role",
    ("iam", ROOT): "IAM policies do not reach the root user",
}


def _not_reached(kind: Kind, call: Call, known: Known) -> str | None:
    if kind == "scp" and known.management_account and call.account == known.management_account:
        return "service control policies do not reach the management account"
    return _NOT_REACHED.get((kind, call.kind))


# --- The decision -----------------------------------------------------------------------------------------------------


def judge(policies: Sequence[Policy], known: Known) -> Callable[[Call], Verdict | None]:
    """Return what judges a call: None for one that no policy is about.

    Calls that differ in nothing that counts are judged once.
    """
    named = [(policy, _named(policy, alone=len(policies) == 1)) for policy in policies]
    done: dict[Any, Verdict | None] = {}
    by_action: dict[str, list[_About]] = {}

    def judged(call: Call) -> Verdict | None:
        key = (
            *(call.action, call.region, call.account, call.owner, call.kind, call.principal, call.exact),
            *(call.invoked_by, call.tags, call.untold, call.resource),
        )
        if key not in done:
            if len(done) > 100_000:
                done.clear()
            if call.action not in by_action:
                by_action[call.action] = list(_about(named, call.action))
            done[key] = _judged(by_action[call.action], call, known)
        return done[key]

    return judged


def _named(policy: Policy, *, alone: bool) -> list[tuple[str, Statement]]:
    names: dict[str, Statement] = {}
    for number, statement in enumerate(policy.statements, 1):
        name = str(statement.get("Sid") or f"statement {number}")
        name = name if alone else f"{policy.name} {name}"
        names[name if name not in names else f"{name} ({number})"] = statement
    return list(names.items())


Named = tuple[tuple[str, Statement], ...]


@dataclass(frozen=True)
class _About:
    """The statements of a policy that are about an action, and about the AddTags that accompanies it."""

    policy: Policy
    itself: Named
    adding: Named


def _about(policies: Sequence[tuple[Policy, list[tuple[str, Statement]]]], action: str) -> Iterator[_About]:
    for policy, statements in policies:
        itself = tuple(one for one in statements if matched(one[1], (action,)))
        adding = tuple(one for one in statements if _on_creation(one[1])) if action in creations() else ()
        if itself or adding:
            yield _About(policy, itself, adding)


def _judged(policies: Sequence[_About], call: Call, known: Known) -> Verdict | None:
    found: list[Verdict] = []
    for about in policies:
        if about.itself or call.tags or call.untold:
            beyond = _not_reached(about.policy.kind, call, known)
            found.append(Verdict(ALLOWED, (beyond,)) if beyond else _by_policy(about, call, known))
    if not found:
        return None
    for decision in (DENIED, UNTOLD, ALLOWED):
        same = [one for one in found if one.decision == decision]
        if same:
            whys, bys = ({text: None for one in same for text in texts} for texts in _columns(same))
            return Verdict(decision, tuple(whys), tuple(bys))
    return None


def _columns(verdicts: Sequence[Verdict]) -> Iterator[list[str]]:
    yield [text for one in verdicts for text in one.why]
    yield [text for one in verdicts for text in one.by]


def _by_policy(about: _About, call: Call, known: Known) -> Verdict:
    resources = arns(call)

    def decided(more_tags: bool) -> tuple[bool | None, tuple[str, ...], Unknown]:
        given = given_by(call, more_tags=more_tags)
        denied, by, keys = _strictest([decide(Asked(about.itself, given, one)) for one in resources])
        if denied or not (about.adding and (call.tags or more_tags)):
            return denied, by, keys
        given = given_by(call, more_tags=more_tags, created_by=call.action)
        tagging, by_tagging, more_keys = decide(Asked(about.adding, given, resources[0]))
        if tagging and not call.tags:  # without any tag there is no AddTags
            tagging, by_tagging, more_keys = None, (), frozenset({"aws:tagkeys"})
        return tagging or (None if denied is None else tagging), by_tagging, keys | more_keys

    denied, by, keys = decided(bool(call.untold))
    reasons = tuple(dict.fromkeys(why(key, call) for key in sorted(keys)))
    added = _added(call, known)
    if denied and added and not call.untold and not decided(True)[0]:
        # What is missing may be handed on; what is handed on is taken to be right.
        return Verdict(UNTOLD, (added,))
    return Verdict(DENIED, by=by) if denied else Verdict(ALLOWED) if denied is False else Verdict(UNTOLD, reasons)


def _strictest(
    decided: Sequence[tuple[bool | None, tuple[str, ...], Unknown]],
) -> tuple[bool | None, tuple[str, ...], Unknown]:
    """Return what AWS decides of a call on several resources: it denies where it denies on one."""
    for decision in (True, None):
        if same := [one for one in decided if one[0] is decision]:
            bys, keys = ([*dict.fromkeys(name for one in same for name in one[1])], [one[2] for one in same])
            return decision, tuple(bys), frozenset().union(*keys)
    return False, (), frozenset()


_PROPAGATES = (
    "the domain may hand tags on (TagPropagation), and whether AWS sees them when it judges the call is not documented"
)
_ON_BEHALF = (
    "SageMaker made the call for the principal, and whether AWS sees the tags that it hands on when it judges the "
    "call is not documented"
)


def _added(call: Call, known: Known) -> str | None:
    """Say why a call may have had more tags than it was made with."""
    if call.invoked_by.startswith("sagemaker"):
        return _ON_BEHALF
    return _PROPAGATES if known.propagation and call.action in creations(by_studio=True) else None


# --- Actions ----------------------------------------------------------------------------------------------------------


def _on_creation(statement: Statement) -> bool:
    """Say whether a statement may be about the AddTags that accompanies a creation."""
    if not matched(statement, ("AddTags",)):
        return False
    some: Given = lambda key: [Other()] if key == "sagemaker:taggingaction" else None  # noqa: E731
    return not any(compared(*one, some) is False for one in each_condition(statement))


def watched(policies: Sequence[Policy]) -> list[str]:
    """Return the actions that some policy is about, sorted: calls of all others need not be read."""
    from costtags.documents.judge import ACTIONS

    actions = tuple(name for names in json.loads(ACTIONS.read_bytes()).values() for name in names)
    found = {name for policy in policies for statement in policy.statements for name in matched(statement, actions)}
    if any(_on_creation(statement) for policy in policies for statement in policy.statements):
        found |= creations() & set(actions)
    return sorted(found)
