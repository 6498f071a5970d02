"""What the pack found, kept for its stack policy and written to a file, a line each."""

import json
import os
import threading
from collections.abc import Iterable, Set
from typing import Any

from costtags import variables
from costtags.check import Finding
from costtags.effective import STACK_TYPE
from costtags.exemptions import Exemption, Exemptions, Row, rows

_lock = threading.Lock()  # the SDK's server calls policies from several threads
_excused: dict[Exemption, set[tuple[str, str, str | None]]] = {}


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


def remediation(urn: str, keys: Iterable[str]) -> None:
    """Record which tags a remediation added."""
    _write({"urn": urn, "remediated": sorted(keys)})


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
    """Say of each entry of exemptions.yaml what it did for what was recorded."""
    with _lock:
        excused = {entry: len(found) for entry, found in _excused.items()}
    return rows(exemptions, excused, urns)


def _write(row: dict[str, Any]) -> None:
    path = os.environ.get(variables.FINDINGS)
    if not path:
        return
    line = json.dumps(row, ensure_ascii=False) + "\n"
    with _lock, open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123 - opened for each of many lines
        stream.write(line)
