"""Whether a Deny statement of an IAM policy or service control policy denies a request, as far as tags decide it.

The semantics are IAM's: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
What tags do not decide (who asks, from where, a resource's name) is taken to hold: the statement then denies for
those of whom it does. What cannot be compared for want of a value is taken not to: only a sure denial counts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from costtags.effective import is_unknown

ANY_VALUE = "\0"
"""A tag's value that is right but not known: no comparison with it is sure to deny."""

# In a policy's text what no tag can have: a variable without a value, or ${*}, which stands for the character.
_NOTHING = "\1"


@dataclass(frozen=True)
class Request:
    """A request to SageMaker: the tags it carries, and those of the resource that AWS shows with it.

    The tags of a DeleteTags are those to remove: AWS shows their keys alone.
    """

    action: str
    tags: Mapping[str, str] = field(default_factory=dict)
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    on_creation: bool = False
    """Whether it is the AddTags that accompanies a creation, of whatever it be."""


def denies(statement: Mapping[str, Any], request: Request) -> bool:
    """Say whether a statement denies a request, for those principals whom its other conditions concern."""
    if statement.get("Effect") != "Deny" or not matches_resource(statement):
        return False
    return bool(matched(statement, (request.action,))) and holds(statement, request)


def holds(statement: Mapping[str, Any], request: Request) -> bool:
    """Say whether the conditions of a statement are sure to hold for a request."""
    return all(
        _holds(operator, key, listed(wanted), request)
        for operator, keys in conditions(statement).items()
        for key, wanted in keys.items()
    )


def conditions(statement: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the operators of a statement with their keys; what is malformed counts as none."""
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping):
        return {}
    return {str(operator): keys for operator, keys in condition.items() if isinstance(keys, Mapping)}


def condition_keys(statement: Mapping[str, Any]) -> set[str]:
    """Return the condition keys that a statement asks about, in lower case."""
    return {str(key).lower() for keys in conditions(statement).values() for key in keys}


def listed(value: Any) -> list[str]:
    """Return one or more texts as a list; IAM takes both, and true for "true"."""
    items = value if isinstance(value, list | tuple) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


# --- Actions and resources --------------------------------------------------------------------------------------------


def matched(statement: Mapping[str, Any], actions: tuple[str, ...]) -> frozenset[str]:
    """Return those of SageMaker's actions that a statement is about; actions are compared without case."""
    names, text = _lower(actions)
    rest = dict(names)
    patterns = {pattern.lower() for pattern in listed(statement.get("NotAction", statement.get("Action", [])))}
    if "NotAction" in statement and any(map(is_unknown, patterns)):
        return frozenset()
    if not patterns.isdisjoint(("*", "*:*", "sagemaker:*")):
        rest.clear()
    # IAM takes no wildcard in the name of the service, but "*" alone.
    for pattern in [one.removeprefix("sagemaker:") for one in patterns if one.startswith("sagemaker:")]:
        if "*" not in pattern and "?" not in pattern:
            rest.pop(pattern, None)
            continue
        # A policy may hold hundreds of patterns, most of which match nothing.
        piece = max(re.split(r"[*?]", pattern), key=len)
        for name in [name for name in rest if piece in name] if piece in text else ():
            if _glob(pattern)(name):
                del rest[name]
    return frozenset(rest.values() if "NotAction" in statement else (names[name] for name in names.keys() - rest))


@lru_cache(64)
def _lower(actions: tuple[str, ...]) -> tuple[Mapping[str, str], str]:
    """Return the names of actions by their lower case, and all of them as one text."""
    names = {action.lower(): action for action in actions}
    return names, "\n".join(names)


def matches_resource(statement: Mapping[str, Any], kind: str = "") -> bool:
    """Say whether a statement is about resources of SageMaker, or about those of one type (``endpoint``)."""
    if "NotResource" in statement:
        patterns = listed(statement["NotResource"])
        return not any(is_unknown(pattern) or _names(pattern, kind, whole=True) for pattern in patterns)
    return any(_names(pattern, kind) for pattern in listed(statement.get("Resource", "*")))


def _names(pattern: str, kind: str, *, whole: bool = False) -> bool:
    """Say whether the pattern of an ARN names some resource of a type, or the ``whole`` of them."""
    parts = pattern.split(":", 5)
    parts += ["*"] * (6 - len(parts)) if pattern.endswith("*") else []
    if len(parts) < 6 or not _glob(parts[2])("sagemaker"):
        return False
    head, _, name = parts[5].partition("/")
    if whole and (name.strip("*") or (head != "*" and not kind)):
        return False
    return not kind or _glob(head)(kind)


@lru_cache(1024)
def _glob(pattern: str) -> Callable[[str], bool]:
    """Compile a pattern in which * and ? are special; the first place where a piece fits is as good as any other."""
    first, *rest = pattern.split("*")
    if not rest:
        return lambda text: len(text) == len(first) and _fits(first, text, 0)
    middle, last = [piece for piece in rest[:-1] if piece], rest[-1]

    def matches(text: str) -> bool:
        at, end = len(first), len(text) - len(last)
        if at > end or not _fits(first, text, 0) or not _fits(last, text, end):
            return False
        for piece in middle:
            at = next((start for start in range(at, end - len(piece) + 1) if _fits(piece, text, start)), -1)
            if at < 0:
                return False
            at += len(piece)
        return True

    return matches


def _fits(piece: str, text: str, start: int) -> bool:
    if "?" not in piece:
        return text.startswith(piece, start)
    return all(wild in ("?", letter) for wild, letter in zip(piece, text[start : start + len(piece)], strict=True))


# --- Conditions -------------------------------------------------------------------------------------------------------

# Operator without its prefix and suffix -> how one value of the request is compared with one of the policy.
_EQUAL: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda policy, value: policy == value,
    "stringequalsignorecase": lambda policy, value: policy.lower() == value.lower(),
    "stringlike": lambda policy, value: _glob(policy)(value),
}
_NEGATED = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
}
_SETS = ("", "forallvalues", "foranyvalue")


def _holds(operator: str, key: str, wanted: Sequence[str], request: Request) -> bool:
    prefix, _, name = operator.lower().rpartition(":")
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    key = str(key).lower()
    if is_unknown(key) or prefix not in _SETS:
        return False
    given = _given(key, request)
    if given is None:
        return True  # not about tags
    if name == "null":
        return ("false" if given else "true") in [text.lower() for text in wanted]
    negated = "not" in name
    if not given:
        # ForAnyValue needs a value, IfExists or not: https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w
        return prefix != "foranyvalue" and (if_exists or negated or prefix == "forallvalues")
    compare = _EQUAL.get(_NEGATED.get(name, name))
    if compare is None or (key == "aws:tagkeys" and not prefix):
        return False  # a key of several values is compared with a set operator only
    policies = [_resolved(text, request) for text in wanted]
    sure = [_matches(compare, policies, value) == (not negated) for value in given]
    return all(sure) if prefix == "forallvalues" or (negated and not prefix) else any(sure)


def _matches(compare: Callable[[str, str], bool], policies: Sequence[str | None], value: str) -> bool | None:
    """Say whether a value equals one of a policy's; None where that depends on what is not known."""
    if value == ANY_VALUE:
        all_stars = compare is _EQUAL["stringlike"] and any(text and not text.strip("*") for text in policies)
        return True if all_stars else None
    if any(text is not None and compare(text, value) for text in policies):
        return True
    return None if None in policies else False


def _given(key: str, request: Request) -> list[str] | None:
    """Return what a request says to a condition key, [] where nothing; None where tags do not decide it."""
    if key == "aws:tagkeys":
        return list(request.tags)
    if key == "sagemaker:taggingaction":
        return [ANY_VALUE] if request.on_creation else []
    service, _, name = key.partition("/")
    if service == "aws:requesttag":
        tags = {} if request.action.lower() == "deletetags" else request.tags
        return [value for tag, value in tags.items() if tag.lower() == name]
    if service in ("aws:resourcetag", "sagemaker:resourcetag"):
        return [value for tag, value in request.resource_tags.items() if tag.lower() == name]
    if key.startswith("aws:"):
        return None
    # What else SageMaker shows (instance types, subnets) goes with creations; other services' keys it never shows.
    creates = request.action.lower().startswith("create") and request.tags
    return None if key.startswith("sagemaker:") and creates else []


def _resolved(text: str, request: Request) -> str | None:
    """Put the request's tags into a policy's text; None where something else decides what it says."""
    if is_unknown(text):
        return None
    pieces = re.split(r"\$\{([^}]*)\}", text)
    for index in range(1, len(pieces), 2):
        name, _, default = pieces[index].partition(",")
        name = name.strip().lower()
        given = [] if name in ("*", "?", "$", "aws:tagkeys") else _given(name, request)
        if given is None or ANY_VALUE in given:
            return None
        # Without a value it equals nothing, and negated operators hold:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
        quoted = re.fullmatch(r"\s*'(.*)'\s*", default, re.DOTALL)
        pieces[index] = given[0] if given else quoted[1] if quoted else _NOTHING
    return "".join(pieces)
