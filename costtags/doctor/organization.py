"""The organization: what is switched on, room for policies on the targets of the stack's config."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS
from costtags.account.places import Access
from costtags.doctor.rows import NOT_USED, OK, PROBLEM, Row, guarded
from costtags.doctor.wanted import KINDS, SLOTS, Wanted, kind_of, owner
from costtags.documents.stages import STAGES

CHECK = "organization"
ROOM = "policy-slots"
NO_STAGES = "no stages in the stack's config: name the organization's stack with --stack, if there is one"
NO_ORGANIZATION = "this account is in no organization"
# Organization-wide reports of tag compliance need it; enforcement does not:
# https://docs.aws.amazon.com/organizations/latest/userguide/services-that-can-integrate-tag-policies.html
TAG_POLICIES = "tagpolicies.tag.amazonaws.com"


@dataclass(frozen=True)
class Organization:
    """What every account of an organization may know of it."""

    id: str
    management: str
    all_features: bool


def organization(access: Access) -> Organization | None:
    """Return the caller's organization, or None for an account in none. Raises AWS_ERRORS."""
    try:
        said = access.client(access.account, "organizations").describe_organization()["Organization"]
    except AWS_ERRORS as error:
        if clients.code(error) == "AWSOrganizationsNotInUseException":
            return None
        raise
    return Organization(str(said.get("Id")), str(said.get("MasterAccountId")), said.get("FeatureSet") == "ALL")


def unused(access: Access, wanted: Wanted, check: str, what: str) -> Row | None:
    """Return the row of a check that has no policies to look at: no stages, or no organization.

    Where AWS does not say which organization the account is in, it may be in one.
    """
    if not wanted.documents:
        return Row(check, what, "", NOT_USED, NO_STAGES)
    try:
        none = organization(access) is None
    except AWS_ERRORS:
        return None
    return Row(check, what, access.account, NOT_USED, NO_ORGANIZATION) if none else None


def pages(client: Any, operation: str, key: str, **given: Any) -> list[dict[str, Any]]:
    """Return what all pages of a call hold. Raises AWS_ERRORS.

    Organizations can give an empty page with a token, and has no paginator for its newer calls.
    """
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = getattr(client, operation)(**given, **token)
        found += answer.get(key, [])
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}


def above(client: Any, target: str) -> frozenset[str]:
    """Return the ids of the root and the OUs above a target. Raises AWS_ERRORS."""
    found: list[str] = []
    while not target.startswith("r-"):
        parents = pages(client, "list_parents", "Parents", ChildId=target)
        if not parents or parents[0]["Id"] in found:
            break
        target = str(parents[0]["Id"])
        found.append(target)
    return frozenset(found)


def check(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield whether policies can be used, trusted access is given, and who else administers."""
    own = organization(access)
    if own is None:
        if wanted.documents:
            why = f"{NO_ORGANIZATION}, and the stack's config has stages"
            fix = "use the management account's credentials (--profile), or another stack (--stack)"
            yield Row(CHECK, "organization", access.account, PROBLEM, why, fix)
        else:
            yield Row(CHECK, "organization", access.account, NOT_USED, NO_ORGANIZATION)
        return
    if own.all_features:
        yield Row(CHECK, "feature set", own.id, OK, "all features")
    else:
        why = "only consolidated billing: no policy can be attached anywhere"
        yield Row(CHECK, "feature set", own.id, PROBLEM, why, "aws organizations enable-all-features")
    client = access.client(access.account, "organizations")
    yield from guarded(_types(client, wanted), CHECK, "policy types", own.id)
    yield from guarded(_trusted(client, wanted), CHECK, "trusted access", TAG_POLICIES)
    yield from guarded(_administrators(client), CHECK, "delegated administrators", own.id)


def _types(client: Any, wanted: Wanted) -> Iterator[Row]:
    needed = {kind_of(name) for name in wanted.documents}
    for root in pages(client, "list_roots", "Roots"):
        status = {one["Type"]: one["Status"] for one in root.get("PolicyTypes", [])}
        for kind in SLOTS:
            what = f"policy type {kind}"
            where = str(root["Id"])
            now = status.get(kind)
            if now == "ENABLED":
                yield Row(CHECK, what, where, OK, "enabled")
            elif kind not in needed:
                yield Row(CHECK, what, where, NOT_USED, "not enabled, and no stage of the stack's config needs it")
            else:
                fix = f"aws organizations enable-policy-type --root-id {where} --policy-type {kind}"
                yield Row(CHECK, what, where, PROBLEM, "not enabled" if now is None else now.lower(), fix)


def _trusted(client: Any, wanted: Wanted) -> Iterator[Row]:
    listed = pages(client, "list_aws_service_access_for_organization", "EnabledServicePrincipals")
    what = "trusted access of tag policies"
    if any(one.get("ServicePrincipal") == TAG_POLICIES for one in listed):
        yield Row(CHECK, what, TAG_POLICIES, OK, "given")
    elif not wanted.documents:
        yield Row(CHECK, what, TAG_POLICIES, NOT_USED, "not given, and no stage of the stack's config needs it")
    else:
        fix = f"aws organizations enable-aws-service-access --service-principal {TAG_POLICIES}"
        why = "not given: there is no compliance report of the whole organization"
        yield Row(CHECK, what, TAG_POLICIES, PROBLEM, why, fix)


def _administrators(client: Any) -> Iterator[Row]:
    listed = pages(client, "list_delegated_administrators", "DelegatedAdministrators")
    named = ", ".join(sorted(str(one["Id"]) for one in listed))
    what = "delegated administrators"
    yield Row(CHECK, what, named, OK, f"{named}: who administers a service for the organization" if named else "none")


def check_room(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield for each target of the stages whether the policies that it still lacks can be attached."""
    if (row := unused(access, wanted, ROOM, "targets")) is not None:
        yield row
        return
    client = access.client(access.account, "organizations")
    for target, stage in sorted(wanted.stage_of.items()):
        for kind in SLOTS:
            names = [name for name in STAGES[stage] if kind_of(name) == kind]
            if names:
                rows = _room(client, wanted, target, kind, names)
                yield from guarded(rows, ROOM, f"room for a {KINDS[kind]} on {target}", target)


def _room(client: Any, wanted: Wanted, target: str, kind: str, names: list[str]) -> Iterator[Row]:
    what = f"{KINDS[kind]} slots of {target}"
    # Those of the target itself: inherited ones take no slot.
    attached = pages(client, "list_policies_for_target", "Policies", TargetId=target, Filter=kind)
    parts = {name: len(wanted.parts(name)) for name in names}
    there = _ours(attached, names)
    lacking = sum(max(0, parts[name] - there.get(name, 0)) for name in names)
    free = SLOTS[kind] - len(attached)
    said = f"{len(attached)} of {SLOTS[kind]} slots taken"
    if lacking > free:
        why = f"{said}: {lacking} more of ours are needed, and there is room for {max(0, free)}"
        fix = (
            "detach or merge others there (aws organizations list-policies-for-target --target-id "
            f"{target} --filter {kind}), or shorten the lists of values in tags.yaml"
        )
        yield Row(ROOM, what, target, PROBLEM, why, fix)
    else:
        yield Row(ROOM, what, target, OK, f"{said}, {sum(there.values())} by ours; {lacking} more of ours needed")


def _ours(attached: list[dict[str, Any]], names: list[str]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for one in attached:
        found = owner(str(one.get("Name")), one.get("Description"), names)
        if found is not None:
            counts[found[1]] = counts.get(found[1], 0) + 1
    return counts
