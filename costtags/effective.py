"""A resource's inputs and its provider's default tags -> the tags it will be created with, each with its source."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from costtags.catalog import TagProperty

Source = Literal["provider", "environment", "resource", "remediation"]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What Pulumi sends for a value that is known only at deployment (sdk/python/lib/pulumi/runtime/rpc.py)."""

STACK_TYPE = "pulumi:pulumi:Stack"
"""The type of the resource that stands for a whole stack."""

# https://www.pulumi.com/registry/packages/aws/api-docs/provider/#providerdefaulttags
ENVIRONMENT_PREFIX = "TF_AWS_DEFAULT_TAGS_"
IGNORE_KEYS_VARIABLE = "TF_AWS_IGNORE_TAGS_KEYS"
IGNORE_PREFIXES_VARIABLE = "TF_AWS_IGNORE_TAGS_KEY_PREFIXES"


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that Pulumi marked as secret."""

    value: Any


@dataclass(frozen=True, slots=True)
class TagValue:
    """The value of one effective tag: text, None where it is not known or no text at all, and where it comes from."""

    value: str | None
    source: Source
    known: bool = True
    secret: bool = False


@dataclass(frozen=True, slots=True)
class EffectiveTags:
    """The tags of a resource at creation; ``unknown`` names the maps of which not even the keys are known."""

    tags: Mapping[str, TagValue] = field(default_factory=dict)
    unknown: frozenset[Source] = frozenset()


@dataclass(frozen=True, slots=True)
class ProviderTags:
    """What a provider adds to every resource and what it ignores: maps as they stand in its inputs."""

    default_tags: Any = None
    ignore_tags: Any = None


def provider_tags(inputs: Mapping[str, Any]) -> ProviderTags:
    """Read ``defaultTags`` and ``ignoreTags`` from a provider's inputs, which hold them as JSON text or as maps."""
    return ProviderTags(_decoded(inputs.get("defaultTags")), _decoded(inputs.get("ignoreTags")))


def effective_tags(
    type_: str,
    shape: TagProperty,
    inputs: Mapping[str, Any],
    provider: ProviderTags = ProviderTags(),
    environment: Mapping[str, str] | None = None,
) -> EffectiveTags:
    """Overlay the provider's default tags with the own tags of a resource of Pulumi type ``type_``.

    ``inputs`` are plain data in which unknown values are UNKNOWN and secret ones ``Secret``. The environment's
    default tags lie below the provider's (terraform-provider-aws, internal/provider: its tags win over
    TF_AWS_DEFAULT_TAGS_*). ``ignoreTags`` takes nothing away: it acts on reading, not on creation
    (https://github.com/hashicorp/terraform-provider-aws/issues/39733).
    """
    merged: dict[str, TagValue] = {}
    unknown: set[Source] = set()
    native = type_.startswith("aws-native:")
    if shape.default_tags:
        if not native:  # a Terraform provider's variable
            for key, value in environment_tags(environment or {}).items():
                merged[key] = TagValue(value, "environment")
        _overlay(merged, unknown, _member(provider.default_tags, "tags"), "provider")
    own: dict[str, TagValue] = {}
    _overlay(own, unknown, inputs.get(shape.property), "resource")
    for key, tag in own.items():
        below = merged.get(key)
        # aws-native has merged its default tags into the inputs: an equal value is still the provider's.
        if native and below is not None and (below.value, below.known) == (tag.value, tag.known):
            tag = TagValue(tag.value, below.source, tag.known, tag.secret or below.secret)
        merged[key] = tag
    return EffectiveTags(merged, frozenset(unknown))


def tag_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which the AWS provider adds and ignores tags: few to look through for each resource."""
    names = (ENVIRONMENT_PREFIX, IGNORE_KEYS_VARIABLE, IGNORE_PREFIXES_VARIABLE)
    return {name: value for name, value in environment.items() if name.startswith(names)}


def environment_tags(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the default tags that the AWS provider takes from TF_AWS_DEFAULT_TAGS_<key>."""
    start = len(ENVIRONMENT_PREFIX)
    return {
        name[start:]: value
        for name, value in sorted(environment.items())
        if name.startswith(ENVIRONMENT_PREFIX) and len(name) > start
    }


def ignored_keys(keys: Iterable[str], provider: ProviderTags, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return those of ``keys`` that the provider ignores, by its inputs or by the environment, exactly or by prefix."""
    exact = {*_texts(_member(provider.ignore_tags, "keys")), *_split(environment.get(IGNORE_KEYS_VARIABLE))}
    prefixes = (
        *_texts(_member(provider.ignore_tags, "keyPrefixes")),
        *_texts(_member(provider.ignore_tags, "key_prefixes")),
        *_split(environment.get(IGNORE_PREFIXES_VARIABLE)),
    )
    return tuple(key for key in keys if key in exact or key.startswith(prefixes))


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _texts(value: Any) -> list[str]:
    value, _ = bare(value)
    if not isinstance(value, list | tuple):
        return []
    return [text for text in (bare(item)[0] for item in value) if isinstance(text, str) and UNKNOWN not in text]


def bare(value: Any) -> tuple[Any, bool]:
    """Return a value without its secret marks, and whether it had any."""
    secret = False
    while isinstance(value, Secret):
        value, secret = value.value, True
    return value, secret


def is_unknown(value: Any) -> bool:
    """Say whether a value is known only at deployment; so is text into which an unknown was pasted."""
    return isinstance(value, str) and UNKNOWN in value


def _decoded(value: Any) -> Any:
    text, secret = bare(value)
    if not isinstance(text, str) or text == UNKNOWN:
        return value
    try:
        decoded = json.loads(text)
    except ValueError:
        return UNKNOWN  # not JSON: nothing can be said of the tags
    return Secret(decoded) if secret else decoded


def _member(value: Any, name: str) -> Any:
    plain, secret = bare(value)
    if isinstance(plain, Mapping):
        return Secret(plain.get(name)) if secret else plain.get(name)
    return UNKNOWN if is_unknown(plain) else None


def _overlay(merged: dict[str, TagValue], unknown: set[Source], value: Any, source: Source) -> None:
    plain, secret = bare(value)
    if is_unknown(plain):
        unknown.add(source)
        return
    for key, item in _pairs(plain):
        if is_unknown(key):
            unknown.add(source)
            continue
        content, secret_item = bare(item)
        if content is None:
            continue  # no value is no tag
        known = not is_unknown(content)
        merged[key] = TagValue(tag_text(content) if known else None, source, known, secret or secret_item)


def _pairs(value: Any) -> list[tuple[str, Any]]:
    """Return the (key, value) pairs of a map, or of a list of {key, value} as aws-native has them."""
    if isinstance(value, Mapping):
        return [(str(key), item) for key, item in value.items()]
    pairs: list[tuple[str, Any]] = []
    if isinstance(value, list | tuple):
        for entry in value:
            row, secret = bare(entry)
            if is_unknown(row):
                pairs.append((UNKNOWN, None))
            elif isinstance(row, Mapping):
                key, secret_key = bare(row.get("key"))
                if key is None:
                    continue  # no tag: the provider will refuse it
                item = row.get("value")
                pairs.append((str(key), Secret(item) if secret or secret_key else item))
    return pairs


def tag_text(value: Any) -> str | None:
    """Return the text that a provider makes of a tag's value; None for what is no value of a tag (a list, a map)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    return None
