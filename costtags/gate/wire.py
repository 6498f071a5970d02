"""What the program's process and the gate's tell each other: a JSON head and the protobuf bytes behind it."""

import json
import struct
from collections.abc import Mapping
from typing import Any

_HEAD = struct.Struct("!I")


def pack(head: Mapping[str, Any], body: bytes = b"") -> bytes:
    """Return one message."""
    text = json.dumps(head, separators=(",", ":")).encode()
    return _HEAD.pack(len(text)) + text + body


def unpack(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the head and the body of a message."""
    (length,) = _HEAD.unpack_from(message)
    start = _HEAD.size + length
    return json.loads(message[_HEAD.size : start]), message[start:]
