"""SCPs and tag policies of the organization against those of tags.yaml: what they decide, where they are attached."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costtags.account.clients import AWS_ERRORS
from costtags.account.places import Access
from costtags.doctor import tag_policies
from costtags.doctor.compare import Difference, compare
from costtags.doctor.organization import above, pages, unused
from costtags.doctor.rows import NOT_USED, OK, PROBLEM, Row, guarded, unknown
from costtags.doctor.rules import NotAPolicy
from costtags.doctor.wanted import KINDS, SLOTS, TAG_POLICY, Wanted, kind_of, owner
from costtags.documents.stages import STAGES
from costtags.documents.table import BY_NAME

CHECK = "organization-policies"
DEPLOY = "pulumi up on the organization's stack"
DOCUMENTS = tuple(name for name in BY_NAME if name.startswith(("scp-", "tag-policy")))
# The action of a budget attaches it.
SPEND = "scp-deny-new-spend"


@dataclass(frozen=True)
class Deployed:
    """A policy of ours as Organizations has it."""

    id: str
    arn: str
    name: str
    prefix: str
    document: str
    content: Mapping[str, Any]
    targets: frozenset[str]


def parsed(text: Any) -> Mapping[str, Any]:
    """Read a policy's text. Raises NotAPolicy."""
    try:
        policy = json.loads(text)
    except (TypeError, ValueError) as error:
        raise NotAPolicy("it is no JSON") from error
    if not isinstance(policy, dict):
        raise NotAPolicy("it is no JSON object")
    return policy


def check(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield for each document of the stages whether its policies decide as tags.yaml says, where they should."""
    if (row := unused(access, wanted, CHECK, "policies")) is not None:
        yield row
        return
    client = access.client(access.account, "organizations")
    for kind in SLOTS:
        rows = _of_kind(client, wanted, kind)
        yield from guarded(rows, CHECK, f"{KINDS[kind]} policies" if kind == TAG_POLICY else "SCPs")


def _of_kind(client: Any, wanted: Wanted, kind: str) -> Iterator[Row]:
    listed = pages(client, "list_policies", "Policies", Filter=kind)
    groups: dict[str, list[Deployed]] = defaultdict(list)
    unread: set[str] = set()
    for one in sorted(listed, key=lambda policy: (str(policy.get("Name")), str(policy.get("Id")))):
        found = owner(str(one.get("Name")), one.get("Description"), DOCUMENTS)
        if found is None:
            continue
        what, where = f"{KINDS[kind]} {one['Name']}", str(one["Id"])
        try:
            groups[found[1]].append(_deployed(client, one, *found))
        except NotAPolicy as error:
            yield Row(CHECK, what, where, PROBLEM, f"no policy can be read of it: {error}", DEPLOY)
            unread.add(found[1])
        except AWS_ERRORS as error:
            yield unknown(error, CHECK, what, where)
            unread.add(found[1])
    names = [name for name in DOCUMENTS if kind_of(name) == kind]
    for name in names:
        if name not in unread:
            yield from _of_document(client, wanted, name, groups[name])


def _deployed(client: Any, summary: Mapping[str, Any], prefix: str, document: str) -> Deployed:
    policy = client.describe_policy(PolicyId=summary["Id"])["Policy"]
    targets = pages(client, "list_targets_for_policy", "Targets", PolicyId=summary["Id"])
    content = parsed(policy.get("Content"))
    return Deployed(
        str(summary["Id"]),
        str(summary.get("Arn", summary["Id"])),
        str(summary["Name"]),
        prefix,
        document,
        content,
        frozenset(str(target["TargetId"]) for target in targets),
    )


def _of_document(client: Any, wanted: Wanted, name: str, policies: list[Deployed]) -> Iterator[Row]:
    kind = KINDS[kind_of(name)]
    needed = _needed(wanted, name)
    if not policies:
        if needed:
            yield Row(CHECK, f"{kind} {name}", "", PROBLEM, "not deployed: no policy of this name", DEPLOY)
        return
    groups: dict[str, list[Deployed]] = defaultdict(list)
    for policy in policies:
        groups[policy.prefix].append(policy)
    for prefix, group in sorted(groups.items()):
        what = f"{kind} {f'{prefix}-' if prefix else ''}{name}"
        where = ", ".join(policy.id for policy in group)
        if not needed:
            yield _unneeded(what, where, group)
            continue
        contents = [policy.content for policy in group]
        rows = content_rows(CHECK, what, where, wanted, name, contents, DEPLOY)
        yield from guarded(rows, CHECK, what, where)
        if name != SPEND:
            yield from guarded(_attachments(client, wanted, what, name, group), CHECK, what, where)


def _needed(wanted: Wanted, name: str) -> bool:
    acting = any(budget.action is not None and budget.action.apply == SPEND for budget in wanted.schema.budgets)
    return name in wanted.documents or (name == SPEND and acting)


def _unneeded(what: str, where: str, group: list[Deployed]) -> Row:
    targets = sorted({target for policy in group for target in policy.targets})
    if targets:
        why = f"attached to {', '.join(targets)}, and no stage of the stack's config needs it"
        return Row(CHECK, what, where, PROBLEM, why, "detach it, or name the targets in the stages of the config")
    return Row(CHECK, what, where, NOT_USED, "attached nowhere, and nothing needs it")


def content_rows(
    check: str,
    what: str,
    where: str,
    wanted: Wanted,
    name: str,
    contents: Sequence[Mapping[str, Any]],
    deploy: str,
) -> Iterator[Row]:
    """Yield in what deployed policies of a document decide otherwise than tags.yaml has it, or that they do not.

    Raises DocumentError.
    """
    try:
        found = _differences(name, contents, wanted.parts(name))
    except NotAPolicy as error:
        yield Row(check, what, where, PROBLEM, f"no policy can be read of it: {error}", deploy)
        return
    if not found:
        yield Row(check, what, where, OK, "decides as tags.yaml says")
    yield from (Row(check, what, where, PROBLEM, str(one), deploy) for one in found)


def _differences(
    name: str, deployed: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
) -> list[Difference]:
    if name.startswith("tag-policy"):
        return tag_policies.differences(tag_policies.tags_of(deployed), tag_policies.tags_of(wanted))
    return compare(deployed, wanted)


def _attachments(client: Any, wanted: Wanted, what: str, name: str, group: list[Deployed]) -> Iterator[Row]:
    targets = {target for target, stage in wanted.stage_of.items() if name in STAGES[stage]}
    sound = True
    for policy in group:
        kind = KINDS[kind_of(name)]
        for target in sorted(targets - policy.targets):
            if over := sorted(policy.targets & above(client, target)):
                yield Row(CHECK, f"{kind} {policy.name}", target, OK, f"inherited from {', '.join(over)}")
                continue
            sound = False
            fix = f"{DEPLOY}, or aws organizations attach-policy --policy-id {policy.id} --target-id {target}"
            yield Row(CHECK, f"{kind} {policy.name}", target, PROBLEM, f"{policy.id} is not attached to it", fix)
        for target in sorted(policy.targets - targets):
            sound = False
            stage = wanted.stage_of.get(target)
            why = f"attached, and {f'its stage is {stage}' if stage else 'no stage of the stack config names it'}"
            fix = f"{DEPLOY}, or name {target} under the right stage"
            yield Row(CHECK, f"{kind} {policy.name}", target, PROBLEM, why, fix)
    if sound and targets:
        yield Row(CHECK, what, ", ".join(sorted(targets)), OK, "in force on every target of its stages")
