"""Whether a Deny statement of an IAM policy or service control policy denies a request, as far as tags decide it.

The semantics are IAM's: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
What tags do not decide (who asks, from where) is taken to hold: the statement then denies for those of whom it does.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

ANY_VALUE = "\0"
"""A tag's value that is right but not known: no comparison with it is sure to deny."""


@dataclass(frozen=True)
class Request:
    """A request to SageMaker: the tags it carries, and those of the resource that AWS shows with it."""

    action: str
    tags: Mapping[str, str] = field(default_factory=dict)
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    on_creation: bool = False
    """Whether it is the AddTags that accompanies a creation."""


def denies(statement: Mapping[str, Any], request: Request) -> bool:
    """Say whether a statement denies a request, for those principals whom its other conditions concern."""
    if statement.get("Effect") != "Deny" or not matches_action(statement, request.action):
        return False
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


def matches_action(statement: Mapping[str, Any], action: str) -> bool:
    """Say whether a statement is about an action of SageMaker; actions are compared without case."""
    full = f"sagemaker:{action}".lower()
    if "NotAction" in statement:
        return not any(_glob(pattern.lower())(full) for pattern in listed(statement["NotAction"]))
    return any(_glob(pattern.lower())(full) for pattern in listed(statement.get("Action", [])))


@cache
def _glob(pattern: str) -> Callable[[str], bool]:
    wild = {"*": ".*", "?": "."}
    expression = re.compile("".join(wild.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)
    return lambda text: expression.fullmatch(text) is not None


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


def _holds(operator: str, key: str, wanted: Sequence[str], request: Request) -> bool:
    prefix, _, name = operator.lower().rpartition(":")
    if_exists = name.endswith("ifexists")
    name = name.removesuffix("ifexists")
    given = _given(key.lower(), request)
    if given is None:
        return True  # not about tags
    if name == "null":
        return (not given) == (wanted[:1] == ["true"])
    compare = _EQUAL.get(_NEGATED.get(name, name))
    if compare is None:
        return True
    if ANY_VALUE in given:
        return False
    negated = name in _NEGATED
    if not given:
        return if_exists or prefix == "forallvalues" or (negated and prefix != "foranyvalue")
    values = [resolved for text in wanted if (resolved := _resolved(text, request)) is not None]
    if len(values) < len(wanted):
        return False  # compared with what the principal is
    satisfied = [any(compare(policy, value) for policy in values) != negated for value in given]
    return all(satisfied) if prefix == "forallvalues" or (negated and not prefix) else any(satisfied)


def _given(key: str, request: Request) -> list[str] | None:
    """Return what a request says to a condition key, [] where nothing; None where tags do not decide it."""
    if key == "aws:tagkeys":
        return list(request.tags)
    if key == "sagemaker:taggingaction":
        return ["Create"] if request.on_creation else []
    service, _, name = key.partition("/")
    if service == "aws:requesttag":
        return [value for tag, value in request.tags.items() if tag.lower() == name]
    if service in ("aws:resourcetag", "sagemaker:resourcetag"):
        return [value for tag, value in request.resource_tags.items() if tag.lower() == name]
    return None


def _resolved(text: str, request: Request) -> str | None:
    """Put the request's tags into a policy variable; None where something else would decide."""
    found = re.fullmatch(r"\$\{([^},]+)\}", text)
    if found is None:
        return None if "${" in text else text
    given = _given(found[1].strip().lower(), request)
    return given[0] if given and given[0] != ANY_VALUE else None
