"""A tags.yaml in the making, and its text: commented YAML that `costtags check` accepts."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from costtags.yamlfile import MAX_BYTES, parse, quoted

WIDTH = 120
_NOTE_COLUMN = 44


class CannotDraft(Exception):
    """There is nothing to make a tags.yaml of; the message says why and what to do."""


@dataclass(frozen=True)
class Value:
    """An allowed value, and what is to be said of it behind it."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class Key:
    """One tag; ``left_out`` says what of it the file cannot hold, ``notes`` the rest of what is known of it."""

    key: str
    required: bool
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    pattern: str | None = None
    aliases: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """What a reader of the file is to get."""
        made = {
            "required": None if self.required else False,
            "values": [value.text for value in self.values],
            "pattern": self.pattern,
            "aliases": {right: list(wrong) for right, wrong in self.aliases.items()},
        }
        return {name: content for name, content in made.items() if content not in (None, [], {})}


@dataclass(frozen=True)
class Draft:
    """A tags.yaml in the making.

    ``source`` says in a few words what it is made from, ``head`` what to know of all keys, ``elsewhere`` what to know
    of the resources on which nothing is enforced.
    """

    source: str
    keys: tuple[Key, ...]
    head: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def summary(self) -> list[str]:
        """What was found and what was left out, a line each."""
        required = sum(key.required for key in self.keys)
        lines = [f"{count(len(self.keys), 'key')}, {required} required; from {self.source}"]
        if not required:
            lines.append('no key is required yet: remove "required: false" where a tag must be there')
        lines += [f"left out: {reason}" for reason in self.left_out]
        lines += [f"left out of {quoted(key.key)}: {reason}" for key in self.keys for reason in key.left_out]
        return lines


def count(number: int, noun: str) -> str:
    """Return a number of things: 1 key, 2 keys."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(texts: Iterable[str], most: int = 8) -> str:
    """Return texts of others, quoted and fit for a comment: the first few, and how many more."""
    every = list(texts)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(map(quoted, every[:most])) + more


SCHEMA_LINE = "# yaml-language-server: $schema=./tags.schema.json"
# The dash: without it, editors would look for the file that is not there.
EDITORS = (
    "# For completion in editors, run `costtags json-schema > tags.schema.json` and begin the file with this line:",
    "# -" + SCHEMA_LINE.removeprefix("#"),
)
_NEXT = (
    "It is yours to edit now. Then: `costtags check` finds its errors, `costtags preview` judges a Pulumi program by "
    "it, `costtags render --list` shows the policies made of it."
)


def text(draft: Draft, *, schema_beside: bool) -> str:
    """Return the text of a draft; ``schema_beside`` says whether tags.schema.json stands beside the file.

    Raises CannotDraft where it would be too large for a tags.yaml.
    """
    lines = [SCHEMA_LINE] if schema_beside else []
    lines += _comment(f"A first tags.yaml, made by `costtags init` from {draft.source}.", 0)
    for note in (*draft.head, _NEXT):
        lines += _comment(note, 0)
    lines += () if schema_beside else EDITORS
    lines += ["version: 1", "", "tags:"]
    for key in draft.keys:
        lines += _key(key)
    lines.append("")
    if draft.left_out:
        lines += ["# Left out:", *(line for reason in draft.left_out for line in _comment(reason, 0, "- ")), ""]
    lines += ["other_keys: allowed", "", "enforce:"]
    lines += [line for note in draft.elsewhere for line in _comment(note, 2)]
    lines.append('  resources: ["aws:sagemaker/*", "aws-native:sagemaker:*"]')
    made = "\n".join(lines) + "\n"
    if len(made.encode()) > MAX_BYTES:
        raise CannotDraft("what was found makes a tags.yaml of more than 1 MB, which costtags does not read")
    _assert_reads_as(draft, made)
    return made


def _assert_reads_as(draft: Draft, made: str) -> None:
    """Raise ValueError where the text is not the draft's, or no right tags.yaml: it holds what others wrote."""
    from costtags.model import validate
    from costtags.semantics import semantic_problems

    model, said = validate(parse(made, "tags.yaml"))
    problems = said or (list(semantic_problems(model)) if model is not None else [])
    if model is None or problems:
        raise ValueError(f"the draft is no right tags.yaml: {problems}")
    if {key: tag.model_dump(exclude_defaults=True) for key, tag in model.tags.items()} != {
        key.key: key.data for key in draft.keys
    }:
        raise ValueError("the draft's text reads differently from the draft")


def _key(key: Key) -> Iterator[str]:
    yield f"  {scalar(key.key)}:"
    for note in (*key.notes, *(f"Left out: {reason}" for reason in key.left_out)):
        yield from _comment(note, 4)
    if not key.required:
        yield "    required: false"
    if key.values:
        yield from _values(key.values)
    if key.pattern is not None:
        yield f"    pattern: {scalar(key.pattern)}"
    if key.aliases:
        yield "    aliases:"
        for right, wrong in key.aliases.items():
            yield from _list(6, scalar(right), wrong)


def _values(values: Sequence[Value]) -> Iterator[str]:
    if not any(value.note for value in values):
        yield from _list(4, "values", [value.text for value in values])
        return
    yield "    values:"
    for value in values:
        line = f"      - {scalar(value.text)}"
        yield f"{line:{_NOTE_COLUMN}}  # {value.note}" if value.note else line


def _list(indent: int, name: str, texts: Sequence[str]) -> Iterator[str]:
    space = " " * indent
    line = f"{space}{name}: [{', '.join(map(scalar, texts))}]"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{space}{name}:"
    yield from (f"{space}  - {scalar(one)}" for one in texts)


def _comment(note: str, indent: int, bullet: str = "") -> list[str]:
    # What others wrote stands in the note by quoted(): nothing in it ends a line.
    start = " " * indent + "# "
    rest = start + " " * len(bullet)
    return textwrap.wrap(
        note, WIDTH, initial_indent=start + bullet, subsequent_indent=rest, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


# Text that every reader of YAML, 1.1 or 1.2, takes for text; all else goes in quotes.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+@-]*(?: [A-Za-z0-9_./+@-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def scalar(content: str) -> str:
    """Return a text as YAML: plain where all readers agree that it is text, else in double quotes, escaped."""
    if _PLAIN.fullmatch(content) and content.lower() not in _WORDS:
        return content
    return '"' + "".join(map(_escaped, content)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
