"""The stack traces in an exported state -> where the user's program made its resources."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from google.protobuf import struct_pb2

from costtags.check import Finding
from costtags.gate.places import Site, site
from costtags.gate.resources import Resource


class Sites:
    """Where the resources of a state were made, as far as it has that; paths are relative to the project's folder."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], project_folder: Path) -> None:
        self._folder = project_folder
        self._rows = {row["urn"]: row for row in rows}
        self._made: dict[str, Resource] = {}

    def of(self, urn: str, finding: Finding) -> Site:
        """Return where a resource was made and, where the source at hand tells, its tag was given."""
        self._make(urn)
        return site(self._made[urn], self._made, self._folder, finding.tag, missing=finding.code == "missing")

    def _make(self, urn: str) -> None:
        """Read a resource and all above it."""
        while urn in self._rows and urn not in self._made:
            below = self._made[urn] = _resource(self._rows[urn])
            urn = below.parent
            if urn in self._made and self._leads_back(urn):
                below.parent = ""  # damaged: whoever walks upwards would never end

    def _leads_back(self, urn: str) -> bool:
        seen = set()
        while urn in self._made and urn not in seen:
            seen.add(urn)
            urn = self._made[urn].parent
        return urn in seen


def _resource(row: Mapping[str, Any]) -> Resource:
    parent = row.get("parent")
    return Resource(
        urn=row["urn"],
        type=row["type"],
        name=row["urn"].split("::", 3)[3],
        inputs=struct_pb2.Struct(),
        provider_urn="",
        frames=tuple(_frames(row)),
        parent=parent if isinstance(parent, str) else "",
        custom=bool(row.get("custom")),
    )


_POSITION = re.compile(r"(project:///[^#]+)#(\d{1,9})(?:,\d+)?", re.ASCII)


def _frames(row: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the frames of a registration, nearest first."""
    trace = row.get("stackTrace")
    listed = trace if isinstance(trace, list) else []
    frames = [frame.get("sourcePosition") for frame in listed if isinstance(frame, dict)]
    for position in frames if any(frames) else [row.get("sourcePosition")]:
        found = _POSITION.fullmatch(position) if isinstance(position, str) else None
        if found and unquote(found[1]).isprintable():
            yield found[1], int(found[2])
