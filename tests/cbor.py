"""CBOR, as far as AWS's RPC protocol needs it here: the tagging API speaks it to newer SDKs."""

import struct
from typing import Any


def encode(value: Any) -> bytes:
    """Encode text, whole numbers from 0 on, lists and maps."""
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, int):
        return _head(0, value)
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encode, value))
    return _head(5, len(value)) + b"".join(encode(key) + encode(item) for key, item in value.items())


def _head(major: int, size: int) -> bytes:
    return struct.pack(">BI", major << 5 | 26, size)


def decode(data: bytes) -> Any:
    """Decode what botocore sends: maps, lists, text, whole numbers, true and false."""

    def item(at: int) -> tuple[Any, int]:
        major, low = data[at] >> 5, data[at] & 31
        if major == 7:
            return {20: False, 21: True}[low], at + 1
        width = {24: 1, 25: 2, 26: 4, 27: 8}.get(low, 0)
        size = int.from_bytes(data[at + 1 : at + 1 + width], "big") if width else low
        at += 1 + width
        if major == 0:
            return size, at
        if major == 3:
            return data[at : at + size].decode(), at + size
        parts = []
        for _ in range(size * (2 if major == 5 else 1)):
            part, at = item(at)
            parts.append(part)
        return (parts, at) if major == 4 else (dict(zip(parts[::2], parts[1::2], strict=True)), at)

    return item(0)[0]
