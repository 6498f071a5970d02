"""A call that was made + the policies now wanted -> denied, allowed, or cannot tell, and why.

The decision is that of costtags.documents.evaluate. What an event does not show is tried in every way that can make
a difference: only where the decision then differs is it not told.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from costtags.catalog import sagemaker_types
from costtags.documents.evaluate import MORE, Given, Other, compared, matched
from costtags.documents.three_valued import Asked, Statement, Unknown, decide, each_condition
from costtags.impact.events import FEDERATED, ROLE, ROOT, SERVICE, SERVICE_LINKED, USER, Call

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


# --- What a call says to the condition keys ---------------------------------------------------------------------------

_PROPAGATES = (
    "the domain may hand tags on (TagPropagation), and whether AWS sees them when it judges the call is not documented"
)
_ON_BEHALF = (
    "SageMaker made the call for the principal, and whether AWS sees the tags that it hands on when it judges the "
    "call is not documented"
)
# Beginning of a condition key -> why the event does not tell it.
_UNSHOWN = (
    ("aws:requesttag/", ""),  # said by the call itself
    ("aws:tagkeys", ""),
    ("aws:principaltag/", "the event does not show the principal's tags ({})"),
    ("aws:resourcetag/", "the event does not show the tags that the resource had"),
    ("aws:principalarn", "the event does not show the principal's ARN in full"),
    ("sagemaker:", "{} is not read from events"),
    ("", "the event does not show {}"),
)
_RESOURCE = "the policy names resources, and the event does not show the resource's ARN"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-tableofvalues
_TYPES = {ROLE: "AssumedRole", SERVICE_LINKED: "AssumedRole", USER: "User", ROOT: "Account", FEDERATED: "FederatedUser"}


def _given(call: Call, *, more_tags: bool, created_by: str | None = None) -> Given:
    """Return what a call says to condition keys; ``created_by`` is the creation that an AddTags accompanies."""
    tags: list[tuple[str, str | Other]] = [(key, Other() if value is None else value) for key, value in call.tags]
    known: dict[str, list[str | Other]] = {
        "aws:tagkeys": [*(key for key, _ in tags), *([MORE] if more_tags else [])],
        "sagemaker:taggingaction": [created_by] if created_by else [],
        "aws:requestedregion": [call.region],
        "aws:principalaccount": [call.account],
    }
    known["aws:principalisawsservice"] = [str(call.kind == SERVICE).lower()]
    if not call.invoked_by:
        # Where a service has called, the event does not tell whether with the principal's credentials:
        # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
        known |= {
            "aws:viaawsservice": ["false"],
            "aws:calledvia": [],
            "aws:calledviafirst": [],
            "aws:calledvialast": [],
        }
    if call.exact:
        known["aws:principalarn"] = [call.principal]
    if call.kind in _TYPES:
        known["aws:principaltype"] = [_TYPES[call.kind]]
    deletes = call.action.lower() == "deletetags"

    def given(key: str) -> Sequence[str | Other] | None:
        if key in known:
            return known[key]
        if key.startswith("aws:requesttag/"):
            name = key.partition("/")[2]
            found = [] if deletes else [value for tag, value in tags if tag.lower() == name]
            return None if more_tags and not found and not deletes else found
        # Keys of other services are never there.
        return None if key.startswith(("aws:", "sagemaker:")) else []

    return given


# --- The decision -----------------------------------------------------------------------------------------------------


def judge(policies: Sequence[Policy], known: Known) -> Callable[[Call], Verdict | None]:
    """Return what judges a call: None for one that no policy is about, and for one that failed anyway.

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
        adding = tuple(one for one in statements if _on_creation(one[1])) if action in _creations() else ()
        if itself or adding:
            yield _About(policy, itself, adding)


def _judged(policies: Sequence[_About], call: Call, known: Known) -> Verdict | None:
    found: list[Verdict] = []
    for about in policies:
        if about.itself or call.tags or call.untold:
            why = _not_reached(about.policy.kind, call, known)
            found.append(Verdict(ALLOWED, (why,)) if why else _by_policy(about, call, known))
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
    kind = _kinds().get(call.action, "")
    arn = _arn(call, kind)
    arns = (arn, *(_arn(call, one) for one in _ALSO.get(call.action, ())))

    def decided(more_tags: bool) -> tuple[bool | None, tuple[str, ...], Unknown]:
        given = _given(call, more_tags=more_tags)
        denied, by, keys = _strictest([decide(Asked(about.itself, given, one)) for one in arns])
        if denied or not (about.adding and (call.tags or more_tags)):
            return denied, by, keys
        given = _given(call, more_tags=more_tags, created_by=call.action)
        tagging, by_tagging, more_keys = decide(Asked(about.adding, given, arn))
        if tagging and not call.tags:  # without any tag there is no AddTags
            tagging, by_tagging, more_keys = None, (), frozenset({"aws:tagkeys"})
        return tagging or (None if denied is None else tagging), by_tagging, keys | more_keys

    denied, by, keys = decided(bool(call.untold))
    why = tuple(dict.fromkeys(_why(key, call) for key in sorted(keys)))
    added = _added(call, known)
    if denied and added and not call.untold and not decided(True)[0]:
        # What is missing may be handed on; what is handed on is taken to be right.
        return Verdict(UNTOLD, (added,))
    return Verdict(DENIED, by=by) if denied else Verdict(ALLOWED) if denied is False else Verdict(UNTOLD, why)


def _strictest(
    decided: Sequence[tuple[bool | None, tuple[str, ...], Unknown]],
) -> tuple[bool | None, tuple[str, ...], Unknown]:
    """Return what AWS decides of a call on several resources: it denies where it denies on one."""
    for decision in (True, None):
        if same := [one for one in decided if one[0] is decision]:
            bys, keys = ([*dict.fromkeys(name for one in same for name in one[1])], [one[2] for one in same])
            return decision, tuple(bys), frozenset().union(*keys)
    return False, (), frozenset()


def _why(key: str, call: Call) -> str:
    if not key:
        return _RESOURCE
    if key.startswith("operator "):
        return f"{key.removeprefix('operator ')} is an operator that is not judged here"
    words = next(words for start, words in _UNSHOWN if key.startswith(start))
    return words.format(key) if words else call.untold or "the event hides the value of a tag"


def _added(call: Call, known: Known) -> str | None:
    """Say why a call may have had more tags than it was made with."""
    if call.invoked_by.startswith("sagemaker"):
        return _ON_BEHALF
    return _PROPAGATES if known.propagation and call.action in _creations(by_studio=True) else None


# --- Actions ----------------------------------------------------------------------------------------------------------


@cache
def _kinds() -> Mapping[str, str]:
    """Actions -> the type in the ARN of what they create or change."""
    rows = [(row, row.arn.split(":", 5)[5].partition("/")[0]) for row in sagemaker_types() if row.arn]
    return {action: kind for row, kind in rows for action in (*row.create, *row.retag)}


@cache
def _creations(*, by_studio: bool = False) -> frozenset[str]:
    """The actions that create what can be tagged, or those of them that Studio calls."""
    return frozenset(action for row in sagemaker_types() if row.studio or not by_studio for action in row.create)


# Actions that AWS decides on resources of other types besides the one that they create:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemakerai.html
_ALSO: Mapping[str, tuple[str, ...]] = {
    "CreateClusterSchedulerConfig": ("cluster",),
    "CreateComputeQuota": ("cluster",),
    "CreateEndpoint": ("endpoint-config",),
    "CreateHubContentReference": ("hub",),
    "CreateInferenceComponent": ("endpoint",),
    "CreateTrial": ("experiment",),
    "ImportHubContent": ("hub",),
}


def _arn(call: Call, kind: str) -> str:
    if call.resource:
        return call.resource
    partition = "aws-cn" if call.region.startswith("cn-") else "aws-us-gov" if "gov" in call.region else "aws"
    return f"arn:{partition}:sagemaker:{call.region}:{call.owner}:{f'{kind}/*' if kind else '*'}"


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
        found |= _creations() & set(actions)
    return sorted(found)
