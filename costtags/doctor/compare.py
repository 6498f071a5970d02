"""Deployed policies and those that tags.yaml renders -> in what their decisions differ, in words."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from costtags.doctor.rules import Rule, Test, covers, rules
from costtags.documents.statements import PRINCIPAL

_PRINCIPAL = PRINCIPAL.lower()


@dataclass(frozen=True, order=True)
class Difference:
    """One difference of what is deployed from what is wanted, and the actions that it is about."""

    text: str
    actions: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in one line."""
        if not self.actions:
            return self.text
        more = len(self.actions) - 2
        named = ", ".join(self.actions[:2]) if more <= 1 else self.actions[0]
        if len(self.actions) == 3:
            named = ", ".join(self.actions)
        return f"{self.text} ({named}{f' and {len(self.actions) - 1} more actions' if more > 1 else ''})"


def compare(deployed: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]]) -> list[Difference]:
    """Return in what deployed policies decide otherwise than wanted ones; [] where they decide the same.

    Each side is policies that are in force together. Raises NotAPolicy for what is deployed.
    """
    there, here = rules(deployed), rules(wanted)
    missing, extra = _uncovered(here - there, there), _uncovered(there - here, here)
    spelled = {rule.action: rule.spelled for rule in (*there, *here)} | {rule.action: rule.spelled for rule in here}
    found: dict[str, set[str]] = defaultdict(set)
    for rules_of, side, is_wanted in ((missing, there, True), (extra, here, False)):
        others = _by_shape(side) if rules_of else {}
        for rule in rules_of:
            shape = _shape(rule)
            partners = others.get((shape, rule.single)) or others.get((shape, None)) or []
            for text in _said(rule, partners, is_wanted):
                found[text].add(spelled[rule.action])
    return sorted(Difference(text, tuple(sorted(actions))) for text, actions in found.items())


def _uncovered(narrow: Set[Rule], wide: Set[Rule]) -> list[Rule]:
    """Return the rules that none of the others covers.

    A rule that covers another has no single test that the other lacks, but for wildcards: so few come into question.
    """
    if not narrow:
        return []
    exact: dict[tuple[str, frozenset[Test]], list[Rule]] = defaultdict(list)
    wild: list[Rule] = []
    for rule in wide:
        single = rule.single
        if any(sign in text for test in single for text in test.values for sign in "*?") or len(single) > _FEW:
            wild.append(rule)
        else:
            exact["*" if "*" in rule.action or "?" in rule.action else rule.action, single].append(rule)

    def candidates(rule: Rule) -> Iterator[Rule]:
        single = rule.single
        for size in range(min(len(single), _FEW) + 1):
            for some in combinations(single, size):
                yield from exact.get((rule.action, frozenset(some)), ())
                yield from exact.get(("*", frozenset(some)), ())
        yield from wild

    return [rule for rule in narrow if not any(covers(other, rule) for other in candidates(rule))]


_FEW = 6


Shape = tuple[object, ...]


def _shape(rule: Rule) -> Shape:
    """Return what two rules share that differ in values only; which tag is required counts as more than a value."""
    tests = {(test.operator, test.key, test.values if _names_the_tag(test) else None) for test in rule.tests}
    return (rule.effect, rule.action, rule.excluded_actions, rule.resource, rule.excluded_resources, frozenset(tests))


def _by_shape(side: Set[Rule]) -> dict[Shape, list[Rule]]:
    """Return rules by their shape and single tests, and one for each shape alone."""
    shapes: dict[Shape, list[Rule]] = defaultdict(list)
    for rule in sorted(side, key=_order):
        shape = _shape(rule)
        shapes[shape, rule.single].append(rule)
        shapes.setdefault((shape, None), [rule])
    return shapes


def _order(rule: Rule) -> tuple[str, list[str]]:
    return rule.action, sorted(map(_text, rule.tests))


def _names_the_tag(test: Test) -> bool:
    return test.operator == "forallvalues:stringnotlike"


def _said(rule: Rule, partners: list[Rule], is_wanted: bool) -> Iterator[str]:
    """Say how a rule differs from the nearest of the other side that tests the same keys, or that there is none."""
    if not partners:
        yield _whole(rule, is_wanted)
        return
    partner = min(partners, key=lambda other: (len(rule.tests ^ other.tests), _order(other)))
    theirs = {(test.operator, test.key): test for test in partner.tests}
    for test in sorted(rule.tests - partner.tests, key=_text):
        other = theirs[test.operator, test.key].values
        for value in sorted(test.values - other):
            yield _word(test, value, is_wanted)
        # Values of split tests are rules of their own; the partner's then is another one's business.
        for value in sorted(other - test.values) if not test.is_single else ():
            yield _word(test, value, not is_wanted)


Words = tuple[str, str]
_KEYS: Mapping[str, Words] = {
    "foranyvalue:stringnotlike": ("is not allowed there yet", "is still allowed there"),
    "foranyvalue:stringlike": ("is not denied there yet", "is still denied there"),
    "foranyvalue:stringequalsignorecase": ("is not judged there yet", "is still judged there"),
}
"""How a test compares the keys of a request -> what to say of a key that only tags.yaml has, and only the policy."""


def _words(test: Test) -> tuple[str, Words] | None:
    """Return what the values of a test are, and what to say of one that only tags.yaml or only the policy has."""
    service, _, key = test.key.partition("/")
    if test.key == _PRINCIPAL and test.negated:
        return "principal", ("is not excepted there yet", "is excepted there, and no more here")
    if test.key == "aws:tagkeys" and test.operator in _KEYS:
        return "key", _KEYS[test.operator]
    if service == "aws:requesttag" and test.operator == "stringnotlike" and "${aws" not in "".join(test.values):
        return "value", (f"of {key} is not allowed there yet", f"of {key} is still allowed there")
    return None


def _word(test: Test, value: str, is_wanted: bool) -> str:
    value = re.sub(r"\$\{([*?])\}", r"\1", value)
    found = _words(test)
    if found is None:
        return f'the condition {test.operator} {test.key} {"lacks" if is_wanted else "has"} "{value}" there'
    kind, (lacks, has) = found
    return f"{kind} {value} {lacks if is_wanted else has}"


def _whole(rule: Rule, is_wanted: bool) -> str:
    named = [test for test in rule.tests if _names_the_tag(test)]
    if rule.effect == "Deny" and len(named) == 1 and {test.key for test in rule.tests} <= {"aws:tagkeys", _PRINCIPAL}:
        key = ", ".join(sorted(named[0].values))
        if len(rule.tests) == 1 + any(test.key == _PRINCIPAL for test in rule.tests):
            return f'tag "{key}" is {"not required there yet" if is_wanted else "still required there"}'
    verb = "denied" if rule.effect == "Deny" else "allowed"
    sid = f" by statement {rule.sid}" if rule.sid else ""
    on = "" if rule.resource == "*" else f" on {rule.resource}"
    if is_wanted:
        return f"what tags.yaml has {verb}{sid}{on} is not {verb} there"
    return f"there is {verb}{sid}{on} what tags.yaml does not say{'' if sid else _where(rule)}"


def _where(rule: Rule) -> str:
    tests = [_text(test) for test in sorted(rule.tests, key=_text)]
    return f": where {' and '.join(tests)}" if tests else ""


def _text(test: Test) -> str:
    return f"{test.operator} {test.key} {', '.join(sorted(test.values))}"
