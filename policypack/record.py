"""What the pack found, kept for its stack policy and written to a file, a line each."""

import json
import os
import threading
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from costtags import variables
from costtags.check import Finding
from costtags.effective import STACK_TYPE
from costtags.exemptions import Exemption, Exemptions

_lock = threading.Lock()  # the SDK's server calls policies from several threads
_excused: dict[Exemption, set[tuple[str, str, str | None]]] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """What one entry of exemptions.yaml did: a line of the exemptions-in-use policy."""

    code: str
    message: str
    entry: Exemption


def finding(urn: str, type_: str, found: Finding, exemption: Exemption | None) -> None:
    """Record a finding, and who excused it."""
    if exemption is not None:
        with _lock:
            _excused.setdefault(exemption, set()).add((urn, found.policy, found.tag))
    _write(
        {
            "urn": urn,
            "type": type_,
            "policy": found.policy,
            "code": found.code,
            "tag": found.tag,
            "message": found.message,
            "fix": found.fix,
            "exempt": exemption is not None,
        }
    )


def exemption(row: Row, path: str, stack_urn: str) -> None:
    """Record what an entry of exemptions.yaml did."""
    _write(
        {
            "urn": stack_urn,
            "type": STACK_TYPE,
            "policy": "exemptions-in-use",
            "code": row.code,
            "tag": None,
            "message": row.message,
            "fix": "",
            "exempt": False,
            "file": path,
            "line": row.entry.line,
        }
    )


def exemption_rows(exemptions: Exemptions, urns: Set[str]) -> list[Row]:
    """Say of each entry what it excused, that it expired, or that it excused nothing, in the order of the file."""
    with _lock:
        excused = {entry: len(found) for entry, found in _excused.items()}
    rows = [
        *(_valid_row(entry, excused.get(entry, 0), urns) for entry in exemptions.valid),
        *(_expired_row(entry) for entry in exemptions.expired),
    ]
    return sorted((row for row in rows if row is not None), key=lambda row: row.entry.line)


def _valid_row(entry: Exemption, count: int, urns: Set[str]) -> Row | None:
    where = f"line {entry.line}: {entry.resource}"
    if count:
        what = f"{count} finding{'s' if count > 1 else ''} excused until {entry.expires}"
        return Row("exemption-used", f"{where}: {what}, by {entry.owner}: {entry.reason}", entry)
    if entry.resource.startswith("arn:"):
        return None  # for the audit of live accounts
    if any(map(entry.covers, urns)):
        return Row("exemption-unused", f"{where}: excuses nothing any more; remove it", entry)
    return Row("exemption-unused", f"{where}: matches no resource of this stack", entry)


def _expired_row(entry: Exemption) -> Row:
    message = f"line {entry.line}: {entry.resource}: expired on {entry.expires} and excuses nothing; ask {entry.owner}"
    return Row("exemption-expired", message, entry)


def _write(row: dict[str, Any]) -> None:
    path = os.environ.get(variables.FINDINGS)
    if not path:
        return
    line = json.dumps(row, ensure_ascii=False) + "\n"
    with _lock, open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123 - opened for each of many lines
        stream.write(line)
