"""Turn `catalog.yaml` and `taggable.json` into what the other modules ask about a resource type."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

# Not importlib.resources: it takes as long to import as this module, and the policy pack waits for both.
HERE = Path(__file__).parent

Form = Literal["map", "list"]
Verdict = Literal["safe", "conditional", "never", "none"]


@dataclass(frozen=True, slots=True)
class TagProperty:
    """The input that holds a type's tags, its form, and whether the provider's default tags reach it."""

    property: str
    form: Form
    default_tags: bool = True


@dataclass(frozen=True, slots=True)
class ListCall:
    """The call that lists what exists of a type.

    `key` holds the items; `arn` and `name` are fields of an item. `inputs` is passed as it is. `each` names
    the inputs that need one call a value: for every item of another row's list (given by that row's name, the
    field being called as the input is), or for every value of the input's enumeration ("enum").
    """

    call: str
    key: str
    name: str | None = None
    arn: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    each: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DescribeCall:
    """The call that describes one item.

    `inputs` maps each input to a field of the listed item, or to one of `each` of the list call; an input is
    left out where the item lacks that field. `arn` is the path to the ARN in the answer.
    """

    call: str
    inputs: Mapping[str, str]
    arn: str | None = None


@dataclass(frozen=True, slots=True)
class TagPolicySupport:
    """Whether a tag policy can enforce values on a type, and require keys of it."""

    enforced: bool
    required: bool


@dataclass(frozen=True, slots=True)
class SageMakerType:
    """One row of the catalog; the head of `catalog.yaml` says what each field means."""

    name: str
    create: tuple[str, ...]
    taggable_later: bool
    request_tag: bool
    billable: bool
    tag_policy: TagPolicySupport
    deny_untagged: Verdict
    reason: str
    arn: str | None = None
    aws: str | None = None
    aws_native: tuple[str, ...] = ()
    cloudformation: tuple[str, ...] = ()
    list_call: ListCall | None = None
    describe_call: DescribeCall | None = None
    spend: tuple[str, ...] = ()
    retag: tuple[str, ...] = ()
    studio: bool = False

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every Pulumi type token of this type, of both providers."""
        return ((self.aws,) if self.aws else ()) + self.aws_native


@functools.cache
def sagemaker_types() -> tuple[SageMakerType, ...]:
    """Every SageMaker type that can carry tags, sorted by name."""
    # Slow to import, and the policy pack asks only for what taggable.json holds.
    from ruamel.yaml import YAML

    text = (HERE / "catalog.yaml").read_text(encoding="utf-8")
    return tuple(_row(row) for row in YAML(typ="safe", pure=True).load(text))


@functools.cache
def taggable() -> Mapping[str, TagProperty]:
    """Every taggable type of the Pulumi AWS providers, by type token."""
    plain = {"map": TagProperty("tags", "map"), "list": TagProperty("tags", "list")}
    return MappingProxyType(
        {
            token: plain[entry] if isinstance(entry, str) else TagProperty(**entry)
            for token, entry in _table()["types"].items()
        }
    )


def tag_property(type_token: str) -> TagProperty | None:
    """Where this type keeps its tags, or None if it has none."""
    return taggable().get(type_token)


@functools.cache
def _untaggable() -> frozenset[str]:
    return frozenset(_table()["untaggable"])


def is_known(type_token: str) -> bool:
    """Say whether the tables were made from providers that have this type, taggable or not."""
    return type_token in taggable() or type_token in _untaggable()


@functools.cache
def studio_types() -> frozenset[str]:
    """Tokens of what Studio launches, to which SageMaker adds up to three tags of its own."""
    return frozenset(_table()["sagemaker_studio"])


@functools.cache
def _table() -> dict[str, Any]:
    """The content of `taggable.json`."""
    table: dict[str, Any] = json.loads((HERE / "taggable.json").read_bytes())
    return table


def _row(row: dict[str, Any]) -> SageMakerType:
    """One row of the YAML file as an object; a misspelt key is a TypeError."""
    row = dict(row)
    for key in ("create", "spend", "retag", "aws_native", "cloudformation"):
        row[key] = tuple(row.get(key, ()))
    list_call, describe_call = row.pop("list", None), row.pop("describe", None)
    return SageMakerType(
        tag_policy=TagPolicySupport(**row.pop("tag_policy")),
        list_call=ListCall(**list_call) if list_call else None,
        describe_call=DescribeCall(**describe_call) if describe_call else None,
        **row,
    )
