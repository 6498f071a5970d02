"""Protobuf property values of Pulumi's protocols -> plain data, and the forms that its services want them in."""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2

from costtags.effective import UNKNOWN, Secret
from costtags.gate.goyaml import number_text
from costtags.gate.signatures import OUTPUT as OUTPUT
from costtags.gate.signatures import RESOURCE_REFERENCE as RESOURCE_REFERENCE
from costtags.gate.signatures import SECRET as SECRET
from costtags.gate.signatures import SIGNATURE_KEY as SIGNATURE_KEY


def struct(data: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return plain JSON-like data as a protobuf Struct."""
    made = struct_pb2.Struct()
    made.update(data)
    return made


def secret(value: Any) -> dict[str, Any]:
    """Return a JSON-like value marked as a secret, as Pulumi's protocols mark it."""
    return {SIGNATURE_KEY: SECRET, "value": value}


def has_special_values(properties: struct_pb2.Struct) -> bool:
    """Say whether any value is a secret, an output or a reference: a cheap scan of bytes."""
    return SIGNATURE_KEY.encode() in properties.SerializeToString()


def to_plain(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Return properties as plain data: secrets as ``Secret``, unknown values as UNKNOWN, whole numbers as int."""
    return {key: _plain(value) for key, value in json_format.MessageToDict(properties).items()}


def member_to_plain(properties: struct_pb2.Struct, names: tuple[str, ...]) -> dict[str, Any]:
    """Return only the named properties as plain data; as ``to_plain``, without converting the rest."""
    return {
        name: _plain(json_format.MessageToDict(properties.fields[name])) for name in names if name in properties.fields
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        signature = value.get(SIGNATURE_KEY)
        if signature == SECRET:
            return Secret(_plain(value.get("value")))
        if signature == OUTPUT:
            inner = _plain(value["value"]) if "value" in value else UNKNOWN
            return Secret(inner) if value.get("secret") else inner
        if signature == RESOURCE_REFERENCE:
            return value.get("urn")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def without_marks(properties: struct_pb2.Struct) -> struct_pb2.Struct:
    """Unwrap secrets and outputs, as the engine does before it hands a resource to a policy pack."""
    return struct({key: _unmarked(value) for key, value in to_plain(properties).items()})


def _unmarked(value: Any) -> Any:
    if isinstance(value, Secret):
        return _unmarked(value.value)
    if isinstance(value, dict):
        return {key: _unmarked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unmarked(item) for item in value]
    return value


def without_outputs(properties: struct_pb2.Struct) -> struct_pb2.Struct:
    """Turn outputs into plain, secret or unknown values, as the engine does with what is no remote component."""
    return struct({key: _marked(value) for key, value in to_plain(properties).items()})


def with_outputs(properties: struct_pb2.Struct, dependencies: Mapping[str, list[str]]) -> struct_pb2.Struct:
    """Turn secrets, unknown values and properties with dependencies into outputs.

    It is the form in which the engine hands properties to transforms; ``dependencies`` names the URNs that each
    property was made from.
    """
    return struct(
        {key: _depending(_output(value), dependencies.get(key, [])) for key, value in to_plain(properties).items()}
    )


def _depending(value: Any, dependencies: list[str]) -> Any:
    if not dependencies:
        return value
    output = value if isinstance(value, dict) and value.get(SIGNATURE_KEY) == OUTPUT else None
    return {**(output or {SIGNATURE_KEY: OUTPUT, "value": value}), "dependencies": dependencies}


def _marked(value: Any) -> Any:
    if isinstance(value, Secret):
        return secret(_marked(value.value))
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    return value


def _output(value: Any) -> Any:
    if isinstance(value, Secret):
        inner = value.value
        known = {} if inner == UNKNOWN else {"value": _output(inner)}
        return {SIGNATURE_KEY: OUTPUT, "secret": True, "dependencies": [], **known}
    if value == UNKNOWN:
        return {SIGNATURE_KEY: OUTPUT, "dependencies": []}
    if isinstance(value, dict):
        return {key: _output(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_output(item) for item in value]
    return value


def config_text(value: Any) -> str:
    """Return a config value as the engine hands it to programs and providers: text, JSON for lists and maps."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(_whole(value), separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else number_text(value)


def _whole(value: Any) -> Any:
    # Go writes a float without a fraction as an integer.
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
