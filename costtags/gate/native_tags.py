"""Adds the aws-native provider's `defaultTags` to a resource's tags, as that provider does in its Check.

Values are plain dicts and lists, as `json_format.MessageToDict` makes them from the inputs' Struct: an
unknown value is Pulumi's sentinel string, a secret is a dict with Pulumi's signature key. Follows the
provider's provider/pkg/default_tags/merging.go; the errors are its errors.
"""

import json
from collections.abc import Mapping
from typing import Any

from costtags.effective import UNKNOWN
from costtags.gate.values import SIGNATURE_KEY

# SageMaker's only aws-native resource without tags. The others without are in the provider's metadata only.
WITHOUT_TAGS = frozenset({"aws-native:sagemaker:ImageVersion"})


def parse_default_tags(text: str | None) -> dict[str, str]:
    """Reads the provider's `defaultTags` input, which is `{"tags": {...}}` in JSON."""
    value = json.loads(text) if text else {}
    tags = value.get("tags") or {}
    # As of old, the tags themselves; the provider tries this only where `tags` is no map.
    found = tags if isinstance(tags, dict) else value
    if not all(isinstance(each, str) for each in found.values()):
        raise ValueError("failed to unmarshal 'defaultTags' config: a tag's value must be a string")
    return dict(found)


def merge_default_tags(inputs: Mapping[str, Any], default_tags: Mapping[str, str]) -> dict[str, Any]:
    """Returns the inputs with the default tags added to `tags`, where the resource's own tags win."""
    tags = inputs.get("tags")
    if not default_tags or tags == UNKNOWN:
        return dict(inputs)
    if isinstance(tags, dict) and not any(is_signature(key) for key in tags):
        return {
            **inputs,
            "tags": {**default_tags, **{key: tags[key] for key in tags if tags[key] is not None}},
        }
    if tags is not None and not isinstance(tags, list):
        raise ValueError(f"expected tags to be an array but found {kind(tags)}")
    own = [tag for tag in tags or () if tag is not None]
    for tag in own:
        if not isinstance(tag, dict):
            raise ValueError(f"expected tags to be an array of objects but found {kind(tag)}")
        if tag.get("key") is None or tag.get("value") is None:
            raise ValueError(
                f"expected tags to be an array of objects with 'key' and 'value' properties but found {kind(tag)}"
            )
    present = {tag["key"] for tag in own if isinstance(tag["key"], str)}
    added = [{"key": key, "value": default_tags[key]} for key in sorted(default_tags.keys() - present)]
    return {**inputs, "tags": own + added}


def is_signature(key: str) -> bool:
    """Says whether a key marks a special value, such as a secret, rather than a map of the user's."""
    return key == SIGNATURE_KEY


def kind(value: object) -> str:
    """Names the kind of a value as the provider's messages do."""
    if value == UNKNOWN:
        return "output<string>"
    if isinstance(value, dict):
        return "secret" if any(is_signature(key) for key in value) else "object"
    return {str: "string", bool: "bool", list: "[]"}.get(type(value), "number")
