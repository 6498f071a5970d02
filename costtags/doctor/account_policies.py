"""The account's managed policies against those that tags.yaml renders, and whether they are attached."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from costtags.account.clients import AWS_ERRORS
from costtags.account.places import Access
from costtags.doctor.organization_policies import content_rows, parsed
from costtags.doctor.rows import NOT_USED, OK, PROBLEM, Row, guarded, unknown
from costtags.doctor.rules import NotAPolicy
from costtags.doctor.wanted import Wanted, owner
from costtags.documents.table import BY_NAME

CHECK = "iam-policies"
DOCUMENTS = tuple(name for name in BY_NAME if name.startswith("iam-"))
# The action of a budget attaches it.
UNATTACHED = "iam-deny-new-spend"
DEPLOY = "pulumi up on the stack that makes it (IamTagPolicies)"


def check(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield for each managed policy of ours whether it decides as tags.yaml says, and is attached."""
    client = access.client(access.account, "iam")
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for page in client.get_paginator("list_policies").paginate(Scope="Local"):
        for policy in page["Policies"]:
            found = owner(str(policy["PolicyName"]), None, DOCUMENTS)
            if found is not None:
                groups[found].append(policy)
    if not groups:
        yield Row(CHECK, "managed policies", access.account, NOT_USED, "the account has none of tags.yaml")
    for (prefix, name), policies in sorted(groups.items()):
        what = f"IAM policy {f'{prefix}-' if prefix else ''}{name}"
        rows = _of_document(client, wanted, what, name, policies)
        yield from guarded(rows, CHECK, what, ", ".join(sorted(str(policy["Arn"]) for policy in policies)))


def _of_document(client: Any, wanted: Wanted, what: str, name: str, policies: list[Mapping[str, Any]]) -> Iterator[Row]:
    contents: list[Mapping[str, Any]] = []
    where = ", ".join(sorted(str(policy["Arn"]) for policy in policies))
    for policy in policies:
        try:
            contents.append(_document(client, policy))
        except NotAPolicy as error:
            yield Row(CHECK, what, str(policy["Arn"]), PROBLEM, f"no policy can be read of it: {error}", DEPLOY)
        except AWS_ERRORS as error:
            yield unknown(error, CHECK, what, str(policy["Arn"]))
    if len(contents) == len(policies):
        yield from guarded(content_rows(CHECK, what, where, wanted, name, contents, DEPLOY), CHECK, what, where)
    if name != UNATTACHED:
        yield from _attachments(client, what, policies)


def _document(client: Any, policy: Mapping[str, Any]) -> Mapping[str, Any]:
    version = client.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    content = version["PolicyVersion"].get("Document")
    # botocore decodes the URL-encoded text of AWS, and leaves what it cannot parse as it is.
    return content if isinstance(content, dict) else parsed(unquote(str(content)))


def _attachments(client: Any, what: str, policies: list[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield whether the policies of one document are attached to somebody, all of them to the same."""
    attached = {str(policy["Arn"]): _entities(client, policy) for policy in policies}
    everyone = sorted(set().union(*attached.values()))
    if not everyone:
        fix = "name whom it governs: roles, groups or users of IamTagPolicies"
        yield Row(CHECK, what, ", ".join(sorted(attached)), PROBLEM, "attached to no one", fix)
        return
    for arn, entities in sorted(attached.items()):
        what = f"IAM policy {arn.rpartition('/')[2]}"
        if lacking := [one for one in everyone if one not in entities]:
            why = f"not attached to {', '.join(lacking)}, who have other policies of the same document"
            yield Row(CHECK, what, arn, PROBLEM, why, DEPLOY)
        else:
            yield Row(CHECK, what, arn, OK, f"attached to {', '.join(everyone)}")


# What a list of entities names -> what they are.
_ENTITIES = {
    "PolicyRoles": ("RoleName", "role"),
    "PolicyGroups": ("GroupName", "group"),
    "PolicyUsers": ("UserName", "user"),
}


def _entities(client: Any, policy: Mapping[str, Any]) -> set[str]:
    if not policy.get("AttachmentCount"):
        return set()
    pages = client.get_paginator("list_entities_for_policy").paginate(PolicyArn=policy["Arn"])
    return {
        f"{kind} {entity[field]}"
        for page in pages
        for listed, (field, kind) in _ENTITIES.items()
        for entity in page.get(listed, [])
    }
