"""tags.yaml -> AWS Cost Categories: what is spent under an alias or a misspelt key counts under the right value.

Each is a request of CreateCostCategoryDefinition:
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_CreateCostCategoryDefinition.html
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from costtags.documents.document import DocumentError, Draft, Piece, Plain
from costtags.documents.settings import Settings
from costtags.schema import Schema, Tag
from costtags.spellings import variants
from costtags.yamlfile import quoted

DEFAULT = "unallocated"
MAX_RULES = 500
MAX_NAME = 50

LEFT_OUT = (
    "A key, right or wrong, counts from when it is activated as a cost allocation tag: costs carry no others.",
    "Months before the current one: add EffectiveStart for up to twelve of them.",
)


def cost_categories(schema: Schema, _settings: Settings) -> Draft:
    """Make a cost category of each tag, named as the tag. Raises DocumentError where AWS's limits cannot hold one."""
    names = _names(schema.tags)
    plans = [_plan(schema, tag) for tag in schema.tags.values()]
    if problems := [_too_many(plan) for plan in plans if len(plan.values) + plan.inherits > MAX_RULES]:
        raise DocumentError(problems)
    pieces = tuple(_piece(plan, names[plan.tag.key]) for plan in plans)
    left_out = [line for plan in plans for line in _left_out(plan, names[plan.tag.key])]
    return Draft(pieces, (*left_out, *LEFT_OUT))


def wrap_cost_categories(pieces: Sequence[Piece]) -> Plain:
    """Return the requests, in the order of tags.yaml."""
    return {"cost_categories": [piece.body for piece in pieces]}


@dataclass(frozen=True)
class _Plan:
    """The rules of a tag: each key with each value, then, where ``inherits``, each key with whatever value it has."""

    tag: Tag
    keys: tuple[str, ...]
    dropped: tuple[str, ...]
    values: dict[str, str]
    """The values that have a rule, and under what name each counts."""
    inherits: bool


def _plan(schema: Schema, tag: Tag) -> _Plan:
    values = _names([*dict.fromkeys([*tag.exact_values, *tag.aliases])], taken=(DEFAULT,))
    inherits = tag.values is None or len(tag.exact_values) < len(tag.values)
    if len(values) + inherits > MAX_RULES:
        values = {value: name for value, name in values.items() if name != value or value in tag.aliases}
        inherits = True
    wrong = dict.fromkeys([*tag.misspellings, *variants(tag.key)])
    keys = (tag.key, *(key for key in wrong if schema.meant_key(key) == tag.key))
    fitting = max(1, MAX_RULES // (len(values) + inherits))
    return _Plan(tag, keys[:fitting], keys[fitting:], values, inherits)


def _piece(plan: _Plan, name: str) -> Piece:
    # By key first: the first rule that matches counts, and a right key says more than a wrong one. One rule a key and
    # value, since AWS refused an Or at the top of a rule: https://repost.aws/tags/TAkbvf8URrRAaHxFyrAZxkEw
    rules = [rule for key in plan.keys for rule in _rules(plan, key)]
    body = {"Name": name, "RuleVersion": "CostCategoryExpression.v1", "Rules": rules, "DefaultValue": DEFAULT}
    others = len(plan.keys) - 1
    stops = (
        f'Stops no one: costs count by "{plan.tag.key}"'
        + (f", else by one of {others} wrong spellings of it" if others else "")
        + ", aliases as what they mean"
        + (", other values as themselves" if plan.inherits else "")
        + f'; the rest is "{DEFAULT}".'
    )
    return Piece(plan.tag.key, body, stops)


def _rules(plan: _Plan, key: str) -> Iterator[Plain]:
    for value, name in plan.values.items():
        seen = [value, *plan.tag.aliases.get(value, ())]
        # Without options the comparison is EQUALS and CASE_SENSITIVE, says the API; the console writes EQUALS.
        rule = {"Tags": {"Key": key, "Values": seen, "MatchOptions": ["EQUALS"]}}
        yield {"Type": "REGULAR", "Value": name, "Rule": rule}
    if plan.inherits:
        yield {"Type": "INHERITED_VALUE", "InheritedValue": {"DimensionName": "TAG", "DimensionKey": key}}


def _names(texts: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Name a cost category, or its value, after each text; AWS takes less there than in tags.

    Every text gets a name of its own: one that can be a name keeps it, the others share none.
    """
    texts = list(texts)
    reserved = set(taken)
    used = reserved | {text for text in texts if _nameable(text) == text}
    named: dict[str, str] = {}
    for text in texts:
        named[text] = text
        if _nameable(text) != text or text in reserved:
            named[text] = next(name for name in _numbered(_nameable(text)) if name not in used)
            used.add(named[text])
    return named


def _nameable(text: str) -> str:
    legal = "".join(c if c in "-_" or unicodedata.category(c)[0] in "LNZ" else "-" for c in text)
    return legal[:MAX_NAME].strip() or "-"


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name[: MAX_NAME - 5]}-{number}" for number in count(2))


def _left_out(plan: _Plan, name: str) -> Iterator[str]:
    key = quoted(plan.tag.key)
    why = f"AWS takes at most {MAX_NAME} letters, digits, spaces, - and _"
    if name != plan.tag.key:
        yield f"{key}: its cost category is named {quoted(name)}: {why}."
    for value, other in plan.values.items():
        if value == DEFAULT:
            yield f"{key}: {quoted(value)} counts as {quoted(other)}, apart from what has no right value."
        elif value != other:
            yield f"{key}: {quoted(value)} counts as {quoted(other)}: {why}."
    if plan.inherits and (plan.tag.values is not None or plan.tag.pattern is not None):
        yield f"{key}: wrong values count as themselves, not as {quoted(DEFAULT)}: {_why(plan)}."
    if plan.dropped:
        yield f"{key}: the spellings {', '.join(plan.dropped)}: AWS allows {MAX_RULES} rules, and each takes some."


def _why(plan: _Plan) -> str:
    if plan.tag.values is None:
        return "a rule knows no patterns"
    if len(plan.tag.exact_values) < len(plan.tag.values):
        return "a rule knows no *"
    return f"there are more values than the {MAX_RULES} rules that AWS allows"


def _too_many(plan: _Plan) -> str:
    what = f"{len(plan.values)} values that need a rule (they have aliases, or AWS does not take them as names)"
    return f"cost-categories: tag {quoted(plan.tag.key)} has {what}; AWS allows {MAX_RULES} rules"
