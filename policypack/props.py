"""The policy SDK's proxies of a resource's properties -> plain data with unknown values marked, never raising."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from costtags.effective import UNKNOWN


def plain(props: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Copy the named properties that are there; secrets come unwrapped, as the engine sends them."""
    present = set(props)
    return {name: _item(props, name) for name in names if name in present}


def _item(container: Any, key: Any) -> Any:
    # Reading an unknown raises and would turn the policy's verdict into an advisory note:
    # https://github.com/pulumi/pulumi-policy/issues/258
    try:
        return _value(container[key])
    except UnknownValueError:
        return UNKNOWN


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence):
        return [_item(value, index) for index in range(len(value))]
    return value
