"""Statements of IAM policies and service control policies: named, explained, and split where they are too large."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from costtags.documents.document import Piece, Plain

Condition = Mapping[str, Mapping[str, Any]]

PRINCIPAL = "aws:PrincipalArn"
KEYS = "aws:TagKeys"
# On AddTags alone, and there only when it accompanies a creation:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemakerai.html
ON_CREATION = "sagemaker:TaggingAction"


def request_tag(key: str) -> str:
    """The condition key of a tag in the request; its case does not count, not even that of the tag's key."""
    return f"aws:RequestTag/{key}"


def resource_tag(key: str) -> str:
    """The condition key of a tag that the resource has."""
    return f"aws:ResourceTag/{key}"


def wrap_policy(pieces: Sequence[Piece]) -> Plain:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": [piece.body for piece in pieces]}


def deny(
    sid: str,
    actions: Iterable[str],
    condition: Condition,
    excepted: Sequence[str],
    stops: str,
    *,
    on: str | list[str] = "*",
    by: str = "Action",
) -> Piece:
    """Make a statement that denies actions under conditions, but to excepted principals (ARNs, * is special).

    ``on`` are the resources. Where it is too large it is halved ``by`` its actions, or by the tag keys of its only
    ForAnyValue condition: both halves together deny what it denies.
    """
    full = {operator: dict(keys) for operator, keys in condition.items()}
    if excepted:
        full.setdefault("ArnNotLike", {})[PRINCIPAL] = _one_or_list(excepted)
    body: Plain = {"Sid": sid, "Effect": "Deny", "Action": _one_or_list(list(actions)), "Resource": on}
    if full:
        body["Condition"] = full
    return _piece(sid, body, stops, tuple(excepted), by)


def _one_or_list(items: Sequence[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else list(items)


def _piece(sid: str, body: Plain, stops: str, excepted: tuple[str, ...], by: str) -> Piece:
    def halves() -> tuple[Piece, Piece] | None:
        items = _items(body, by)
        if not isinstance(items, list) or len(items) < 2:
            return None
        middle = len(items) // 2
        return half("First", items[:middle]), half("Second", items[middle:])

    def half(which: str, items: list[str]) -> Piece:
        name = f"{which}{sid}"
        return _piece(name, _with_items({**body, "Sid": name}, by, _one_or_list(items)), stops, excepted, by)

    return Piece(sid, body, stops, halves, excepted)


def _items(body: Plain, by: str) -> Any:
    return body["Action"] if by == "Action" else body["Condition"][by][KEYS]


def _with_items(body: Plain, by: str, items: str | list[str]) -> Plain:
    if by == "Action":
        return {**body, "Action": items}
    condition = body["Condition"]
    return {**body, "Condition": {**condition, by: {**condition[by], KEYS: items}}}


def sagemaker(actions: Iterable[str]) -> list[str]:
    """The names of API operations as actions of IAM."""
    return [f"sagemaker:{action}" for action in actions]


def sids(prefix: str, keys: Iterable[str]) -> dict[str, str]:
    """Name a statement for each tag key, from its letters and digits; IAM takes no others in a Sid."""
    named: dict[str, str] = {}
    taken: set[str] = set()
    for number, key in enumerate(keys, 1):
        words = re.findall("[A-Za-z0-9]+", key)
        sid = prefix + "".join(word[:1].upper() + word[1:] for word in words)
        if sid == prefix:
            sid = f"{prefix}{number}"
        while sid in taken:
            sid += "x"
        taken.add(sid)
        named[key] = sid
    return named
