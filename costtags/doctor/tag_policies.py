"""Tag policies in a normal form, and in what one differs from another."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from costtags.doctor.compare import Difference
from costtags.doctor.rules import NotAPolicy

Tags = dict[str, dict[str, frozenset[str]]]
"""Tag, in lower case -> setting -> its values."""

_SETTINGS = ("tag_key", "tag_value", "enforced_for", "report_required_tag_for")
_CHILDREN = "@@operators_allowed_for_child_policies"


def tags_of(policies: Iterable[Mapping[str, Any]]) -> Tags:
    """Return what tag policies, or an effective one, say of each tag. Raises NotAPolicy."""
    made: Tags = {}
    for policy in policies:
        tags = policy.get("tags")
        if not isinstance(tags, Mapping):
            raise NotAPolicy('it holds no object "tags"')
        for name, body in tags.items():
            if name.startswith("@@"):
                continue
            if not isinstance(body, Mapping):
                raise NotAPolicy(f'what it says of "{name}" is no object')
            for setting, values in _settings(name, body):
                # The same tag in two policies on one target: which comes first is not ours to know, so both count.
                one = made.setdefault(name.lower(), {})
                one[setting] = one.get(setting, frozenset()) | values
    return made


def _settings(name: str, body: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    if "tag_key" not in body:
        yield "tag_key", frozenset([name.lower()])  # AWS then wants it in lower case
    for setting, given in body.items():
        if not isinstance(given, Mapping):
            yield setting, _lower(setting, _texts(given))
            continue
        for operator, values in given.items():
            if operator == "@@assign":
                yield setting, _lower(setting, _texts(values))
            elif operator != _CHILDREN or _texts(values) != {"@@all"}:
                yield f"{setting} {operator}", _texts(values)


def _lower(setting: str, values: frozenset[str]) -> frozenset[str]:
    return frozenset(value.lower() for value in values) if setting.endswith("_for") else values


def _texts(given: Any) -> frozenset[str]:
    return frozenset(map(str, given if isinstance(given, list) else [given]))


# Setting -> what to say of a value that only tags.yaml has, and of one that only the policy has; $ is the value.
_WORDS = {
    "tag_key": ("is not spelled $ there", "is spelled $ there"),
    "tag_value": ("may not have the value $ there yet", "may still have the value $ there"),
    "enforced_for": ("is not enforced on $ there yet", "is still enforced on $ there"),
    "report_required_tag_for": (
        "is not reported as missing on $ there yet",
        "is still reported as missing on $ there",
    ),
}
_MANY = 3


def differences(deployed: Tags, wanted: Tags, *, only_ours: bool = False, enforced: bool = True) -> list[Difference]:
    """Return in what deployed tag policies differ from wanted ones.

    ``only_ours`` leaves out tags that only the deployed ones name: of an effective policy they may be anyone's.
    Without ``enforced``, where it is enforced is not compared.
    """
    found: list[Difference] = []
    for tag in sorted(deployed.keys() | wanted.keys()):
        if tag not in deployed:
            found.append(Difference(f'tag "{tag}" is not in it yet'))
        elif tag not in wanted:
            found += [] if only_ours else [Difference(f'tag "{tag}" is still in it')]
        else:
            settings = sorted(deployed[tag].keys() | wanted[tag].keys())
            for setting in [one for one in settings if enforced or one != "enforced_for"]:
                found += _of_setting(tag, setting, deployed[tag].get(setting), wanted[tag].get(setting))
    return found


def _of_setting(
    tag: str, setting: str, there: frozenset[str] | None, here: frozenset[str] | None
) -> Iterator[Difference]:
    if there is None and setting == "tag_value":
        yield Difference(f'tag "{tag}" may still have any value there')
    elif here is None and setting == "tag_value":
        yield Difference(f'tag "{tag}" may not have any value there yet')
    elif (there is None or here is None) and not (there or here):  # an empty list lifts what a policy above says
        yield Difference(f'tag "{tag}": {setting} is an empty list {"there" if here is None else "in tags.yaml"} alone')
    else:
        given, wanted = there or frozenset(), here or frozenset()
        lacks, has = _WORDS.get(setting, (f"lacks {setting} $ there", f"has {setting} $ there"))
        yield from _listed(f'tag "{tag}" {lacks}', wanted - given)
        yield from _listed(f'tag "{tag}" {has}', given - wanted)


def _listed(text: str, values: frozenset[str]) -> Iterator[Difference]:
    if len(values) > _MANY:
        yield Difference(text.replace("$", f"{len(values)} types"), tuple(sorted(values)))
    else:
        yield from (Difference(text.replace("$", value, 1)) for value in sorted(values))
