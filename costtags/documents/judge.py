"""Policies and budgets that a program is about to deploy -> findings: denies what it must not, counts nothing."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from costtags.check import Finding
from costtags.documents import limits
from costtags.documents.evaluate import (
    ANY_VALUE,
    Request,
    condition_keys,
    conditions,
    holds,
    listed,
    matched,
    matches_resource,
)
from costtags.effective import bare, is_unknown
from costtags.glob import matcher
from costtags.schema import Schema, Tag
from costtags.suggest import nearest

ACTIONS = Path(__file__).parent.parent / "actions.json"

PROPERTIES = ("type", "content", "policy", "policyDocument", "costFilters", "filterExpression", "budget")
"""What is read of a resource that holds a document."""

Findings = Iterator[Finding]
Inputs = Mapping[str, Any]


def judge(schema: Schema, type_: str, inputs: Inputs) -> list[Finding]:
    """Judge a budget or a policy document by its Pulumi type; for any other type there are no findings."""
    judged = JUDGED.get(type_)
    return list(dict.fromkeys(judged(schema, inputs))) if judged else []


# --- Policies ---------------------------------------------------------------------------------------------------------

# Where a policy stands in its resource, what it is, and AWS's limit of size:
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
SCP, TAG_POLICY, RCP, MANAGED = "SERVICE_CONTROL_POLICY", "TAG_POLICY", "RESOURCE_CONTROL_POLICY", "managed policy"
_SIZES = {
    SCP: limits.SERVICE_CONTROL_POLICY,
    TAG_POLICY: limits.TAG_POLICY,
    RCP: limits.RESOURCE_CONTROL_POLICY,
    MANAGED: limits.MANAGED_POLICY,
}
_NAMES = {SCP: "service control policy", TAG_POLICY: "tag policy", RCP: "resource control policy"}


def _organizations_policy(schema: Schema, inputs: Inputs) -> Findings:
    kind, _ = bare(inputs.get("type"))
    yield from _policy(schema, str(kind or SCP), inputs.get("content"))


def _managed_policy(field: str) -> Callable[[Schema, Inputs], Findings]:
    return lambda schema, inputs: _policy(schema, MANAGED, inputs.get(field))


def _policy(schema: Schema, kind: str, given: Any) -> Findings:
    content, _ = bare(given)
    name = _NAMES.get(kind, kind)
    if content is None or kind not in _SIZES:
        return
    if is_unknown(content):
        yield Finding("unknown-value", None, f"the {name} is known only at deployment", "")
        return
    text = content if isinstance(content, str) else None
    document, minified = _read(content)
    if document is None:
        yield Finding("policy-malformed", None, f"the {name} is no JSON object", "write it with json.dumps")
        return
    if is_unknown(minified):
        yield Finding("unknown-value", None, f"a part of the {name} is known only at deployment", "")
    # IAM does not count white space; Organizations stores what it gets.
    size = len(minified) if kind == MANAGED or text is None else len(text)
    yield from _size(kind, name, size, len(minified))
    if len(minified) > _FAR_TOO_LARGE * _SIZES[kind]:
        return
    if kind == TAG_POLICY:
        yield from _tag_policy(schema, document)
    elif kind in (SCP, MANAGED):
        yield from _statements(schema, kind, document)


_FAR_TOO_LARGE = 20
"""How many times its limit a policy may be and still be read: AWS takes none of it."""


def _read(content: Any) -> tuple[Inputs | None, str]:
    """Return a policy, and how it is written in its shortest form; None where it is no object that can be written."""
    try:
        document = _all_bare(json.loads(content) if isinstance(content, str) else content)
        minified = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
        minified.encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        return None, ""
    return (document, minified) if isinstance(document, Mapping) else (None, "")


def _all_bare(value: Any) -> Any:
    value, _ = bare(value)
    if isinstance(value, Mapping):
        return {str(bare(key)[0]): _all_bare(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_all_bare(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _size(kind: str, name: str, size: int, short: int) -> Findings:
    limit = _SIZES[kind]
    if size <= limit:
        return
    message = f"the {name} has {size} characters, and AWS takes {limit}"
    fix = 'minify it: json.dumps(..., separators=(",", ":"))' if short <= limit else "split it over several policies"
    yield Finding("policy-size", None, message, fix)


def _statements(schema: Schema, kind: str, document: Inputs) -> Findings:
    given = document.get("Statement", [])
    denying = [
        (number, statement)
        for number, statement in enumerate(given if isinstance(given, list) else [given], 1)
        if isinstance(statement, Mapping) and statement.get("Effect") == "Deny" and matches_resource(statement)
    ]
    # What nobody may create anyway, whatever its tags: a freeze, a role that only reads.
    frozen = [matched(one, _creations()) for _, one in denying if all(map(_says_who, condition_keys(one)))]
    frozen_all = not set(_creations()).difference(*frozen)
    for number, statement in denying:
        if _asks_for_tags(statement) or _names_tagging(statement):
            sid = statement.get("Sid")
            name = f'statement "{sid}"' if isinstance(sid, str) and sid else f"statement {number}"
            actions = matched(statement, _all_actions())
            if kind == SCP and not _excepts(statement) and not actions.isdisjoint(_taggable()):
                message = f"{name} excepts nobody: if it stops the wrong ones, no one can act"
                fix = 'add to its Condition "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BREAK-GLASS"}'
                yield Finding("policy-exception", None, message, fix)
            if _asks_for_tags(statement):
                yield from _denials(schema, name, statement, actions)
            elif "AddTags" in actions and not frozen_all:
                yield from _right_requests(schema, name, statement, Request("AddTags", on_creation=True))


def _asks_for_tags(statement: Inputs) -> bool:
    return any(key == "aws:tagkeys" or key.startswith("aws:requesttag/") for key in condition_keys(statement))


def _names_tagging(statement: Inputs) -> bool:
    """Say whether a statement names AddTags by itself, not by a wildcard for much else."""
    named = [action for action in listed(statement.get("Action", [])) if action.lower().endswith("tags")]
    return bool(matched({"Action": named}, ("AddTags",)))


# By what a statement says who may act all the same, or whom alone it concerns.
_WHO = (
    *("aws:principalarn", "aws:principaltag/", "aws:principalaccount", "aws:principalorgpaths", "aws:principaltype"),
    *("aws:userid", "aws:username", "aws:sourceidentity", "aws:multifactorauth"),
)


def _says_who(key: str) -> bool:
    return key.startswith(_WHO)


def _excepts(statement: Inputs) -> bool:
    return any(map(_says_who, condition_keys(statement)))


@cache
def _actions() -> Mapping[str, tuple[str, ...]]:
    table = json.loads(ACTIONS.read_bytes())
    return {name: tuple(actions) for name, actions in table.items()}


def _taggable() -> tuple[str, ...]:
    return _actions()["with_tags"]


@cache
def _all_actions() -> tuple[str, ...]:
    return (*_taggable(), *_actions()["without_tags"])


@cache
def _creations() -> tuple[str, ...]:
    return tuple(action for action in _taggable() if action.startswith("Create"))


@cache
def _untagged() -> tuple[str, ...]:
    """The actions that carry no tags, but DeleteTags, which shows their keys."""
    rest = (action for action in _actions()["without_tags"] if action not in (*_TELLING, "DeleteTags"))
    return (*_TELLING, *rest)


# Named first in messages: what people notice first.
_TELLING = ("CreatePresignedDomainUrl", "StartNotebookInstance", "StartPipelineExecution")
_LIST_THEM = "list the creating actions one by one, as `costtags render scp-require-tags` does"
_COMPILE_IT = "compile it from tags.yaml: `costtags render scp-require-tags`"


def _denials(schema: Schema, name: str, statement: Inputs, actions: frozenset[str]) -> Findings:
    """Try a statement on requests that nothing may deny."""
    stopped = _tried(statement)
    if stopped(Request(_TELLING[0])):  # and so every request without tags
        always = _on_resource(statement, (one for one in _untagged() if one in actions))
        if always:
            what = f"denies {_some(always)} always: such requests carry no tags"
            yield Finding("policy-denial", None, f"{name} {what}", _LIST_THEM)
        broken = _on_resource(statement, (one for one in _never() if one in actions))
        if broken:
            what = f"denies {_some(broken)} without tags. {_never()[broken[0]]}"
            yield Finding("policy-denial", None, f"{name} {what}", _LIST_THEM)
    if "AddTags" in actions:
        yield from _added_alone(schema, name, statement)
    creators = _on_resource(statement, (one for one in _taggable() if one != "AddTags" and one in actions))
    if creators:
        yield from _right_requests(schema, name, statement, Request(creators[0]))
    elif "AddTags" in actions:
        yield from _right_requests(schema, name, statement, Request("AddTags", on_creation=True))
        yield from _values(schema, name, statement, Request("AddTags", _right(schema)))


def _added_alone(schema: Schema, name: str, statement: Inputs) -> Findings:
    """Try to add a tag alone, where it could be added with all the others: it is not for its own sake if it cannot."""
    stopped, asked, right = _tried(statement), _asked(schema, statement), _right(schema)
    if stopped(Request("AddTags", right)):
        return
    alone = {tag.key: _right_values(tag) if tag in asked else [right[tag.key]] for tag in schema.tags.values()}
    if not stopped(Request("AddTags", right | _STUDIO)):
        alone |= {key: [value] for key, value in _STUDIO.items()}
    for key, values in alone.items():
        if all(stopped(Request("AddTags", {key: value})) for value in values):
            what = f'denies sagemaker:AddTags of "{key}" alone: a tag could not be added later, a repair would fail'
            yield Finding("policy-denial", key, f"{name} {what}", "take sagemaker:AddTags out of this statement")
            return


def _tried(statement: Inputs) -> Callable[[Request], bool]:
    """Return a test of requests: whether the statement is sure to stop one, whether or not the resource has tags.

    Which tags of the resource AWS shows in a request that creates it is not known either.
    """
    names = (key.partition("resourcetag/")[2] for key in condition_keys(statement))
    tagged = {name: ANY_VALUE for name in names if name}
    return lambda request: all(holds(statement, replace(request, resource_tags=shown)) for shown in ({}, tagged))


def _right_requests(schema: Schema, name: str, statement: Inputs, request: Request) -> Findings:
    """Try a statement on a creation, or the tagging that accompanies one, with right tags."""
    stopped, right = _tried(statement), _right(schema)
    if stopped(replace(request, tags=right)):
        # A condition is about one tag: if no other value of any one tag helps, no right tags at all do.
        others = ({**right, tag.key: one} for tag in _asked(schema, statement) for one in _right_values(tag))
        passing = next((tags for tags in others if not stopped(replace(request, tags=tags))), None)
        if passing is None:
            what, fix = "denies a request that carries every tag of tags.yaml with a right value", _COMPILE_IT
            if request.on_creation:
                what = "denies the sagemaker:AddTags that accompanies a creation: nothing could be created with tags"
                fix = 'add "Null": {"sagemaker:TaggingAction": "true"} to its condition'
            yield Finding("policy-denial", None, f"{name} {what}", fix)
            return
        right = passing
    yield from _values(schema, name, statement, replace(request, tags=right))
    if stopped(replace(request, tags=right | _STUDIO)):
        what = "denies the tags that SageMaker itself adds (sagemaker:domain-arn ...): Studio could not create spaces"
        yield Finding("policy-denial", None, f"{name} {what}", 'add "sagemaker:*" to its list of keys')


def _values(schema: Schema, name: str, statement: Inputs, right: Request) -> Findings:
    """Try every value of each tag that a statement has a list of: who denies one by its name means to."""
    stopped = _tried(statement)
    for tag in _asked(schema, statement, negated=True):
        like = {one: replace(right, tags={**right.tags, tag.key: _like(one)}) for one in tag.values or ()}
        refused = [one for one, request in like.items() if stopped(request)]
        if refused:
            what = f'denies a value of tag "{tag.key}" that tags.yaml allows: {_some(refused, "")}'
            yield Finding("policy-denial", tag.key, f"{name} {what}", _COMPILE_IT)


def _asked(schema: Schema, statement: Inputs, *, negated: bool = False) -> list[Tag]:
    """Return the tags whose value a statement asks for, or asks not to be some."""
    asked = [keys for operator, keys in conditions(statement).items() if not negated or "not" in operator.lower()]
    names = {str(key).lower() for keys in asked for key in keys}
    return [tag for tag in schema.tags.values() if f"aws:requesttag/{tag.key}".lower() in names]


_STUDIO = {f"sagemaker:{kind}-arn": "arn:aws:sagemaker:::x" for kind in ("domain", "user-profile", "space")}


def _right(schema: Schema) -> dict[str, str]:
    """Every tag with a right value."""
    tags = schema.tags.values()
    return {tag.key: tag.default if tag.default is not None else _right_values(tag)[0] for tag in tags}


def _right_values(tag: Tag) -> list[str]:
    return [_like(value) for value in tag.values] if tag.values else [ANY_VALUE]


def _like(value: str) -> str:
    return value.replace("*", "x")


@cache
def _never() -> Mapping[str, str]:
    """The actions that may carry tags and must not be denied for want of them, with the reasons."""
    from costtags.catalog import sagemaker_types

    rows = [row for row in sagemaker_types() if row.deny_untagged == "never"]
    creating = {action: row.reason for row in rows for action in row.create if action in _taggable()}
    changing = [action for row in sagemaker_types() for action in row.retag if action in _taggable()]
    return creating | dict.fromkeys(changing, "A change of something else carries no tags.")


@cache
def _kinds() -> Mapping[str, str]:
    """The actions that create, and words for other actions' objects -> the type in the ARNs of what they are about."""
    from costtags.catalog import sagemaker_types

    kinds = [(row, row.arn.split(":", 5)[5].partition("/")[0]) for row in sagemaker_types() if row.arn]
    words = {kind.replace("-", ""): kind for _, kind in kinds}
    return words | {action: kind for row, kind in kinds for action in (*row.create, *row.retag)}


def _on_resource(statement: Inputs, actions: Iterable[str]) -> list[str]:
    """Return the actions of which a statement is about all resources, or about the type that the action's name says."""
    if "NotResource" not in statement and "*" in listed(statement.get("Resource", "*")):
        return list(actions)
    return [one for one in actions if matches_resource(statement, _kind(one))]


def _kind(action: str) -> str:
    word = re.sub("^[A-Z][a-z]+", "", action).lower()  # StartNotebookInstance: notebookinstance
    return _kinds().get(action) or _kinds().get(word) or "(another)"


def _some(items: Sequence[str], prefix: str = "sagemaker:") -> str:
    shown = ", ".join(f"{prefix}{item}" for item in items[:3])
    return shown + (f" and {len(items) - 3} more" if len(items) > 3 else "")


# --- Tag policies -----------------------------------------------------------------------------------------------------


def _tag_policy(schema: Schema, document: Inputs) -> Findings:
    tags = document.get("tags")
    if not isinstance(tags, Mapping):
        yield Finding("policy-malformed", None, 'the tag policy has no "tags"', '{"tags": {...}}')
        return
    spelled = {key.lower(): tag for key, tag in schema.tags.items()}
    for policy_key, entry in tags.items():
        if policy_key.startswith("@@") or is_unknown(policy_key):
            continue  # @@operators_allowed_for_child_policies
        if not isinstance(entry, Mapping):
            yield Finding("policy-malformed", policy_key, f'the tag policy\'s "{policy_key}" is no object', "")
            continue
        assigned = _assigned(entry.get("tag_key"))
        key = assigned if isinstance(assigned, str) and assigned else policy_key
        if is_unknown(key):
            continue
        if key.lower() != policy_key.lower():
            message = f'the policy key "{policy_key}" and its tag_key "{key}" differ in more than case'
            yield Finding("policy-malformed", key, message, f'name the policy key "{key}"')
        for field, supported in (("enforced_for", "enforced"), ("report_required_tag_for", "required")):
            types = _items(entry.get(field))
            if wrong := [one for one in types if one.startswith("sagemaker:") and one not in _supported(supported)]:
                message = f'tag "{key}": {field} does not support {_some(wrong, "")}'
                yield Finding(
                    "tag-policy-type", key, message, "remove it: `costtags render tag-policy` has all that do"
                )
        values = _items(entry.get("tag_value"))
        if any(value.count("*") > 1 for value in values):
            yield Finding("policy-malformed", key, f'tag "{key}": a value of a tag policy holds at most one *', "")
        tag = spelled.get(key.lower())
        if tag is not None and _items(entry.get("enforced_for")):
            yield from _enforced(tag, key, entry)


def _enforced(tag: Tag, key: str, entry: Inputs) -> Findings:
    fix = "compile it: `costtags render tag-policy`"
    if key != tag.key and _assigned(entry.get("tag_key")):
        message = f'tag "{tag.key}": the tag policy refuses this spelling, and takes "{key}" alone'
        yield Finding("policy-denial", tag.key, message, fix)
    # What it only appends comes on top of what a parent's policy allows.
    values = _texts(_assigned(entry.get("tag_value")))
    if values is None or any(map(is_unknown, values)):
        return
    values = _items(entry.get("tag_value"))
    missing = [value for value in tag.values or () if not any(_covers(one, value) for one in values)]
    if missing:
        message = f'tag "{tag.key}": the tag policy refuses a value that tags.yaml allows: {_some(missing, "")}'
        yield Finding("policy-denial", tag.key, message, fix)
    elif not values:  # an empty list allows none
        yield Finding("policy-denial", tag.key, f'tag "{tag.key}": the tag policy refuses every value', fix)


def _covers(wide: str, value: str) -> bool:
    """Say whether a value of a tag policy allows another, or all that it stands for; each holds at most one *."""
    before, star, after = wide.partition("*")
    if not star or "*" not in value:
        return matcher([wide])(value)
    start, _, end = value.partition("*")
    return start.startswith(before) and end.endswith(after)


def _assigned(entry: Any) -> Any:
    return entry.get("@@assign") if isinstance(entry, Mapping) else None


def _items(entry: Any) -> list[str]:
    if not isinstance(entry, Mapping):
        return []
    return [item for operator in ("@@assign", "@@append") for item in _texts(entry.get(operator)) or ()]


def _texts(value: Any) -> list[str] | None:
    return None if value is None else listed(value)


@cache
def _supported(capability: str) -> frozenset[str]:
    from costtags.catalog import sagemaker_types

    return frozenset(f"sagemaker:{row.name}" for row in sagemaker_types() if getattr(row.tag_policy, capability))


# --- Budgets ----------------------------------------------------------------------------------------------------------

_FORM = "user:KEY$VALUE"


def _budget(schema: Schema, inputs: Inputs) -> Findings:
    yield from _cost_filters(schema, bare(inputs.get("costFilters"))[0])
    yield from _expression(schema, bare(inputs.get("filterExpression"))[0])


def _native_budget(schema: Schema, inputs: Inputs) -> Findings:
    data, _ = bare(inputs.get("budget"))
    if is_unknown(data):
        yield Finding("unknown-value", None, "the budget's filter is known only at deployment", "")
    elif isinstance(data, Mapping):
        yield from _budget(schema, data)


def _cost_filters(schema: Schema, filters: Any) -> Findings:
    if is_unknown(filters):
        yield from _tag_filter(schema, filters)
    elif isinstance(filters, str):
        try:
            filters = json.loads(filters)
        except (ValueError, RecursionError):
            return
    rows = filters.items() if isinstance(filters, Mapping) else _named(filters)
    for name, values in rows:
        if is_unknown(name):
            yield from _tag_filter(schema, name)
        elif name != "TagKeyValue":
            if isinstance(name, str) and (name.lower() in ("tagkeyvalue", "tag", "tags") or name.startswith("user:")):
                message = "a filter by tag is named TagKeyValue: AWS counts nothing under another name"
                yield Finding("filter-malformed", None, message, f'"TagKeyValue": ["{_FORM}"]')
        else:
            for value in _each(values):
                yield from _tag_filter(schema, value)


def _named(filters: Any) -> Iterator[tuple[Any, Any]]:
    for row in _each(filters):
        if isinstance(row, Mapping):
            yield bare(row.get("name"))[0], row.get("values")
        elif is_unknown(row):
            yield row, None


def _each(values: Any) -> list[Any]:
    """Return one value or several as a list, without their secret marks."""
    values, _ = bare(values)
    if values is None:
        return []
    return [bare(value)[0] for value in values] if isinstance(values, list | tuple) else [values]


def _tag_filter(schema: Schema, text: Any) -> Findings:
    if is_unknown(text):
        yield Finding("unknown-value", None, "the budget's filter is known only at deployment", "")
        return
    if not isinstance(text, str):
        return
    key, separator, value = text.partition("$")
    if key.startswith("aws:") and separator:
        return
    if not separator or not key.startswith("user:"):
        message = f"a filter by tag is not written {_FORM}: AWS takes it and counts nothing"
        yield Finding("filter-malformed", None, message, f'write "{_FORM}"')
        return
    yield from _key_and_value(schema, key.removeprefix("user:"), [value], lambda one: f'write "user:{one}$..."')


def _key_and_value(schema: Schema, key: str, values: Sequence[str], fix: Callable[[str], str]) -> Findings:
    tag = schema.tags.get(key)
    if tag is None:
        if key.startswith(("sagemaker:", "aws:")) or (schema.other_keys is not None and schema.allows_other_key(key)):
            return
        near = schema.meant_key(key) or nearest(key, schema.tags)
        hint = f'; did you mean "{near}"?' if near else ""
        message = f'the budget filters by tag "{key}", which tags.yaml does not name: it would count nothing{hint}'
        yield Finding("filter-key", key, message, fix(near or next(iter(schema.tags))))
    elif not all(value and "*" not in value and tag.allows(value) for value in values):
        message = (
            f'the budget filters tag "{key}" by a value that is not allowed: it would count nothing; {tag.allowed}'
        )
        yield Finding("filter-value", key, message, fix(key))


def _expression(schema: Schema, node: Any) -> Findings:
    nodes = [node]
    while nodes:  # no recursion: whoever nests ever deeper must not end the pack
        node, _ = bare(nodes.pop())
        if isinstance(node, list | tuple):
            nodes.extend(reversed(node))
        elif isinstance(node, Mapping):
            yield from _expression_tags(schema, bare(node.get("tags"))[0])
            nodes.extend(node[name] for name in ("not_", "not", "or", "and", "ors", "ands") if name in node)
        elif is_unknown(node):
            yield from _tag_filter(schema, node)


def _expression_tags(schema: Schema, entry: Any) -> Findings:
    if not isinstance(entry, Mapping):
        if is_unknown(entry):
            yield from _tag_filter(schema, entry)
        return
    key, _ = bare(entry.get("key"))
    values, options = _each(entry.get("values")), _each(entry.get("matchOptions"))
    if is_unknown(key) or any(map(is_unknown, values)):
        yield Finding("unknown-value", None, "the budget's filter is known only at deployment", "")
    if not isinstance(key, str) or is_unknown(key):
        return
    exact = all(option in ("EQUALS", "CASE_SENSITIVE") for option in options)
    known = [str(value) for value in values if exact and not is_unknown(value)]
    # Whether AWS wants "user:" here is not documented; both are taken.
    yield from _key_and_value(schema, key.removeprefix("user:"), known, lambda one: f'"key": "{one}"')


JUDGED: Mapping[str, Callable[[Schema, Inputs], Findings]] = {
    "aws:organizations/policy:Policy": _organizations_policy,
    "aws-native:organizations:Policy": _organizations_policy,
    "aws:iam/policy:Policy": _managed_policy("policy"),
    "aws-native:iam:ManagedPolicy": _managed_policy("policyDocument"),
    "aws:budgets/budget:Budget": _budget,
    "aws-native:budgets:Budget": _native_budget,
}
