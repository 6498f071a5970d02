"""Whether a Deny statement of an IAM policy or service control policy denies a request, as far as tags decide it.

The semantics are IAM's: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
What tags do not decide (who asks, from where, a resource's name) is taken to hold: the statement then denies for
those of whom it does. What cannot be compared for want of a value is taken not to: only a sure denial counts.

Where more is known of a request than its tags, ``compared`` and ``concerns`` tell what is not known from what is not
so: costtags.impact judges calls that were made.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from costtags.effective import is_unknown

ANY_VALUE = "\0"
"""A tag's value that is right but not known: no comparison with it is sure to deny."""


@dataclass(frozen=True)
class Other:
    """A value that is not known, but for some texts that it is not."""

    excluded: frozenset[str] = frozenset()


MORE = Other(frozenset({ANY_VALUE}))
"""Among the values of a key: there may be others besides."""

Given = Callable[[str], Sequence[str | Other] | None]
"""What a request says to a condition key in lower case: [] where it has none, None where that is not known."""

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
    parts = _parts(pattern)
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


_TAILS = ("\1", "\1" * 99)  # what no pattern names, in two lengths


def concerns(statement: Mapping[str, Any], arn: str) -> bool | None:
    """Say whether a statement is about a resource, of whose ARN a * at the end stands for what is not known."""
    patterns = listed(statement.get("NotResource", statement.get("Resource", "*")))
    found = _any([_covers(pattern, arn) for pattern in patterns])
    return found if "NotResource" not in statement or found is None else not found


def _covers(pattern: str, arn: str) -> bool | None:
    if pattern == "*":
        return True
    if "${" in pattern or is_unknown(pattern):
        return None
    # No wildcard goes beyond its part: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    *parts, name = arn.split(":", 5)
    *patterns, last = _parts(pattern)
    if len(patterns) != len(parts) or not all(_glob(one)(part) for one, part in zip(patterns, parts, strict=True)):
        return False
    if not name.endswith("*"):
        return _glob(last)(name)
    if all(_glob(last)(name[:-1] + tail) for tail in _TAILS):
        return True
    # Does it begin as the name does?
    return None if any(_glob(last[:end])(name[:-1]) for end in range(len(last) + 1)) else False


def _parts(pattern: str) -> list[str]:
    """Return the parts of an ARN's pattern; a * at the end stands for those that it leaves out."""
    parts = pattern.split(":", 5)
    return parts + ["*"] * (6 - len(parts)) if pattern.endswith("*") else parts


def _same_arn(pattern: str, arn: str) -> bool:
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    same = len(patterns) == len(parts) == 6
    return same and all(_glob(one)(part) for one, part in zip(patterns, parts, strict=True))


# --- Conditions -------------------------------------------------------------------------------------------------------

# Operator without its prefix and suffix -> how one value of the request is compared with one of the policy.
_EQUAL: Mapping[str, Callable[[str, str], bool]] = {
    "stringequals": lambda policy, value: policy == value,
    "stringequalsignorecase": lambda policy, value: policy.lower() == value.lower(),
    "stringlike": lambda policy, value: _glob(policy)(value),
    # Both compare alike, part by part: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    "arnlike": lambda policy, value: _same_arn(policy, value),
    "arnequals": lambda policy, value: _same_arn(policy, value),
    "bool": lambda policy, value: policy.lower() == value.lower(),
}
_NEGATED = {
    "arnnotlike": "arnlike",
    "arnnotequals": "arnequals",
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
}
_SETS = ("", "forallvalues", "foranyvalue")


def _holds(operator: str, key: str, wanted: Sequence[str], request: Request) -> bool:
    given = partial(_given, request=request)
    if operator.lower().rpartition(":")[0] in _SETS and not is_unknown(key) and given(key.lower()) is None:
        return True  # not about tags
    return bool(compared(operator, key, wanted, given))


def compared(operator: str, key: str, wanted: Sequence[str], given: Given) -> bool | None:
    """Say whether one condition on one key holds; None where that depends on what is not known."""
    prefix, _, name = operator.lower().rpartition(":")
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    key = key.lower()
    values = None if is_unknown(key) or prefix not in _SETS else given(key)
    if values is None:
        return None
    more = MORE in values
    known = [value for value in values if value is not MORE]
    if name == "null":
        asked = {text.lower() for text in wanted}
        return None if more and not known else ("false" if known else "true") in asked
    negated = "not" in name
    if not known and not more:
        # ForAnyValue needs a value, IfExists or not: https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w
        return prefix != "foranyvalue" and (if_exists or negated or prefix == "forallvalues")
    if key == "aws:tagkeys" and not prefix:
        return False  # a key of several values is compared with a set operator only
    compare = _EQUAL.get(_NEGATED.get(name, name))
    if compare is None:
        return None
    policies = [_resolved(text, given) for text in wanted]
    found = [_matches(compare, policies, value) for value in (*known, *([Other()] if more else []))]
    found = [one if one is None or not negated else not one for one in found]
    if prefix == "forallvalues" or (negated and not prefix):
        return _all(found)
    # Whether there is another one at all is not known.
    return _any([*found[:-1], found[-1] and None] if more else found)


def _all(found: Sequence[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


def _any(found: Sequence[bool | None]) -> bool | None:
    return True if True in found else None if None in found else False


def _matches(compare: Callable[[str, str], bool], policies: Sequence[str | None], value: str | Other) -> bool | None:
    """Say whether a value equals one of a policy's; None where that depends on what is not known."""
    if isinstance(value, Other) or value == ANY_VALUE:
        if compare is _EQUAL["stringlike"] and any(text and not text.strip("*") for text in policies):
            return True
        excluded = value.excluded if isinstance(value, Other) else frozenset()
        sure = compare is _EQUAL["stringequals"] and all(text in excluded for text in policies)
        return False if sure or not policies else None
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


def variables(text: str) -> list[str]:
    """Return the condition keys that a policy's text has as variables, in lower case."""
    inside = (piece.partition(",")[0].strip().lower() for piece in re.findall(r"\$\{([^}]*)\}", text))
    return [name for name in inside if name not in _NO_KEYS]


_NO_KEYS = ("*", "?", "$", "aws:tagkeys")


def _resolved(text: str, given: Given) -> str | None:
    """Put what a request says into a policy's text; None where something else decides what it says."""
    if is_unknown(text):
        return None
    if "${" not in text:
        return text
    pieces = re.split(r"\$\{([^}]*)\}", text)
    for index in range(1, len(pieces), 2):
        name, _, default = pieces[index].partition(",")
        name = name.strip().lower()
        values = [] if name in _NO_KEYS else given(name)
        if values is None or any(isinstance(value, Other) or value == ANY_VALUE for value in values):
            return None
        # Without a value it equals nothing, and negated operators hold:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
        quoted = re.fullmatch(r"\s*'(.*)'\s*", default, re.DOTALL)
        pieces[index] = str(values[0]) if values else quoted[1] if quoted else _NOTHING
    return "".join(pieces)
