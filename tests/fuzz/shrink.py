"""Makes a batch that shows something smaller, by taking parts of its data away as long as it still shows it."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from .generate import Data

_LISTS = ("programs", "steps", "exemptions", "transforms", "transformations", "providers", "tags")
_MAPS = ("opts", "config", "environment", "policies")
_OPTIONAL = ("ignore", "propagation")
_SIMPLER = {"form": "map", "how": "plain", "rows": "plain", "on": "all", "act": "add"}


def shrink(batch: Data, shows: Callable[[Data], bool], *, most: int = 80) -> Data:
    """Return the smallest batch found that still shows it, within so many trials."""
    trials = at = 0
    changed = False
    while trials < most:
        changes = list(_changes(batch, ()))
        if at >= len(changes):
            if not changed:
                break
            at, changed = 0, False  # what could not be taken away before may be now
            continue
        candidate = copy.deepcopy(batch)
        changes[at](candidate)
        trials += _is_program(candidate)
        if _is_program(candidate) and shows(candidate):
            batch, changed = candidate, True
        else:
            at += 1
    return batch


def _is_program(batch: Data) -> bool:
    return bool(batch["programs"]) and all(program["steps"] for program in batch["programs"])


Change = Callable[[Data], None]
Path = tuple[str | int, ...]


def _changes(batch: Data, path: Path) -> Iterator[Change]:
    """Yield the changes that make a batch smaller, the boldest first."""
    programs = len(batch["programs"])
    for size in (programs // 2, programs // 4):
        for start in range(0, programs if size else 0, max(size, 1)):
            yield _without_slice((*path, "programs"), start, start + size)
    found = sorted(_small_changes(batch, path), key=lambda change: len(change[0]))
    yield from (change for _, change in found)


def _small_changes(data: Any, path: Path) -> Iterator[tuple[Path, Change]]:
    if isinstance(data, list):
        if _is_pair(data):
            if data[1][0] != "plain":
                yield path, _set((*path, 1, 0), "plain")
            return
        for number, item in enumerate(data):
            yield from _small_changes(item, (*path, number))
    if not isinstance(data, dict):
        return
    for key, value in data.items():
        here = (*path, key)
        if key in _LISTS and isinstance(value, list):
            for number in range(len(value)):
                yield here, _without_slice(here, number, number + 1)
        if key in _MAPS and isinstance(value, dict):
            for name in value:
                yield here, _without(here, name)
        if key in _OPTIONAL:
            yield here, _without(path, key)
        if key in _SIMPLER and value != _SIMPLER[key]:
            yield here, _set(here, _SIMPLER[key])
        yield from _small_changes(value, here)


def _is_pair(data: list[Any]) -> bool:
    """Say whether a list is a tag: its key, and the kind and text of its value."""
    return len(data) == 2 and isinstance(data[0], str) and isinstance(data[1], list)


def _at(batch: Data, path: Path) -> Any:
    found: Any = batch
    for part in path:
        found = found[part]
    return found


def _without_slice(path: Path, start: int, end: int) -> Change:
    def change(batch: Data) -> None:
        del _at(batch, path)[start:end]

    return change


def _without(path: Path, key: str) -> Change:
    def change(batch: Data) -> None:
        del _at(batch, path)[key]

    return change


def _set(path: Path, value: str) -> Change:
    def change(batch: Data) -> None:
        _at(batch, path[:-1])[path[-1]] = value

    return change
