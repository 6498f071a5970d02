"""The resources that a program registered, as the gate keeps them."""

from dataclasses import dataclass

from google.protobuf import struct_pb2

Frames = tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Resource:
    """A registered resource: ``inputs`` as the policy pack judged them, ``frames`` its stack trace, nearest first."""

    urn: str
    type: str
    name: str
    inputs: struct_pb2.Struct
    provider_urn: str
    frames: Frames = ()
    parent: str = ""
    before_remediation: struct_pb2.Struct | None = None
    custom: bool = True
    """Whether a provider makes it; a component is none of these."""
