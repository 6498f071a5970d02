"""Exported stacks, and tags that tell -> who else owns a resource, and the line to change there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costtags.catalog import sagemaker_types, tag_property
from costtags.check import Finding
from costtags.effective import effective_tags, provider_tags
from costtags.gate.state import State, StateError, read
from costtags.repair.facts import MANAGED_BY, MANAGERS, OWNER_SIGNS, parse_arn
from costtags.suggest import folded


@dataclass(frozen=True, slots=True)
class Owner:
    """The Pulumi stack that owns a resource, and where its program makes it."""

    stack: str
    urn: str
    file: str | None
    line: int | None
    change: str


class Owners:
    """The resources of exported stacks by ARN; paths are as seen from the project's folder."""

    def __init__(self, states: Sequence[State], project_folder: Path) -> None:
        self._folder = project_folder
        self._owned: dict[str, tuple[State, Mapping[str, Any]]] = {}
        self._sites: dict[int, Any] = {}
        types = {token: row.name for row in sagemaker_types() for token in row.tokens}
        for state in states:
            for row in state.resources:
                type_ = types.get(row["type"])
                for arn in _arns(row) if type_ is not None else ():
                    place = parse_arn(arn)
                    if place is not None and place.of_type == type_:
                        self._owned.setdefault(arn.lower(), (state, row))

    def of(self, arn: str, wanted: Mapping[str, str]) -> Owner | None:
        """Return the stack that owns a resource and what to change there to have the tags ``wanted``."""
        found = self._owned.get(arn.lower())
        if found is None:
            return None
        state, row = found
        given = self._given(state, row)
        missing = sorted(key for key, value in wanted.items() if given.get(key) != value)
        file, line = self._place(state, row, missing[0] if missing else None, given)
        return Owner(f"{state.project}/{state.stack}", row["urn"], file, line, _change(wanted, missing))

    def _given(self, state: State, row: Mapping[str, Any]) -> Mapping[str, str | None]:
        """Return the tags that the program gives, by the state."""
        shape = tag_property(row["type"])
        if shape is None:
            return {}
        provider = provider_tags(state.providers.get(str(row.get("provider", "")), {}))
        tags = effective_tags(row["type"], shape, row.get("inputs") or {}, provider).tags
        return {key: tag.value for key, tag in tags.items() if tag.known and not tag.secret}

    def _place(
        self, state: State, row: Mapping[str, Any], key: str | None, given: Mapping[str, str | None]
    ) -> tuple[str | None, int | None]:
        from costtags.gate.state_places import Sites  # slow to import

        sites = self._sites.get(id(state))
        if sites is None:
            sites = self._sites[id(state)] = Sites(state.resources, self._folder)
        code = "missing" if key is not None and key not in given else "wrong-value"
        file, line = sites.of(row["urn"], Finding(code, key, "", "")).line
        return file, line


def _arns(row: Mapping[str, Any]) -> Iterator[str]:
    outputs = row.get("outputs") or {}
    for value in (row.get("id"), *(outputs[name] for name in outputs if name.lower().endswith("arn"))):
        if isinstance(value, str) and value.startswith("arn:"):
            yield value


def _change(wanted: Mapping[str, str], missing: Sequence[str]) -> str:
    if not wanted:
        return "take the removed keys out of its tags, or the next deployment may set them again"
    if not missing:
        return "nothing: the program gives these tags already"
    tags = ", ".join(f'"{key}": "{wanted[key]}"' for key in missing)
    return f"add {tags} to its tags, or a deployment that refreshes first (pulumi up --refresh) sets them back"


def load_states(paths: Sequence[Path]) -> list[State]:
    """Read exported stacks. Raises StateError that names the file."""
    states = []
    for path in paths:
        try:
            states.append(read(path.read_bytes()))
        except OSError as error:
            raise StateError(f"{path} cannot be read: {error.strerror}") from None
        except StateError as error:
            raise StateError(f"{path} {error}") from None
    return states


def signs(tags: Mapping[str, str]) -> Iterator[str]:
    """Yield what tags say of another owner, which may set the tags back."""
    for key, text in OWNER_SIGNS.items():
        if key in tags:
            yield text.format(value=tags[key])
    for key, value in sorted(tags.items()):
        manager = next((one for one in MANAGERS if one in value.lower() or one in folded(key)), None)
        if manager is not None and (folded(key) in MANAGED_BY or folded(key) == manager):
            yield f'its tag {key}="{value}" says that {manager} owns it: change it there too'
