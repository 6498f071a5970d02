"""Deny statements + what is partly known of a request -> whether one denies, and on which unknown keys that depends.

What is not known is tried in every way that can make a difference, so that it counts only where it does.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from costtags.documents.evaluate import Given, Other, compared, concerns, conditions, listed, variables

Statement = Mapping[str, Any]
Unknown = frozenset[str]
"""Condition keys in lower case; "" stands for the resource's ARN, "operator X" for one that is not judged."""


def canonical(key: str) -> str:
    """Two names of one thing: https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_service-with-iam.html"""
    key = key.lower()
    return key.replace("sagemaker:", "aws:", 1) if key.startswith("sagemaker:resourcetag/") else key


_SINGLE = ("aws:principaltag/", "aws:resourcetag/")
_MOST_WORLDS = 512


@dataclass(frozen=True)
class Asked:
    """One authorization: the statements that are about it, and what its call says."""

    statements: tuple[tuple[str, Statement], ...]
    given: Given
    arn: str


def decide(asked: Asked) -> tuple[bool | None, tuple[str, ...], Unknown]:
    """Return whether some statement denies, the names of those that do, and the keys on which it depends."""
    given = asked.given
    plain = {name: _holds(statement, given, asked.arn) for name, statement in asked.statements}
    if denying := tuple(name for name, held in plain.items() if held[0]):
        return True, denying, frozenset()
    open_ = [(name, statement) for name, statement in asked.statements if plain[name][0] is None]
    if not open_:
        return False, (), frozenset()
    found: set[bool | None] = set()
    outcomes: dict[str, set[bool | None]] = {name: set() for name, _ in open_}
    for world in _worlds([statement for _, statement in open_], given):
        held = {name: _holds(statement, world, asked.arn)[0] for name, statement in open_}
        for name, one in held.items():
            outcomes[name].add(one)
        found.add(True if True in held.values() else None if None in held.values() else False)
    if found == {True}:
        return True, tuple(name for name, seen in outcomes.items() if True in seen), frozenset()
    if found == {False}:
        return False, (), frozenset()
    return None, (), frozenset().union(*(plain[name][1] for name, seen in outcomes.items() if seen != {False}))


def _holds(statement: Statement, given: Given, arn: str) -> tuple[bool | None, Unknown]:
    """Say whether a statement's resources and conditions hold, and the keys on which that depends."""
    about = concerns(statement, arn)
    if about is False:
        return False, frozenset()
    unknown = {""} if about is None else set()
    for operator, key, wanted in each_condition(statement):
        one = compared(operator, key, wanted, lambda name: given(canonical(name)))
        if one is False:
            return False, frozenset()
        if one is None:
            keys = [canonical(key), *(canonical(name) for text in wanted for name in variables(text))]
            unshown = [name for name in keys if (values := given(name)) is None or any(map(_is_other, values))]
            unknown.update(unshown or [f"operator {operator}"])
    return None if unknown else True, frozenset(unknown)


def _is_other(value: str | Other) -> bool:
    return isinstance(value, Other)


def each_condition(statement: Statement) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each operator of a statement with each of its keys and the texts that it is compared with."""
    for operator, keys in conditions(statement).items():
        for key, wanted in keys.items():
            yield operator, str(key), listed(wanted)


def _worlds(statements: Sequence[Statement], given: Given) -> Iterator[Given]:
    """Yield all that may be said to the keys that are not known: absent, each text of the policy, another one.

    A key that may have several values, and tags that may be more, stay unknown.
    """
    texts: dict[str, set[str]] = {}
    several: set[str] = set()
    for operator, key, wanted in itertools.chain.from_iterable(map(each_condition, statements)):
        texts.setdefault(canonical(key), set()).update(
            text for text in wanted if not set("*?$").intersection(text) and not operator.lower().startswith("null")
        )
        if ":" in operator and not canonical(key).startswith(_SINGLE):
            several.add(canonical(key))
        for name in itertools.chain.from_iterable(map(variables, wanted)):
            texts.setdefault(canonical(name), set())
    free = [
        key
        for key in sorted(texts)
        if given(key) is None and key not in several and not key.startswith(("aws:requesttag/", "aws:principalarn"))
    ]
    choices: list[list[Sequence[str | Other]]] = [
        [[], *([text] for text in sorted(texts[key])), [Other(frozenset(texts[key]))]] for key in free
    ]
    number = 1
    for choice in choices:
        number *= len(choice)
    if number > _MOST_WORLDS:
        choices, free = [], []
    for chosen in itertools.product(*choices):
        world: dict[str, Sequence[str | Other]] = dict(zip(free, chosen, strict=True))
        yield partial(_in_world, world, given)


def _in_world(world: Mapping[str, Sequence[str | Other]], given: Given, key: str) -> Sequence[str | Other] | None:
    return world[key] if key in world else given(key)
