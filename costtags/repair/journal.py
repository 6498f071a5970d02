"""What is about to be done and what became of it, on disk before each write: JSON lines, one file for one plan.

An intent without a result is what a killed run left: no one knows whether AWS got it, so it is looked up.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from costtags.account.lockfile import lock
from costtags.repair.facts import parse_arn

VERSION = 1
Kind = Literal["apply", "undo"]
Verb = Literal["tag", "untag", "restart"]
DONE = "done"
NOT_DONE = "not-done"
_VERBS = ("tag", "untag", "restart")
_HEAD = b'{"costtags": "repair", '
"""How a journal begins: what begins otherwise is another file, of which nothing is cut away."""


class JournalError(Exception):
    """A journal cannot be used; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Write:
    """One change of one resource.

    ``after`` holds what each key is to have, ``before`` what it had; None where it has no such key.
    """

    arn: str
    verb: Verb
    after: Mapping[str, str | None]
    before: Mapping[str, str | None]


@dataclass(slots=True)
class Recorded:
    """A write as the journal has it; ``outcome`` is None while it is not known."""

    write: Write
    tags: Mapping[str, str]
    """All tags that the resource had before it."""
    outcome: str | None = None


@dataclass
class Journal:
    """An open journal, which no other process can open; and what stood in it."""

    path: Path
    recorded: list[Recorded]
    _stream: IO[bytes] = field(repr=False)
    _numbers: dict[tuple[str, Verb], int] = field(default_factory=dict, repr=False)

    def intend(self, writes: Sequence[tuple[Write, Mapping[str, str]]]) -> None:
        """Write down what is about to be done, and have it on disk when this returns."""
        lines = []
        for write, tags in writes:
            self._numbers[write.arn, write.verb] = len(self.recorded)
            lines.append(
                {
                    "intent": len(self.recorded),
                    "arn": write.arn,
                    "verb": write.verb,
                    "after": dict(write.after),
                    "before": dict(write.before),
                    "tags": dict(tags),
                }
            )
            self.recorded.append(Recorded(write, tags))
        self._append(lines)

    def conclude(self, outcomes: Iterable[tuple[str, Verb, str, str]]) -> None:
        """Write down what became of intents: (ARN, verb, DONE or NOT_DONE, why)."""
        lines = []
        for arn, verb, outcome, why in outcomes:
            number = self._numbers[arn, verb]
            self.recorded[number].outcome = outcome
            lines.append({"result": number, "outcome": outcome} | ({"why": why} if why else {}))
        self._append(lines)

    def in_flight(self) -> list[Recorded]:
        """Return the intents whose result no one wrote down."""
        return [one for one in self.recorded if one.outcome is None]

    def done(self) -> Iterator[Write]:
        """Yield what was done, in its order."""
        return (one.write for one in self.recorded if one.outcome == DONE)

    def close(self) -> None:
        """Close the file, which lets others open it."""
        with suppress(OSError):  # what could not be written was told by then
            self._stream.close()

    def _append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)
        try:
            self._stream.write(text.encode())
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise JournalError(f"{self.path} cannot be written ({error.strerror}): nothing more is changed") from error


def open_journal(path: Path, kind: Kind, of: str, shown: str) -> Journal:
    """Open a journal to go on with it, or begin one; ``of`` is the hash of what it belongs to, ``shown`` its name.

    A last line that was torn off by a kill is cut away. Raises JournalError.
    """
    try:
        stream = path.open("a+b")
    except OSError as error:
        raise JournalError(f"{path} cannot be opened: {error.strerror}") from None
    try:
        _lock(stream, path)
        stream.seek(0)
        data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        head, rows = _parsed(whole, path)
        if head is None and not _HEAD.startswith(data[: len(_HEAD)]):
            raise JournalError(f"{path} is no journal of costtags repair; name another file with --journal")
        if len(whole) < len(data):
            stream.truncate(len(whole))
        journal = Journal(path, [], stream)
        if head is None:
            journal._append([{"costtags": "repair", "version": VERSION, "of": kind, "sha256": of, "file": shown}])
            _sync_folder(path)
            return journal
        _check_head(head, kind, of, shown, path)
        journal.recorded = _folded(rows, path)
        journal._numbers = {(one.write.arn, one.write.verb): n for n, one in enumerate(journal.recorded)}
        return journal
    except BaseException:
        stream.close()
        raise


def read_journal(path: Path) -> tuple[Mapping[str, Any], list[Recorded], bytes]:
    """Read a journal that is not gone on with: its head, its records, its bytes. Raises JournalError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from None
    whole = data[: data.rfind(b"\n") + 1]
    head, rows = _parsed(whole, path)
    if head is None:
        raise JournalError(f"{path} is empty: nothing was done")
    return head, _folded(rows, path), whole


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Keep other processes from going on with a journal that is read. Raises JournalError."""
    try:
        stream = path.open("r+b")
    except OSError as error:
        raise JournalError(f"{path} cannot be opened: {error.strerror}") from None
    with stream:
        _lock(stream, path)
        yield


def _lock(stream: IO[bytes], path: Path) -> None:
    if not lock(stream):
        raise JournalError(f"{path} is in use: another costtags repair works with it")


def _sync_folder(path: Path) -> None:
    """Have a new file's name on disk too, where the system can."""
    if os.name == "posix":
        folder = os.open(path.resolve().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _parsed(data: bytes, path: Path) -> tuple[Mapping[str, Any] | None, list[tuple[int, Mapping[str, Any]]]]:
    rows: list[tuple[int, Mapping[str, Any]]] = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise JournalError(f"{path}:{number}: is damaged: this line is no JSON object")
        rows.append((number, row))
    if not rows:
        return None, []
    (_, head), *rest = rows
    if head.get("costtags") != "repair" or head.get("of") not in ("apply", "undo"):
        raise JournalError(f"{path} is no journal of costtags repair")
    if head.get("version") != VERSION:
        raise JournalError(f"{path} is a journal of version {head.get('version')!r}; this costtags reads {VERSION}")
    return head, rest


def _check_head(head: Mapping[str, Any], kind: Kind, of: str, shown: str, path: Path) -> None:
    if head["of"] != kind:
        raise JournalError(f"{path} is the journal of an {head['of']}, not of an {kind}")
    if head.get("sha256") != of:
        raise JournalError(
            f"{path} is the journal of another {'plan' if kind == 'apply' else 'journal'} "
            f"({head.get('file')} as it was then, not {shown} as it is now); "
            "name a new one with --journal, and keep the old one: undo needs it"
        )


def _folded(rows: Iterable[tuple[int, Mapping[str, Any]]], path: Path) -> list[Recorded]:
    recorded: list[Recorded] = []
    for number, row in rows:
        if row.get("intent") == len(recorded) and _is_intent(row):
            recorded.append(Recorded(Write(row["arn"], row["verb"], row["after"], row["before"]), row["tags"]))
        elif _is_result(row, len(recorded)):
            recorded[row["result"]].outcome = row["outcome"]
        else:
            raise JournalError(f"{path}:{number}: is damaged: this line is neither an intent nor a result")
    return recorded


def _is_intent(row: Mapping[str, Any]) -> bool:
    """Say whether a line is an intent as ``intend`` writes it: what follows from it is written to AWS."""
    arn, after, before = row.get("arn"), row.get("after"), row.get("before")
    if row.get("verb") not in _VERBS or not isinstance(arn, str) or parse_arn(arn) is None:
        return False
    if not all(map(_is_values, (after, before, row.get("tags")))):
        return False
    given = [value for value in row["after"].values() if (value is None) == (row["verb"] == "tag")]
    return row["after"].keys() == row["before"].keys() and not given


def _is_values(value: Any) -> bool:
    return isinstance(value, dict) and all(text is None or isinstance(text, str) for text in value.values())


def _is_result(row: Mapping[str, Any], count: int) -> bool:
    number, outcome = row.get("result"), row.get("outcome")
    return type(number) is int and 0 <= number < count and outcome in (DONE, NOT_DONE)
