"""An exported stack -> the tags of its resources; nothing secret is read.

The format is that of `pulumi stack export`, or of a file of a self-managed backend:
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/deployments.go
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from costtags.adopt.draft import CannotDraft, Draft, count
from costtags.adopt.observed import Resource
from costtags.adopt.observed import drafted as drafted_from
from costtags.catalog import tag_property
from costtags.effective import UNKNOWN, ProviderTags, Secret, effective_tags, provider_tags
from costtags.gate.values import SIGNATURE_KEY

MOST = 500_000_000
_PROVIDERS = ("pulumi:providers:aws", "pulumi:providers:aws-native")


@dataclass(frozen=True)
class _State:
    """The resources of a state that stand for something of AWS, and its providers by URN."""

    resources: list[Mapping[str, Any]]
    providers: Mapping[str, ProviderTags]


def drafted(data: Any, source: str, shown: str) -> Draft:
    """Return a draft of the tags in an exported stack. Raises CannotDraft for what is none."""
    state = _state(data, shown)
    read = [_resource(entry, state.providers) for entry in state.resources]
    seen = [resource for resource in read if resource is not None]
    if not seen:
        hidden = f"; the tags of {count(len(read), 'more resource')} are secret or not known" if read else ""
        raise CannotDraft(f"no tags found: {shown} holds no AWS resource that takes tags{hidden}")
    made = drafted_from(seen, f"{source} ({count(len(seen), 'resource')} that can carry tags)", ())
    if unread := len(read) - len(seen):
        reason = f"{count(unread, 'resource')} whose tags are secret or not known as a whole"
        return Draft(made.source, made.keys, made.head, (*made.left_out, reason), made.elsewhere)
    return made


def _state(data: Any, shown: str) -> _State:
    deployment = _member(data, "deployment")
    if deployment is None:
        deployment = _member(_member(data, "checkpoint"), "latest")
    if not isinstance(deployment, Mapping):
        raise CannotDraft(f"{shown} is not an exported stack: make one with `pulumi stack export > FILE`")
    entries = deployment.get("resources") or []
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise CannotDraft(f'{shown} is not an exported stack: its "resources" is no list of resources')
    # Neither what another stack owns nor what is about to be deleted is in use here.
    ours = [entry for entry in entries if not entry.get("external") and not entry.get("delete")]
    return _State(
        [entry for entry in ours if tag_property(str(entry.get("type"))) is not None],
        {
            str(entry.get("urn")): provider_tags(_inputs(entry))
            for entry in entries
            if str(entry.get("type")) in _PROVIDERS
        },
    )


def _member(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, Mapping) else None


def _inputs(entry: Mapping[str, Any]) -> dict[str, Any]:
    inputs = _closed(entry.get("inputs"))
    return inputs if isinstance(inputs, dict) else {}


def _closed(value: Any) -> Any:
    """Return a value without what is secret, an output, an asset: each is as good as unknown, even in plain text."""
    if isinstance(value, Mapping):
        if SIGNATURE_KEY in value:
            return Secret(UNKNOWN)
        return {str(key): _closed(item) for key, item in value.items()}
    return [_closed(item) for item in value] if isinstance(value, list) else value


def _resource(entry: Mapping[str, Any], providers: Mapping[str, ProviderTags]) -> Resource | None:
    """Return what a resource carries; None where not even the keys are known."""
    kind = str(entry["type"])
    shape = tag_property(kind)
    assert shape is not None  # by _state
    provider = providers.get(str(entry.get("provider", "")).rpartition("::")[0], ProviderTags())
    tags = effective_tags(kind, shape, _inputs(entry), provider)
    if tags.unknown:
        return None
    known = {key: tag.value if tag.known and not tag.secret else None for key, tag in tags.tags.items()}
    package, module = kind.split(":")[:2]
    family = f"{package}:{module.split('/')[0]}"
    return Resource(known, family, module.split("/")[0] == "sagemaker")
