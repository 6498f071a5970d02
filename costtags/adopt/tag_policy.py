"""A tag policy of AWS Organizations -> a draft.

Syntax: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_example-tag-policies.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from costtags.adopt.draft import CannotDraft, Draft, Key, Value, count, listed
from costtags.adopt.files import parse_json
from costtags.adopt.observed import looks_private
from costtags.suggest import folded
from costtags.tagtext import MAX_TAGS, key_problems, value_problems
from costtags.yamlfile import quoted

MOST = 1_000_000
"""Bytes of a policy; AWS takes some 10,000 characters, and an effective one joins several."""
_OTHERS = {
    "Statement": "an IAM or service control policy",
    "plans": "a backup policy",
    "services": "an AI services opt-out policy",
}


def drafted(data: Any, source: str, shown: str) -> Draft:
    """Return a draft of a policy document, or of what describe-policy and describe-effective-policy answer.

    Raises CannotDraft for what is no tag policy, and where tags.yaml could hold none of its tags.
    """
    tags = _tags(_document(data, shown), shown)
    keys: dict[str, Key] = {}
    left_out: list[str] = []
    for name, body in tags.items():
        if name.startswith("@@"):
            continue  # an operator, such as @@operators_allowed_for_child_policies
        if not isinstance(body, Mapping):
            left_out.append(f"{quoted(name)}: what it must be is no JSON object")
            continue
        made = _key(_spelled(name, body), body)
        if isinstance(made, str):
            left_out.append(made)
            continue
        same = keys.setdefault(folded(made.key), made)
        if same is not made:
            left_out.append(f"{quoted(made.key)}: it differs from {quoted(same.key)} only in case or separators")
    for key in list(keys.values())[MAX_TAGS:]:
        left_out.append(f"{quoted(key.key)}: AWS allows {MAX_TAGS} tags on a resource")
        del keys[folded(key.key)]
    if not keys:
        raise CannotDraft("\n".join([f"{shown} holds no tag that tags.yaml could hold", *left_out]))
    head = (
        "A tag policy lets any value pass where it lists none, and any key that it does not name; so does this file, "
        "except the empty value. What the policy enforces where is not for this file to say: `costtags render "
        "tag-policy` enforces wherever AWS can.",
    )
    return Draft(source, tuple(keys.values()), head, tuple(left_out))


def _document(data: Any, shown: str) -> Any:
    """Unwrap what the API answers: the policy is JSON text in it."""
    for outer, inner in (("EffectivePolicy", "PolicyContent"), ("Policy", "Content")):
        answer = data.get(outer) if isinstance(data, Mapping) else None
        if not isinstance(answer, Mapping):
            continue
        summary = answer.get("PolicySummary")
        kind = answer.get("PolicyType") or (summary.get("Type") if isinstance(summary, Mapping) else None)
        if kind not in (None, "TAG_POLICY"):
            raise CannotDraft(f"{shown} is not a tag policy: its type is {quoted(str(kind))}")
        content = answer.get(inner)
        return parse_json(content, f"the policy in {shown}") if isinstance(content, str) else content
    return data


def _tags(document: Any, shown: str) -> Mapping[str, Any]:
    tags = document.get("tags") if isinstance(document, Mapping) else None
    if isinstance(tags, Mapping):
        return tags
    other = next((what for name, what in _OTHERS.items() if isinstance(document, Mapping) and name in document), None)
    reason = f"it is {other}" if other else 'it holds no object "tags"'
    raise CannotDraft(f"{shown} is not a tag policy: {reason}")


def _spelled(name: str, body: Mapping[str, Any]) -> str:
    """Return the key as the policy wants it spelled: in lower case, where it does not say."""
    setting = _setting(body.get("tag_key"))
    return setting.values[0] if setting.values else name.lower()


@dataclass(frozen=True)
class _Setting:
    """One setting of a tag: its texts, whether it is there, and what of it cannot be told or taken."""

    values: tuple[str, ...] = ()
    given: bool = False
    inherits: bool = False
    """Whether the policy above adds to it: there is @@append or @@remove, and no @@assign."""
    other: int = 0
    """How many of its values are no text."""


def _setting(content: Any) -> _Setting:
    """Read a setting in the form of a policy (operators) or of an effective policy (plain)."""
    if content is None:
        return _Setting()
    if not isinstance(content, Mapping):
        return _listed([content], [], given=True, inherits=False)
    operators = {"@@assign", "@@append", "@@remove"} & content.keys()
    if not operators:
        return _Setting()
    return _listed(
        [content.get("@@assign"), content.get("@@append")],
        [content.get("@@remove")],
        given=True,
        inherits="@@assign" not in operators,
    )


def _listed(added: list[Any], removed: list[Any], *, given: bool, inherits: bool) -> _Setting:
    flat = [item for part in added for item in _flat(part)]
    gone = [item for part in removed for item in _flat(part)]
    texts = [item for item in flat if isinstance(item, str) and item not in gone]
    other = sum(not isinstance(item, str) for item in flat)
    return _Setting(tuple(dict.fromkeys(texts)), given, inherits, other)


def _flat(part: Any) -> list[Any]:
    if part is None:
        return []
    return part if isinstance(part, list) else [part]


def _key(key: str, body: Mapping[str, Any]) -> Key | str:
    """Return the key of a policy's tag, or why there can be none."""
    problem = next(key_problems(key), None)
    if problem:
        return f"{quoted(key)}: {problem}"
    if looks_private(key):
        return "a key that may be personal or secret: tags are no place for that"
    values = _setting(body.get("tag_value"))
    if values.given and not (values.values or values.inherits or values.other):
        return f"{quoted(key)}: the policy accepts no value of it, which tags.yaml cannot say"
    required, notes = _required(_setting(body.get("report_required_tag_for")))
    if not _setting(body.get("tag_key")).values:
        notes.append("The policy names no tag_key: AWS then wants the key in lower case.")
    notes += _enforced(_setting(body.get("enforced_for")))
    if values.inherits:
        some = f" (it adds {listed(values.values)})" if values.values else ""
        notes.append(
            f"The policy only changes the values of a policy above it{some}, so any is allowed here: the effective "
            "policy, `costtags init --from-tag-policy live`, has them all."
        )
    taken, left_out = _values(values)
    return Key(key, required, tuple(notes), tuple(left_out), taken)


def _values(setting: _Setting) -> tuple[tuple[Value, ...], list[str]]:
    if "*" in setting.values or setting.inherits:
        return (), []  # any; or a list of which we know only a part, which would refuse right values
    if any(looks_private(value) for value in setting.values if "*" not in value):
        return (), ["its values, some of which look like e-mail addresses or credentials: neither belongs in a tag"]
    problems = {value: next(value_problems(value, wildcard=True), "") for value in setting.values}
    left_out = [f"{quoted(value)}: {problem}" for value, problem in problems.items() if problem]
    if setting.other:
        left_out.append(f"{count(setting.other, 'value')} that is no text")
    return tuple(Value(value) for value, problem in problems.items() if not problem), left_out


def _required(setting: _Setting) -> tuple[bool, list[str]]:
    types = setting.values
    if any(one.lower().startswith("sagemaker:") for one in types):
        return True, []
    if types:
        return False, [f"The policy reports it missing on {_types(types)}, and on nothing of SageMaker."]
    if setting.inherits:
        return False, ["The policy only changes where a policy above it reports the tag as missing."]
    return False, ["The policy reports it missing on nothing (it has no report_required_tag_for)."]


def _enforced(setting: _Setting) -> Iterator[str]:
    if setting.values:
        yield f"The policy enforces it on {_types(setting.values)}."


def _types(names: Sequence[str]) -> str:
    """Return types of resources in few words: 13 types of "sagemaker", all of "ec2"."""
    services: dict[str, list[str]] = {}
    for name in names:
        service, _, kind = name.partition(":")
        services.setdefault(service, []).append(kind)
    said = [_of_service(service, kinds) for service, kinds in services.items()]
    return ", ".join(said[:8]) + (f" and of {len(said) - 8} more services" if len(said) > 8 else "")


def _of_service(service: str, kinds: Sequence[str]) -> str:
    if "ALL_SUPPORTED" in kinds or "*" in kinds:
        return f"all of {quoted(service)} that AWS can"
    return quoted(f"{service}:{kinds[0]}") if len(kinds) == 1 else f"{len(kinds)} types of {quoted(service)}"
