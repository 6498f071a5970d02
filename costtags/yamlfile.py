"""YAML text -> plain data with the line of every entry, and every problem of the text at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

MAX_BYTES = 1_000_000

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """What is wrong with a file, and where."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class FileProblems(Exception):
    """A file of ours cannot be used; ``problems`` holds every reason, in the order of its lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Document:
    """The data of a YAML file and the line, counted from 1, on which each of its entries stands."""

    file: str
    data: Any
    lines: dict[Location, int] = field(default_factory=dict)

    def line(self, location: Location) -> int:
        """Return the line of an entry, or of the nearest entry around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def problem(self, location: Location, message: str) -> Problem:
        """Return a problem at an entry."""
        return Problem(self.file, self.line(location), message)


class Plain(str):
    """An unquoted scalar that YAML does not read as text; ``kind`` says as what ("a number to YAML")."""

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, text: str, kind: str) -> "Plain":
        """Keep the text as it is written and what YAML takes it for."""
        made = super().__new__(cls, text)
        made.kind = kind
        return made


# What an unquoted scalar means: https://yaml.org/spec/1.2.2/#103-core-schema, and, as a warning to people
# whose other tools still read YAML 1.1, its booleans (https://yaml.org/type/bool.html) and dates.
_KINDS = (
    ("nothing", re.compile(r"~|null|Null|NULL|")),
    ("a boolean to YAML", re.compile(r"true|True|TRUE|false|False|FALSE")),
    ("a boolean to some YAML readers", re.compile(r"(?i:y|n|yes|no|on|off)")),
    ("a number to YAML", re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")),
    (
        "a number to YAML",
        re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(?i:inf)|\.(?i:nan)"),
    ),
    ("a number to some YAML readers", re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")),
    ("a date to YAML", re.compile(r"\d{4}-\d{1,2}-\d{1,2}([Tt ].*)?")),
)


def read(path: Path) -> Document:
    """Read a YAML file into plain data.

    Text is ``str``; unquoted scalars that YAML takes for something else are ``Plain``. A byte order mark and
    CRLF line ends are accepted. Raises FileProblems, with everything found, for a file that cannot be read, is
    larger than 1 MB or not UTF-8, for syntax errors, and for what the project's files may not hold: duplicate
    keys, anchors, aliases, merge keys, explicit types, several documents.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileProblems([Problem(str(path), 1, f"cannot be read: {error.strerror or error}")]) from None
    if len(raw) > MAX_BYTES:
        raise FileProblems([Problem(str(path), 1, "is larger than 1 MB; no schema needs that: is it the right file?")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileProblems([Problem(str(path), line, "is not UTF-8 text: save it as UTF-8")]) from None
    return parse(text, str(path))


def parse(text: str, file: str) -> Document:
    """Parse YAML text into plain data; as ``read``, for text already at hand."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    document = Document(file, None)
    problems: list[Problem] = []
    try:
        events = YAML(typ="safe", pure=True).parse(text)
        data = _build(events, document, problems)
    except MarkedYAMLError as error:
        problems.append(_syntax(file, error))
    except YAMLError as error:  # ReaderError: a character that YAML forbids
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        problems.append(Problem(file, line, "holds a control character, which YAML forbids: remove it"))
    except RecursionError:
        problems.append(Problem(file, 1, "is nested too deeply"))
    if problems:
        raise FileProblems(problems)
    return Document(file, data, document.lines)


def _syntax(file: str, error: Any) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else 1
    what = str(error.problem or error).strip()
    if "\\t" in what or "'\t'" in what:
        return Problem(file, line, "has a tab where YAML wants spaces: indent with spaces")
    return Problem(file, line, f"is not YAML: {what}")


def _build(events: Iterator[Any], document: Document, problems: list[Problem]) -> Any:
    """Turn parser events into data; the events carry lines, anchors and quotes, which loaders drop."""
    documents = 0
    data: Any = None
    for event in events:
        name = type(event).__name__
        if name == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                line = event.start_mark.line + 1
                problems.append(Problem(document.file, line, "a second document starts here: only one is read"))
                break
            data = _node(next(events), events, (), document, problems)
    return data


def _node(event: Any, events: Iterator[Any], at: Location, document: Document, problems: list[Problem]) -> Any:
    line = event.start_mark.line + 1
    document.lines.setdefault(at, line)

    def refuse(message: str) -> None:
        problems.append(Problem(document.file, line, message))

    name = type(event).__name__
    if name == "AliasEvent":
        refuse(f'"*{event.anchor}" is a YAML alias: write its value out, so that every reader sees it')
        return None
    if event.anchor is not None:
        refuse(f'"&{event.anchor}" is a YAML anchor: write the value out where it is needed')
    if event.tag is not None and not str(event.tag).startswith("tag:yaml.org,2002:str"):
        refuse(f"an explicit type ({str(event.tag).removeprefix('tag:yaml.org,2002:')}) is not read here: remove it")
    if name == "ScalarEvent":
        return _scalar(event)
    if name == "SequenceStartEvent":
        items: list[Any] = []
        while type(item := next(events)).__name__ != "SequenceEndEvent":
            items.append(_node(item, events, (*at, len(items)), document, problems))
        return items
    return _mapping(events, at, document, problems)


def _mapping(events: Iterator[Any], at: Location, document: Document, problems: list[Problem]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    first_line: dict[str, int] = {}
    while type(event := next(events)).__name__ != "MappingEndEvent":
        line = event.start_mark.line + 1
        if type(event).__name__ != "ScalarEvent":
            problems.append(Problem(document.file, line, "a key must be text"))
            key: str = f"?{line}"
            _node(event, events, (*at, key), document, problems)
        else:
            key = str(event.value)
            if key == "<<" and event.implicit[0]:
                problems.append(Problem(document.file, line, '"<<" is a YAML merge key: write the entries out'))
        duplicate = key in first_line
        if duplicate:
            problems.append(
                Problem(document.file, line, f'duplicate key "{key}": it is already on line {first_line[key]}')
            )
        first_line.setdefault(key, line)
        document.lines.setdefault((*at, key), line)
        value = _node(next(events), events, (*at, key), document, problems)
        if not duplicate:
            made[key] = value
    return made


def _scalar(event: Any) -> str:
    text = str(event.value)
    if event.implicit[0]:  # unquoted
        for kind, pattern in _KINDS:
            if pattern.fullmatch(text):
                return Plain(text, kind)
    return text


def as_date(text: str) -> date | None:
    """Return the date that a text like 2027-01-31 names, or None."""
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        return None
