"""A plan <-> its file: YAML that people review and edit, sorted, the same bytes for the same plan."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from costtags.repair.plan import Entry, Plan, Restart

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


def sha256(text: bytes) -> str:
    """Return the hash that tells two files apart."""
    return hashlib.sha256(text).hexdigest()


def as_json(plan: Plan) -> str:
    """Write a plan as JSON that is safe to print."""
    from costtags.gate.formats.as_json import json_text

    return json_text(as_data(plan))
