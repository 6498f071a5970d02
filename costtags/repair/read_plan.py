"""A plan's file, which a person may have edited -> the plan, checked against tags.yaml."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from costtags.repair.facts import parse_arn
from costtags.repair.plan import Entry, Plan, Proposed, Restart
from costtags.repair.plan_file import VERSION
from costtags.schema import Schema
from costtags.suggest import nearest
from costtags.tagtext import value_problems
from costtags.yamlfile import Document, FileProblems, Location, Problem, parse, quoted


def read(text: str, file: str, schema: Schema) -> Plan:
    """Read a plan that a person may have edited, and check it against tags.yaml.

    Raises FileProblems with everything that is wrong, each at its line.
    """
    document = parse(text, file)
    reader = _Reader(document, schema)
    plan = reader.plan()
    if reader.problems:
        raise FileProblems(reader.problems)
    return plan


_FIELDS = {
    "": ("version", "made_by", "tags_yaml", "places", "totals", "notes", "resources", "restart", "not_repaired"),
    "resource": ("arn", "type", "name", "now", "set", "remove", "owner", "notes"),
    "set": ("value", "was", "from"),
    "restart": tuple(Restart.__slots__),
}


class _Reader:
    def __init__(self, document: Document, schema: Schema) -> None:
        self._document = document
        self._schema = schema
        self.problems: list[Problem] = []

    def plan(self) -> Plan:
        data = self._document.data
        if not isinstance(data, dict) or "version" not in data or "tags_yaml" not in data:
            self._say((), "is not a plan of `costtags repair plan`")
            raise FileProblems(self.problems)
        if data["version"] != str(VERSION):
            self._say(
                ("version",), f"is a plan of version {quoted(str(data['version']))}; this costtags reads {VERSION}"
            )
            raise FileProblems(self.problems)
        self._known(data, "", ())
        judged = self._mapping(data, "tags_yaml", ())
        entries = [self._entry(row, ("resources", i)) for i, row in enumerate(self._rows(data, "resources"))]
        restart = tuple(self._restart(row, ("restart", i)) for i, row in enumerate(self._rows(data, "restart")))
        self._twice("resources", entries)
        self._twice("restart", restart)
        self._caused(entries, restart)
        return Plan(
            made_by=self._text(data, "made_by", ()),
            tags_yaml=self._text(judged, "file", ("tags_yaml",)),
            sha256=self._text(judged, "sha256", ("tags_yaml",)),
            places=tuple(self._texts(data, "places", ())),
            entries=tuple(sorted(entries, key=lambda entry: entry.arn)),
            restart=restart,
            left=(),
            notes=(),
        )

    def _entry(self, row: Any, at: Location) -> Entry:
        self._known(row, "resource", at)
        arn = self._arn(row, at)
        carried = self._mapping(row, "now", at)
        now = {key: self._text(carried, key, (*at, "now")) for key in carried}
        proposed = self._mapping(row, "set", at)
        remove = self._texts(row, "remove", at)
        made = {key: self._proposed(key, proposed[key], now, (*at, "set", key)) for key in proposed}
        if not made and not remove:
            self._say(at, "changes nothing: delete the resource, or give it set")
        for number, key in enumerate(remove):
            self._check_removed(key, now, made, (*at, "remove", number))
        return Entry(
            arn=arn,
            type=self._text(row, "type", at),
            name=self._text(row, "name", at),
            now=dict(sorted(now.items())),
            set=dict(sorted(made.items())),
            remove=tuple(sorted(remove)),
        )

    def _check_removed(self, key: str, now: Mapping[str, str], made: Mapping[str, Proposed], at: Location) -> None:
        meant = self._schema.meant_key(key)
        if meant is None:
            file = Path(self._schema.path).name
            self._say(at, f"{quoted(key)} is no misspelling of a key of {file}: only those are removed")
        elif key not in now:
            self._say(at, f'{quoted(key)} is not among the tags that the resource has ("now")')
        elif meant not in made and not self._schema.tags[meant].allows(now.get(meant, "")):
            self._say(at, f"{quoted(key)} is removed only where {quoted(meant)} has a value: set it, or keep this key")

    def _proposed(self, key: str, row: Any, now: Mapping[str, str], at: Location) -> Proposed:
        if isinstance(row, str):  # the short form that a person may write: key: value
            row = {"value": row, "from": "edited"} | ({"was": now[key]} if key in now else {})
        if not isinstance(row, dict):
            self._say(at, "must be a mapping with value")
            return Proposed("", None, "")
        self._known(row, "set", at)
        value = self._text(row, "value", at)
        was = self._text(row, "was", at) if "was" in row else None
        tag = self._schema.tags.get(key)
        if tag is None:
            meant = self._schema.meant_key(key) or nearest(key, self._schema.tags)
            hint = f"; did you mean {quoted(meant)}?" if meant else ""
            self._say(at, f"{quoted(key)} is no key of {Path(self._schema.path).name}{hint}")
        elif not tag.allows(value):
            meant = tag.meant_by(value) if value else None
            hint = f"; did you mean {quoted(meant)}?" if meant else ""
            self._say((*at, "value"), f"{quoted(value)} is not allowed for {quoted(key)}; {tag.allowed}{hint}")
        else:
            for wrong in value_problems(value):
                self._say((*at, "value"), wrong)
        if was != now.get(key):
            self._say(at, f'"was" and "now" do not agree on {quoted(key)}: plan anew, or mend what was edited')
        return Proposed(value, was, self._text(row, "from", at) if "from" in row else "edited")

    def _restart(self, row: Any, at: Location) -> Restart:
        self._known(row, "restart", at)
        optional = {
            name: self._text(row, name, at) if name in row else None
            for name in ("profile", "space", "since", "last_activity")
        }
        if (optional["profile"] is None) == (optional["space"] is None):
            self._say(at, "an app is in a profile or in a space: give one of them")
        made = Restart(
            arn=self._arn(row, at),
            domain=self._text(row, "domain", at),
            app_type=self._text(row, "app_type", at),
            app_name=self._text(row, "app_name", at),
            because=tuple(self._texts(row, "because", at)),
            **optional,
        )
        # What is deleted is named by these, what is told and kept in the journal by the ARN; its letters may be small.
        named = f"app/{made.domain}/{made.space or made.profile}/{made.app_type}/{made.app_name}"
        read = parse_arn(made.arn)
        if read is not None and read.resource.casefold() != named.casefold():
            self._say((*at, "arn"), f"{made.arn} is not the app that domain, profile or space, type and name say")
        return made

    def _caused(self, entries: Sequence[Entry], restart: Sequence[Restart]) -> None:
        """Have no app deleted whose parents get no new tags, as after their entries were taken out of the plan."""
        tagged = {entry.arn for entry in entries}
        for number, one in enumerate(restart):
            if tagged.isdisjoint(one.because):
                self._say(
                    ("restart", number),
                    "nothing that because names is among the resources of the plan: a restart would bring the app no "
                    "new tags; delete it here too",
                )

    def _twice(self, name: str, rows: Sequence[Entry | Restart]) -> None:
        seen: set[str] = set()
        for number, row in enumerate(rows):
            # SageMaker's names are unique without regard to case.
            if parse_arn(row.arn) is not None and row.arn.casefold() in seen:
                self._say((name, number), f"{row.arn} is in the plan already")
            seen.add(row.arn.casefold())

    def _arn(self, row: Mapping[str, Any], at: Location) -> str:
        arn = self._text(row, "arn", at)
        if arn and parse_arn(arn) is None:
            self._say((*at, "arn"), f"{quoted(arn)} is no ARN of SageMaker")
        return arn

    # ---- plain data

    def _text(self, row: Any, name: str, at: Location) -> str:
        value = row.get(name) if isinstance(row, Mapping) else None
        if not isinstance(value, str):
            self._say((*at, name), f"{name} must be text")
            return ""
        return str(value)

    def _texts(self, row: Mapping[str, Any], name: str, at: Location) -> list[str]:
        value = row.get(name) if isinstance(row, Mapping) else None
        listed = [] if value is None else value
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            self._say((*at, name), f"{name} must be a list of texts")
            return []
        return [str(one) for one in listed]

    def _mapping(self, row: Any, name: str, at: Location) -> Mapping[str, Any]:
        value = row.get(name) if isinstance(row, Mapping) else None
        if isinstance(value, dict) or value is None:
            return value or {}
        self._say((*at, name), f"{name} must be a mapping")
        return {}

    def _rows(self, data: Mapping[str, Any], name: str) -> list[Any]:
        value = data.get(name)
        listed = value if isinstance(value, list) else []
        # "resources:" is left alone by a person who deletes all its entries: nothing, to YAML
        if not (isinstance(value, list) or value is None or value in ("", "{}")):
            self._say((name,), f"{name} must be a list")
        rows = []
        for number, row in enumerate(listed):
            if isinstance(row, dict):
                rows.append(row)
            else:
                self._say((name, number), "must be a mapping")
        return rows if len(rows) == len(listed) else []

    def _known(self, row: Any, of: str, at: Location) -> None:
        for name in row if isinstance(row, Mapping) else ():
            if name not in _FIELDS[of]:
                meant = nearest(name, _FIELDS[of])
                hint = f"; did you mean {meant}?" if meant else ""
                self._say((*at, name), f"{quoted(name)} is not known here{hint}")

    def _say(self, at: Location, message: str) -> None:
        self.problems.append(self._document.problem(at, message))
