"""What a plan is: what to write on each resource, where each value comes from, what is restarted, what stays."""

from collections.abc import Mapping
from dataclasses import dataclass

from costtags.repair.owners import Owner


@dataclass(frozen=True, slots=True)
class Proposed:
    """A value to be written; ``was`` is the one that it overwrites, None where the key is absent."""

    value: str
    was: str | None
    source: str
    """Where the value comes from: rules.yaml:12."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the plan does to one resource."""

    arn: str
    type: str
    name: str
    now: Mapping[str, str]
    set: Mapping[str, Proposed]
    remove: tuple[str, ...] = ()
    owner: Owner | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """What stays as it is, and why; ``key`` is None for the resource as a whole."""

    arn: str
    key: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Restart:
    """A running app of Studio that hands on new tags only when it is started anew."""

    arn: str
    domain: str
    profile: str | None
    space: str | None
    app_type: str
    app_name: str
    since: str | None
    last_activity: str | None
    because: tuple[str, ...]
    """The resources whose new tags it does not know."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it stands in its file."""

    made_by: str
    tags_yaml: str
    sha256: str
    """Of tags.yaml, as it was when the plan was made."""
    places: tuple[str, ...]
    entries: tuple[Entry, ...]
    restart: tuple[Restart, ...] = ()
    left: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def totals(self) -> dict[str, int]:
        """How much the plan does."""
        proposed = [one for entry in self.entries for one in entry.set.values()]
        return {
            "resources": len(self.entries),
            "tags_added": sum(one.was is None for one in proposed),
            "tags_overwritten": sum(one.was is not None for one in proposed),
            "tags_removed": sum(len(entry.remove) for entry in self.entries),
            "apps_restarted": len(self.restart),
            "not_repaired": len(self.left),
        }


@dataclass(frozen=True, slots=True)
class Options:
    """What a plan includes only when asked."""

    defaults: bool = False
    remove_misspelt: bool = False
    finished_jobs: bool = False
