"""Policies of IAM and Organizations -> rules: one action on one resource under one condition, in a normal form.

Two policies with the same rules decide the same, however their statements are ordered, merged, split and spelled.
Rules that differ may still decide the same where statements overlap in ways that are not looked at: what is said to be
equal is equal, what is said to differ nearly always does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from typing import Any

from costtags.documents.evaluate import conditions, listed

_MOST = 100_000
"""Rules of one statement: more than any policy has that AWS's limit of size lets be useful."""


class NotAPolicy(Exception):
    """What should be a policy document is none; the message says why."""


@dataclass(frozen=True)
class Test:
    """One test of a condition, all of which must hold: an operator, a condition key, and values in a normal form.

    Tests that hold where any of their values matches have one value: those of several are split over rules.
    """

    operator: str
    key: str
    values: frozenset[str]

    @property
    def negated(self) -> bool:
        """Whether it asks for what matches none of its values."""
        return "not" in self.operator

    @cached_property
    def is_single(self) -> bool:
        """Whether it has one value since it was split."""
        return not self.negated and not self.operator.startswith("forallvalues:")


@dataclass(frozen=True)
class Rule:
    """One action (a pattern in lower case) on one resource; ``excluded`` are those of NotAction and NotResource."""

    effect: str
    action: str
    excluded_actions: frozenset[str]
    resource: str
    excluded_resources: frozenset[str]
    tests: frozenset[Test]
    spelled: str = field(compare=False)
    """The action as the policy spells it."""
    sid: str = field(compare=False, default="")

    @cached_property
    def single(self) -> frozenset[Test]:
        """The tests of one value that stand for those of several."""
        return frozenset(test for test in self.tests if test.is_single)


def rules(policies: Iterable[Mapping[str, Any]]) -> frozenset[Rule]:
    """Return the rules of policies that are in force together. Raises NotAPolicy."""
    return frozenset(rule for policy in policies for rule in _of_policy(policy))


def _of_policy(policy: Mapping[str, Any]) -> Iterator[Rule]:
    statements = policy.get("Statement")
    statements = [statements] if isinstance(statements, Mapping) else statements
    if not isinstance(statements, list) or not all(isinstance(one, Mapping) for one in statements):
        raise NotAPolicy("it has no list of statements")
    # In the older language ${...} stands for itself:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    variables = policy.get("Version") == "2012-10-17"
    for statement in statements:
        yield from _of_statement(statement, variables)


def _of_statement(statement: Mapping[str, Any], variables: bool) -> Iterator[Rule]:
    tests = [*_tests(statement, variables)]
    single = [test for test in tests if test.is_single]
    whole = frozenset(test for test in tests if not test.is_single)
    actions, no_actions = _listed(statement, "Action")
    resources, no_resources = _listed(statement, "Resource")
    if len(actions) * len(resources) * prod(len(test.values) for test in single) > _MOST:
        raise NotAPolicy(f"statement {statement.get('Sid', 'without a Sid')} has too many combinations to compare")
    effect, sid = str(statement.get("Effect")), str(statement.get("Sid", ""))
    but_actions, but_resources = frozenset(one.lower() for one in no_actions), frozenset(no_resources)
    split = [[Test(test.operator, test.key, frozenset([value])) for value in sorted(test.values)] for test in single]
    narrowed = [whole | set(some) for some in product(*split)]
    for action, resource in product(actions, resources):
        lower = action.lower()
        for each in narrowed:
            yield Rule(effect, lower, but_actions, resource, but_resources, each, action, sid)


def _listed(statement: Mapping[str, Any], element: str) -> tuple[list[str], list[str]]:
    """Return the patterns of Action or Resource, and those of NotAction or NotResource."""
    if f"Not{element}" in statement:
        return ["*"], listed(statement[f"Not{element}"])
    return listed(statement.get(element, "*" if element == "Resource" else [])), []


def _tests(statement: Mapping[str, Any], variables: bool) -> Iterator[Test]:
    for operator, keys in conditions(statement).items():
        for key, given in keys.items():
            name, form = _operator(operator)
            values = {form(value if variables else value.replace("${", "${$}{")) for value in listed(given)}
            yield Test(name, str(key).lower(), _fewest(name, values))
    for element in ("Principal", "NotPrincipal"):
        if element in statement:  # what we render has none, so one more is never the same
            yield Test(element.lower(), "", frozenset([repr(statement[element])]))


def _literal(text: str) -> str:
    """Return a pattern that matches just a text: outside variables, ${*} stands for the character."""
    parts = re.split(r"(\$\{[^}]*\})", text)
    return "".join(part if part.startswith("${") else re.sub(r"[*?]", r"${\g<0>}", part) for part in parts)


def _plain(text: str) -> str:
    return text


def _lower(text: str) -> str:
    return _literal(text).lower()


# Operator without its prefix and suffix -> its name in the normal form, and what becomes of its values there.
# StringEquals is a StringLike whose values have no wildcards; ArnEquals and ArnLike are the same:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_OPERATORS = {
    "stringequals": ("stringlike", _literal),
    "stringnotequals": ("stringnotlike", _literal),
    "stringequalsignorecase": ("stringequalsignorecase", _lower),
    "stringnotequalsignorecase": ("stringnotequalsignorecase", _lower),
    "arnequals": ("arnlike", _plain),
    "arnnotequals": ("arnnotlike", _plain),
    "null": ("null", str.lower),
    "bool": ("bool", str.lower),
}


def _operator(operator: str) -> tuple[str, Any]:
    prefix, colon, name = operator.lower().rpartition(":")
    if_exists = name.endswith("ifexists")
    name, form = _OPERATORS.get(name.removesuffix("ifexists"), (name.removesuffix("ifexists"), _plain))
    # They hold for an absent key anyway.
    redundant = prefix == "forallvalues" or ("not" in name and not prefix)
    return f"{prefix}{colon}{name}" + ("ifexists" if if_exists and not redundant else ""), form


def _fewest(operator: str, values: set[str]) -> frozenset[str]:
    """Return values without those that a wildcard among them covers."""
    return frozenset(
        value for value in values if not any(other != value and _within(operator, other, value) for other in values)
    )


# --- Which rule covers which ------------------------------------------------------------------------------------------


def covers(wide: Rule, narrow: Rule) -> bool:
    """Say whether a rule decides on everything that another one decides on."""
    return (
        wide.effect == narrow.effect
        and _wider(wide.action, wide.excluded_actions, narrow.action, narrow.excluded_actions)
        and _wider(wide.resource, wide.excluded_resources, narrow.resource, narrow.excluded_resources)
        and all(any(_implies(given, test) for given in narrow.tests) for test in wide.tests)
    )


def _wider(wide: str, wide_excludes: frozenset[str], narrow: str, narrow_excludes: frozenset[str]) -> bool:
    if not matches(wide, narrow):
        return False
    return all(
        any(matches(other, one) for other in narrow_excludes)
        or not (matches(one, narrow) or "*" in narrow + one or "?" in narrow + one)
        for one in wide_excludes
    )


def _implies(given: Test, test: Test) -> bool:
    """Say whether a test holds wherever a given one holds."""
    if (given.operator, given.key) != (test.operator, test.key):
        return False
    inner, outer = (test, given) if test.negated else (given, test)
    return all(any(_within(test.operator, wide, one) for wide in outer.values) for one in inner.values)


def _within(operator: str, wide: str, narrow: str) -> bool:
    """Say whether a value of an operator matches all that another one matches."""
    if wide == narrow:
        return True
    if (
        "arn" in operator
    ):  # part by part: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
        parts, inside = wide.split(":", 5), narrow.split(":", 5)
        return len(parts) == len(inside) == 6 and all(map(matches, parts, inside))
    return "like" in operator and matches(wide, narrow)


@lru_cache(4096)
def matches(wide: str, narrow: str) -> bool:
    """Say whether a pattern of * and ? matches all that another pattern, or a text, matches."""
    if wide in ("*", narrow):
        return True
    if "${" in wide or "${" in narrow or not ("*" in wide or "?" in wide):
        return False
    at = star = 0
    back = -1
    for_star = 0
    while at < len(narrow):
        if star < len(wide) and wide[star] == "*":
            back, for_star, star = star, at, star + 1
        elif star < len(wide) and (wide[star] == narrow[at] or (wide[star] == "?" and narrow[at] != "*")):
            at, star = at + 1, star + 1
        elif back >= 0:
            for_star += 1
            at, star = for_star, back + 1
        else:
            return False
    return not wide[star:].strip("*")
