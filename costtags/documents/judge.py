"""Policies and budgets that a program is about to deploy -> findings: denies what it must not, counts nothing."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from costtags.check import Finding
from costtags.documents.evaluate import ANY_VALUE, Request, condition_keys, conditions, denies, listed, matches_action
from costtags.effective import bare, is_unknown
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
    return list(judged(schema, inputs)) if judged else []


# --- Policies ---------------------------------------------------------------------------------------------------------

# Where a policy stands in its resource, what it is, and AWS's limit of size:
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
SCP, TAG_POLICY, RCP, MANAGED = "SERVICE_CONTROL_POLICY", "TAG_POLICY", "RESOURCE_CONTROL_POLICY", "managed policy"
_SIZES = {SCP: 10_240, TAG_POLICY: 10_000, RCP: 5_120, MANAGED: 6_144}
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
    try:
        document = json.loads(content) if text is not None else content
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        yield Finding("policy-malformed", None, f"the {name} is no JSON object", "write it with json.dumps")
        return
    yield from _size(kind, name, text, document)
    if kind == TAG_POLICY:
        yield from _tag_policy(schema, document)
    elif kind in (SCP, MANAGED):
        yield from _statements(schema, kind, document)


def _size(kind: str, name: str, text: str | None, document: Inputs) -> Findings:
    limit = _SIZES[kind]
    short = len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))
    # IAM does not count white space; Organizations stores what it gets.
    size = short if kind == MANAGED or text is None else len(text)
    if size <= limit:
        return
    message = f"the {name} has {size} characters, and AWS takes {limit}"
    fix = 'minify it: json.dumps(..., separators=(",", ":"))' if short <= limit else "split it over several policies"
    yield Finding("policy-size", None, message, fix)


def _statements(schema: Schema, kind: str, document: Inputs) -> Findings:
    statements = document.get("Statement", [])
    for number, statement in enumerate(statements if isinstance(statements, list) else [statements], 1):
        if isinstance(statement, Mapping) and statement.get("Effect") == "Deny" and _about_tags(statement):
            name = f'statement "{statement["Sid"]}"' if statement.get("Sid") else f"statement {number}"
            if kind == SCP and not _excepts(statement) and any(matches_action(statement, one) for one in _taggable()):
                message = f"{name} excepts nobody: if it stops the wrong ones, no one can act"
                fix = 'add "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/..."} with your break-glass role'
                yield Finding("policy-exception", None, message, fix)
            yield from _denials(schema, name, statement)


_PRINCIPAL_KEYS = ("aws:principalarn", "aws:principaltag/", "aws:userid", "aws:username")


def _about_tags(statement: Inputs) -> bool:
    keys = condition_keys(statement)
    return any(key == "aws:tagkeys" or key.startswith("aws:requesttag/") for key in keys) or (
        {action.lower() for action in listed(statement.get("Action", []))}
        & {"sagemaker:addtags", "sagemaker:deletetags"}
        != set()
    )


def _excepts(statement: Inputs) -> bool:
    return any(
        "not" in operator.lower() and str(key).lower().startswith(_PRINCIPAL_KEYS)
        for operator, keys in conditions(statement).items()
        for key in keys
    )


@cache
def _actions() -> Mapping[str, tuple[str, ...]]:
    table = json.loads(ACTIONS.read_bytes())
    return {name: tuple(actions) for name, actions in table.items()}


def _taggable() -> tuple[str, ...]:
    return _actions()["with_tags"]


# Named first in messages: what people notice first.
_TELLING = ("CreatePresignedDomainUrl", "StartNotebookInstance", "StartPipelineExecution")
_LIST_THEM = "list the creating actions one by one, as `costtags render scp-require-tags` does"


def _denials(schema: Schema, name: str, statement: Inputs) -> Findings:
    """Try a statement on requests that nothing may deny."""
    untagged = (*_TELLING, *(action for action in _actions()["without_tags"] if action not in _TELLING))
    always = [action for action in untagged if denies(statement, Request(action))]
    if always:
        what = f"denies {_some(always)} always: such requests carry no tags"
        yield Finding("policy-denial", None, f"{name} {what}", _LIST_THEM)
    broken = [(action, reason) for action, reason in _never() if denies(statement, Request(action))]
    if broken:
        what = f"denies {_some([action for action, _ in broken])} without tags. {broken[0][1]}"
        yield Finding("policy-denial", None, f"{name} {what}", _LIST_THEM)
    first = [
        tag.key for tag in schema.tags.values() if denies(statement, Request("AddTags", {tag.key: _right_value(tag)}))
    ]
    if first:
        what = f'denies sagemaker:AddTags of "{first[0]}" alone: a tag could not be added later, a repair would fail'
        yield Finding("policy-denial", first[0], f"{name} {what}", "take sagemaker:AddTags out of this statement")
    creators = [action for action in _taggable() if action != "AddTags" and matches_action(statement, action)]
    if creators:
        yield from _right_requests(schema, name, statement, creators[0])


def _right_requests(schema: Schema, name: str, statement: Inputs, action: str) -> Findings:
    right = {tag.key: _right_value(tag) for tag in schema.tags.values()}
    if denies(statement, Request(action, right)):
        what = "denies a request that carries every tag of tags.yaml with a right value"
        fix = "compile it from tags.yaml: `costtags render scp-require-tags`"
        yield Finding("policy-denial", None, f"{name} {what}", fix)
        return
    for tag in schema.tags.values():
        refused = [
            one for one in tag.values or () if denies(statement, Request(action, {**right, tag.key: _like(one)}))
        ]
        if refused:
            what = f'denies a value of tag "{tag.key}" that tags.yaml allows: {_some(refused, "")}'
            fix = "compile it from tags.yaml: `costtags render scp-require-tags`"
            yield Finding("policy-denial", tag.key, f"{name} {what}", fix)
    if denies(statement, Request(action, {**right, **_STUDIO})):
        what = "denies the tags that SageMaker itself adds (sagemaker:domain-arn ...): Studio could not create spaces"
        yield Finding("policy-denial", None, f"{name} {what}", 'add "sagemaker:*" to its list of keys')


_STUDIO = {f"sagemaker:{kind}-arn": "arn:aws:sagemaker:::x" for kind in ("domain", "user-profile", "space")}


def _right_value(tag: Tag) -> str:
    if tag.default is not None:
        return tag.default
    return _like(tag.values[0]) if tag.values else ANY_VALUE


def _like(value: str) -> str:
    return value.replace("*", "x")


@cache
def _never() -> tuple[tuple[str, str], ...]:
    """The creating actions that carry tags and must not be denied for want of them, with the reasons."""
    from costtags.catalog import sagemaker_types

    rows = [row for row in sagemaker_types() if row.deny_untagged == "never"]
    return tuple((action, row.reason) for row in rows for action in row.create if action in _taggable())


def _some(items: Sequence[str], prefix: str = "sagemaker:") -> str:
    shown = ", ".join(f"{prefix}{item}" for item in items[:3])
    return shown + (f" and {len(items) - 3} more" if len(items) > 3 else "")


# --- Tag policies -----------------------------------------------------------------------------------------------------


def _tag_policy(schema: Schema, document: Inputs) -> Findings:
    tags = document.get("tags")
    if not isinstance(tags, Mapping):
        yield Finding("policy-malformed", None, 'the tag policy has no "tags"', '{"tags": {...}}')
        return
    for policy_key, entry in tags.items():
        if not isinstance(entry, Mapping):
            yield Finding("policy-malformed", str(policy_key), f'the tag policy\'s "{policy_key}" is no object', "")
            continue
        key = str(_assigned(entry.get("tag_key")) or policy_key)
        if key.lower() != str(policy_key).lower():
            message = f'the policy key "{policy_key}" and its tag_key "{key}" differ in more than case'
            yield Finding("policy-malformed", key, message, f'name the policy key "{key}"')
        for field, supported in (("enforced_for", "enforced"), ("report_required_tag_for", "required")):
            types = [str(one) for one in _items(entry.get(field))]
            if wrong := [one for one in types if one.startswith("sagemaker:") and one not in _supported(supported)]:
                message = f'tag "{key}": {field} does not support {_some(wrong, "")}'
                yield Finding(
                    "tag-policy-type", key, message, "remove it: `costtags render tag-policy` has all that do"
                )
        values = [str(one) for one in _items(entry.get("tag_value"))]
        if any(value.count("*") > 1 for value in values):
            yield Finding("policy-malformed", key, f'tag "{key}": a value of a tag policy holds at most one *', "")
        tag = schema.tags.get(key)
        if tag is not None and tag.values is not None and values and _items(entry.get("enforced_for")):
            missing = [value for value in tag.values if value not in values and not _covered(value, values)]
            if missing:
                message = f'tag "{key}": the tag policy refuses a value that tags.yaml allows: {_some(missing, "")}'
                yield Finding("policy-denial", key, message, "compile it: `costtags render tag-policy`")


def _covered(value: str, patterns: Sequence[str]) -> bool:
    from costtags.glob import matcher

    return "*" not in value and matcher(patterns)(value)


def _assigned(entry: Any) -> Any:
    return entry.get("@@assign") if isinstance(entry, Mapping) else None


def _items(entry: Any) -> list[Any]:
    if not isinstance(entry, Mapping):
        return []
    return [item for operator in ("@@assign", "@@append") for item in entry.get(operator) or []]


@cache
def _supported(capability: str) -> frozenset[str]:
    from costtags.catalog import sagemaker_types

    return frozenset(f"sagemaker:{row.name}" for row in sagemaker_types() if getattr(row.tag_policy, capability))


# --- Budgets ----------------------------------------------------------------------------------------------------------

_FORM = "user:KEY$VALUE"


def _budget(schema: Schema, inputs: Inputs) -> Findings:
    for filters in (inputs.get("costFilters"), inputs.get("filterExpression")):
        known, _ = bare(filters)
        if is_unknown(known):
            yield Finding("unknown-value", None, "the budget's filter is known only at deployment", "")
    yield from _cost_filters(schema, bare(inputs.get("costFilters"))[0])
    yield from _expression(schema, bare(inputs.get("filterExpression"))[0])


def _native_budget(schema: Schema, inputs: Inputs) -> Findings:
    data, _ = bare(inputs.get("budget"))
    if is_unknown(data):
        yield Finding("unknown-value", None, "the budget's filter is known only at deployment", "")
    elif isinstance(data, Mapping):
        yield from _budget(schema, data)


def _cost_filters(schema: Schema, filters: Any) -> Findings:
    if isinstance(filters, str):
        try:
            filters = json.loads(filters)
        except ValueError:
            return
    rows = filters.items() if isinstance(filters, Mapping) else _named(filters)
    for name, values in rows:
        if name != "TagKeyValue":
            if isinstance(name, str) and (name.lower() in ("tagkeyvalue", "tag", "tags") or name.startswith("user:")):
                message = "a filter by tag is named TagKeyValue: AWS counts nothing under another name"
                yield Finding("filter-malformed", None, message, f'"TagKeyValue": ["{_FORM}"]')
            continue
        for value in bare(values)[0] or []:
            yield from _tag_filter(schema, bare(value)[0])


def _named(filters: Any) -> Iterator[tuple[Any, Any]]:
    for row in filters if isinstance(filters, list) else []:
        entry, _ = bare(row)
        if isinstance(entry, Mapping):
            yield bare(entry.get("name"))[0], entry.get("values")


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
    elif not all(value and tag.allows(value) for value in values if value != ANY_VALUE):
        message = (
            f'the budget filters tag "{key}" by a value that is not allowed: it would count nothing; {tag.allowed}'
        )
        yield Finding("filter-value", key, message, fix(key))


def _expression(schema: Schema, node: Any) -> Findings:
    node, _ = bare(node)
    if isinstance(node, list):
        for item in node:
            yield from _expression(schema, item)
    if not isinstance(node, Mapping):
        return
    for name, item in node.items():
        if name == "tags":
            yield from _expression_tags(schema, bare(item)[0])
        elif name in ("ands", "ors", "and", "or", "not", "not_"):
            yield from _expression(schema, item)


def _expression_tags(schema: Schema, entry: Any) -> Findings:
    if not isinstance(entry, Mapping):
        return
    key, _ = bare(entry.get("key"))
    values = [bare(value)[0] for value in bare(entry.get("values"))[0] or []]
    options = [bare(option)[0] for option in bare(entry.get("matchOptions"))[0] or []]
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
