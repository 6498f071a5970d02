"""Makes a batch that shows something smaller, by taking parts of its data away as long as it still shows it."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from .generate import Data

Path = tuple[str | int, ...]

# What a part may be replaced by to be simpler; all other parts are only taken away.
_SIMPLER: dict[str, Any] = {"form": "map", "how": "plain", "rows": "plain", "type": "ModelPackageGroup"}
_KEPT = ("name", "do", "api", "on", "act", "package", "owner", "reason", "expires", "resource", "policies", "schema")
_KEPT += ("project", "pool", "programs", "steps", "transforms", "exemptions", "config", "environment", "tags", "of")


def shrink(batch: Data, shows: Callable[[Data], bool], *, most: int = 80) -> Data:
    """Return the smallest batch found that still shows it, within so many trials."""
    trials = 0

    def tried(candidate: Data) -> bool:
        nonlocal trials
        trials += 1
        return shows(candidate)

    changed = True
    while changed and trials < most:
        changed = False
        for candidate in _smaller(batch):
            if trials >= most:
                break
            if tried(candidate):
                batch, changed = candidate, True
                break
    return batch


def _smaller(batch: Data) -> Iterator[Data]:
    """Yield simpler batches, the boldest first: half of the programs, then single ones, then steps, then details."""
    programs = batch["programs"]
    size = len(programs) // 2
    while size:
        for start in range(0, len(programs), size):
            kept = programs[:start] + programs[start + size :]
            if kept:
                yield {**batch, "programs": kept}
        size //= 2
    for path in sorted(_paths(batch, ()), key=len):
        made = copy.deepcopy(batch)
        parent: Any = made
        for part in path[:-1]:
            parent = parent[part]
        last = path[-1]
        if isinstance(parent, list):
            del parent[last]
        elif last in _SIMPLER:
            if parent[last] == _SIMPLER[last] or (last == "type" and parent.get("do") != "resource"):
                continue
            parent[last] = _SIMPLER[last]
        elif path == ("schema",):
            continue
        elif isinstance(parent[last], dict) and path[0] in ("config", "environment", "policies") and len(path) == 1:
            if not parent[last]:
                continue
            parent[last] = {}
        elif last in _KEPT and path[0] not in ("config", "environment", "policies"):
            continue
        else:
            del parent[last]
        if made["programs"] and all(program["steps"] for program in made["programs"]):
            yield made


def _paths(data: Any, path: Path) -> Iterator[Path]:
    """Yield the path of every part; of a pair of key and value, only the pair."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*path, key)
            yield from _paths(value, (*path, key))
    elif isinstance(data, list) and not (len(data) == 2 and isinstance(data[0], str) and isinstance(data[1], list)):
        for number, value in enumerate(data):
            if not isinstance(value, str) or len(data) > 1:
                yield (*path, number)
            yield from _paths(value, (*path, number))
