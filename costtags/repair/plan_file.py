"""A plan <-> its file: YAML that people review and edit, sorted, the same bytes for the same plan."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from costtags.repair.facts import parse_arn
from costtags.repair.plan import Entry, Plan, Proposed, Restart
from costtags.schema import Schema
from costtags.suggest import nearest
from costtags.tagtext import value_problems
from costtags.yamlfile import Document, FileProblems, Location, Problem, parse, quoted

VERSION = 1
_HEAD = """\
# A plan of costtags repair. Nothing has been written yet.
#
# Review it: delete resources, or tags of them, that shall stay as they are; change values. Nothing outside of it is
# written. "now" is what each resource carried: where that is no longer so, the plan is refused. Then:
#
#     costtags repair apply PLAN                 writes what is absent
#     costtags repair apply PLAN --overwrite     and the values that have a "was"
#     costtags repair undo PLAN.journal          takes it back
#
# What tags will not bring back: what was billed before a resource carried the tag stays without it (a backfill of
# cost allocation tags covers only the time in which the tag was on the resource), and so does what is deleted.
"""


# ---- writing


def as_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data: what the file holds, and what ``--format json`` prints."""
    return {
        "version": VERSION,
        "made_by": plan.made_by,
        "tags_yaml": {"file": plan.tags_yaml, "sha256": plan.sha256},
        "places": list(plan.places),
        "totals": plan.totals,
        "notes": list(plan.notes),
        "resources": [_entry(entry) for entry in plan.entries],
        "restart": [_restart(one) for one in plan.restart],
        "not_repaired": [_present({"arn": one.arn, "key": one.key, "why": one.why}) for one in plan.left],
    }


def as_yaml(plan: Plan) -> str:
    """Write a plan as the YAML of its file."""
    return _HEAD + "\n".join(_lines(as_data(plan), "")) + "\n"


def _entry(entry: Entry) -> dict[str, Any]:
    owner = entry.owner
    return _present(
        {
            "arn": entry.arn,
            "type": entry.type,
            "name": entry.name,
            "now": dict(entry.now),
            "set": {
                key: _present({"value": one.value, "was": one.was, "from": one.source})
                for key, one in entry.set.items()
            },
            "remove": list(entry.remove) or None,
            "owner": owner
            and _present(
                {
                    "stack": owner.stack,
                    "urn": owner.urn,
                    "place": f"{owner.file}:{owner.line}" if owner.file else None,
                    "change": owner.change,
                }
            ),
            "notes": list(entry.notes) or None,
        }
    )


def _restart(one: Restart) -> dict[str, Any]:
    return _present(
        {
            "arn": one.arn,
            "domain": one.domain,
            "profile": one.profile,
            "space": one.space,
            "app_type": one.app_type,
            "app_name": one.app_name,
            "since": one.since,
            "last_activity": one.last_activity,
            "because": list(one.because),
        }
    )


def _present(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}


_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML, or some readers of it, take for something else than text."""


def _lines(value: Any, indent: str) -> Iterator[str]:
    """Write plain data as YAML; texts are quoted, and hold nothing that acts."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            bare = _BARE.fullmatch(key) and key.lower() not in _WORDS
            yield from _entry_lines(f"{indent}{key if bare else scalar(key)}:", item, indent)
    else:
        for item in value:
            if isinstance(item, Mapping) and item:
                first, *rest = _lines(item, f"{indent}  ")
                yield f"{indent}- {first.removeprefix(indent + '  ')}"
                yield from rest
            else:
                yield f"{indent}- {_plain(item)}"


def _entry_lines(head: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping | list) and item:
        yield head
        yield from _lines(item, f"{indent}  ")
    else:
        yield f"{head} {_plain(item)}"


def _plain(item: Any) -> str:
    if isinstance(item, Mapping | list):
        return "{}" if isinstance(item, Mapping) else "[]"
    return str(item) if isinstance(item, int) else scalar(str(item))


def scalar(text: str) -> str:
    """Return a text as a double-quoted scalar of YAML in which nothing acts on a terminal."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else _escaped(c) for c in text) + '"'


def _escaped(character: str) -> str:
    number = ord(character)
    if character in '"\\':
        return f"\\{character}"
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


# ---- reading


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


def sha256(text: bytes) -> str:
    """Return the hash that tells two files apart."""
    return hashlib.sha256(text).hexdigest()


def as_json(plan: Plan) -> str:
    """Write a plan as JSON that is safe to print."""
    from costtags.gate.formats.as_json import json_text

    return json_text(as_data(plan))
