"""YAML text -> plain data with the line of every entry, and every problem of the text at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

MAX_BYTES = 1_000_000
MAX_DEPTH = 50

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
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
        self.problems = sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Document:
    """The data of a YAML file and the line, counted from 1, on which each of its entries stands.

    ``faults`` are what our files may not hold though it is YAML; ``hidden`` are the entries whose real content
    such a fault keeps from being read.
    """

    file: str
    data: Any
    lines: dict[Location, int] = field(default_factory=dict)
    faults: list[Problem] = field(default_factory=list)
    hidden: set[Location] = field(default_factory=set)

    def line(self, location: Location) -> int:
        """Return the line of an entry, or of the nearest entry around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def problem(self, location: Location, message: str) -> Problem:
        """Return a problem at an entry."""
        return Problem(self.file, self.line(location), message)

    def is_hidden(self, location: Location) -> bool:
        """Say whether an entry lies in one that could not be read: what seems wrong with it may not be."""
        return any(location[:end] in self.hidden for end in range(len(location) + 1))


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
    ("a date to YAML", re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")),
)


def quoted(text: str) -> str:
    """Return a text of a file in quotes, fit for a message: its start, on one line, nothing invisible in it."""
    shown = text if len(text) <= 60 else f"{text[:60]}..."
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown) + '"'


def read(path: Path) -> Document:
    """Read a YAML file into plain data.

    Text is ``str``; unquoted scalars that YAML takes for something else are ``Plain``. A byte order mark and
    CRLF line ends are accepted. Raises FileProblems, with everything found, for a file that cannot be read, is
    larger than 1 MB or not UTF-8, for syntax errors, and for what the project's files may not hold: duplicate
    keys, anchors, aliases, merge keys, explicit types, several documents.
    """
    return _faultless(scan(path))


def scan(path: Path) -> Document:
    """Read a YAML file as ``read`` does, but leave in ``faults`` what can be told along with later problems."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileProblems([Problem(str(path), 1, f"cannot be read: {error.strerror or error}")]) from None
    if len(raw) > MAX_BYTES:
        raise FileProblems([Problem(str(path), 1, "is larger than 1 MB: is it the right file?")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise FileProblems([Problem(str(path), line, "is not UTF-8 text: save it as UTF-8")]) from None
    return _scan(text, str(path))


def parse(text: str, file: str) -> Document:
    """Parse YAML text into plain data; as ``read``, for text already at hand."""
    return _faultless(_scan(text, file))


def _faultless(document: Document) -> Document:
    if document.faults:
        raise FileProblems(document.faults)
    return document


def _scan(text: str, file: str) -> Document:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.reader import ReaderError

    document = Document(file, None)
    try:
        data = _build(YAML(typ="safe", pure=True).parse(text), document)
    except MarkedYAMLError as error:
        raise FileProblems([*document.faults, _syntax(file, error)]) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"holds the control character U+{error.character:04X}: remove it, or save the file as UTF-8"
        raise FileProblems([*document.faults, Problem(file, line, what)]) from None
    except (AssertionError, ValueError) as error:  # ruamel.yaml lets them through: "\\U00110000", %YAML 1.3
        line = max(document.lines.values(), default=1)
        raise FileProblems([*document.faults, Problem(file, line, f"is not YAML: {error}")]) from None
    return replace(document, data=data)


# The scanner's words -> what to do; where it expected something else, its own words have to do.
_HINTS = (
    ("block end", "check the indentation"),
    (
        "mapping values are not allowed",
        "check the indentation; text that holds a colon and a space goes in quotes",
    ),
    ("cannot start any token", "text that begins with it goes in quotes"),
    ("unknown escape character", r"write \\ for a backslash, or use single quotes"),
)


def _syntax(file: str, error: Any) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else 1
    what = str(error.problem or error).strip()
    if "\\t" in what or "'\t'" in what:
        return Problem(file, line, "has a tab where YAML wants spaces: put spaces in its place")
    if error.context == "while scanning an alias":
        return Problem(file, line, "is not YAML: * begins an alias; text that begins with it goes in quotes")
    hint = next((f": {hint}" for words, hint in _HINTS if words in what), "")
    return Problem(file, line, f"is not YAML: {what}{hint}")


def _build(events: Iterator[Any], document: Document) -> Any:
    """Turn parser events into data; the events carry lines, anchors and quotes, which loaders drop."""
    documents = 0
    data: Any = None
    for event in events:
        if type(event).__name__ == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                _fault(document, event, "a second document starts here: only one is read")
                break
            data = _node(next(events), events, (), document)
    return data


def _fault(document: Document, event: Any, message: str) -> None:
    document.faults.append(Problem(document.file, event.start_mark.line + 1, message))


def _node(event: Any, events: Iterator[Any], at: Location, document: Document) -> Any:
    document.lines.setdefault(at, event.start_mark.line + 1)
    name = type(event).__name__
    if name == "AliasEvent":
        what = (
            f"{quoted('*' + event.anchor)} is a YAML alias: write its value out; text that begins with * goes in quotes"
        )
        _fault(document, event, what)
        document.hidden.add(at)
        return None
    if event.anchor is not None:
        what = f"{quoted('&' + event.anchor)} is a YAML anchor: write the value out where it is needed"
        _fault(document, event, what)
    if event.tag is not None:
        short = re.sub("^tag:yaml.org,2002:", "!!", str(event.tag))
        _fault(document, event, f"the explicit type {quoted(short)} is not read here: remove it; text goes in quotes")
        document.hidden.add(at)
    if name == "ScalarEvent":
        return _scalar(event)
    if len(at) == MAX_DEPTH:
        _fault(document, event, f"is nested more than {MAX_DEPTH} levels deep")
        raise FileProblems(document.faults)
    if name == "SequenceStartEvent":
        items: list[Any] = []
        while type(item := next(events)).__name__ != "SequenceEndEvent":
            items.append(_node(item, events, (*at, len(items)), document))
        return items
    return _mapping(events, at, document)


def _mapping(events: Iterator[Any], at: Location, document: Document) -> dict[str, Any]:
    made: dict[str, Any] = {}
    first_line: dict[str, int] = {}
    while type(event := next(events)).__name__ != "MappingEndEvent":
        line = event.start_mark.line + 1
        key = _key(event, events, at, document)
        if key is not None and key in first_line:
            what = f"duplicate key {quoted(key)}: it is already on line {first_line[key]}"
            _fault(document, event, what)
            key = None
        place = (*at, f"?{line}" if key is None else str(key))
        document.lines.setdefault(place, line)
        value = _node(next(events), events, place, document)
        if key is not None:
            first_line[key] = line
            made[key] = value
    return made


def _key(event: Any, events: Iterator[Any], at: Location, document: Document) -> str | None:
    """Return a key of a mapping; None, after saying why, for what is no key in our files."""
    if type(event).__name__ != "ScalarEvent":
        _fault(document, event, "a key must be text")
        if type(event).__name__ != "AliasEvent":
            _node(event, events, (*at, "?"), document)
    elif event.value == "<<" and event.implicit[0]:
        _fault(document, event, '"<<" is a YAML merge key: write the entries out')
    else:
        if event.anchor is not None or event.tag is not None:
            _fault(document, event, f"the key {quoted(event.value)} has an anchor or a type: remove it")
        return _scalar(event)
    document.hidden.add(at)
    return None


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
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
