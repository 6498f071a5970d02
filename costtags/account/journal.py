"""A file that keeps what AWS has answered, line by line, so that a reading that was cut off goes on where it was."""

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from costtags.account.clients import AwsFailed
from costtags.account.lockfile import lock

_FORMAT = "costtags audit"
_VERSION = 1
MAX_AGE = timedelta(hours=24)
"""An older journal is refused: what it holds may long be otherwise, and a scheduled audit must not repeat it."""
_DONE = {"done": True}
_HEAD = b'{"journal":"costtags audit",'


@dataclass
class Pages:
    """The pages of one list that have been read: their rows, the token of the next, whether that was all."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    next: str | None = None
    complete: bool = False


class Journal:
    """What was answered so far; with a file, it is kept there and found again by the next run.

    One process at a time may write a file; each line is whole when it is on disk, and a torn last one is dropped.
    Safe to use from several threads.
    """

    def __init__(self, path: Path | None, settings: Mapping[str, Any], now: datetime) -> None:
        """Open or begin a journal. Raises AwsFailed where the file cannot be used, saying why and what to do."""
        self.path = path
        self.began = now
        self.resumed = 0
        """How many answers were found in the file."""
        self.was_complete = False
        self._lock = threading.Lock()
        self._pages: dict[str, Pages] = {}
        self._answers: dict[str, Any] = {}
        self._file: IO[bytes] | None = None
        if path is None:
            return
        try:
            self._file = _opened(path)
            self._read(self._file, path, settings, now)
        except OSError as error:
            raise AwsFailed(f"cannot use the journal {path}: {error.strerror or error}") from None
        except AwsFailed:
            self.close()
            raise

    def pages(self, key: str) -> Pages:
        """Return what was read of a list."""
        return self._pages.setdefault(key, Pages())

    def page(self, key: str, rows: list[dict[str, Any]], next_: str | None) -> None:
        """Keep a page of a list; without a next one, the list is complete."""
        self._write({"page": key, "rows": rows, "next": next_})

    def restart(self, key: str) -> None:
        """Forget the pages of a list: AWS no longer takes the token of the next one."""
        self._write({"restart": key})

    def answer(self, key: str) -> Any:
        """Return what was kept of a single answer, or None."""
        return self._answers.get(key)

    def keep(self, key: str, value: Any) -> None:
        """Keep a single answer."""
        self._write({"answer": key, "is": value})

    def complete(self) -> None:
        """Note that there was nothing left to ask."""
        if not self.was_complete:
            self._write(_DONE)

    def close(self) -> None:
        """Let another process use the file."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written was told by then
                self._file.close()
            self._file = None

    def _write(self, record: dict[str, Any]) -> None:
        with self._lock:
            self._take(record)
            if self._file is None:
                return
            try:
                self._file.write(_line(record))
                self._file.flush()
            except OSError as error:
                raise AwsFailed(
                    f"cannot write the journal {self.path}: {error.strerror or error}; what it holds stays: "
                    "make room and run the same command again"
                ) from None

    def _take(self, record: dict[str, Any]) -> None:
        if "page" in record:
            pages = self._pages.setdefault(record["page"], Pages())
            pages.rows.extend(record["rows"])
            pages.next = record["next"]
            pages.complete = record["next"] is None
        elif "answer" in record:
            self._answers[record["answer"]] = record["is"]
        elif "restart" in record:
            pages = self._pages.setdefault(record["restart"], Pages())
            pages.rows.clear()
            pages.next, pages.complete = None, False
        else:
            self.was_complete = record["done"]

    def _read(self, file: IO[bytes], path: Path, settings: Mapping[str, Any], now: datetime) -> None:
        data = file.read()
        whole = data.rfind(b"\n") + 1  # what follows the last line end was torn by a kill
        lines = data[:whole].split(b"\n")[:-1]
        if not lines:
            if not (_HEAD.startswith(data) or data.startswith(_HEAD)):
                raise AwsFailed(f"{path} is no journal of `costtags audit`; name another file")
            file.truncate(0)
            header = {"journal": _FORMAT, "version": _VERSION, "began": now.isoformat(), "settings": dict(settings)}
            file.write(_line(header))
            file.flush()
            return
        self.began = _began(lines[0], path, settings)
        if now - self.began > MAX_AGE:
            raise AwsFailed(
                f"the journal {path} began {self.began:%Y-%m-%d %H:%M} UTC: what it holds may have changed since; "
                "remove it for a new audit"
            )
        for number, line in enumerate(lines[1:], start=2):
            try:
                record = json.loads(line)
                _check_rows(record)
                self._take(record)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise AwsFailed(f"{path}:{number}: is no line of a journal; remove the file for a new audit") from None
        self.resumed = len(lines) - 1
        file.truncate(whole)


def _opened(path: Path) -> IO[bytes]:
    # For its owner alone: tags may say more than all should read.
    file = open(path, "a+b", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
    if not lock(file):
        file.close()
        raise AwsFailed(f"another costtags is writing the journal {path}; wait for it, or name another file")
    file.seek(0)
    return file


def _check_rows(record: Mapping[str, Any]) -> None:
    """Raise ValueError for a record whose parts are not what a reading keeps, as after an edit by hand."""
    rows = record["rows"] if "page" in record else []
    texts = all(isinstance(record.get(name, ""), str) for name in ("page", "answer", "restart"))
    if not texts or not isinstance(rows, list) or not all(map(_is_row, rows)):
        raise ValueError
    kind, kept = str(record.get("answer", "")).partition(" ")[0], record.get("is")
    if kind in ("tags", "described") and not (isinstance(kept, dict) and (kind == "described" or _is_texts(kept))):
        raise ValueError


def _is_row(row: Any) -> bool:
    """Say whether this is a listed item, or tags that GetResources returned."""
    if "tags" in row:
        return isinstance(row["arn"], str) and _is_texts(row["tags"])
    if row["created"] is not None:
        datetime.fromisoformat(row["created"])
    arn = row["arn"] is None or isinstance(row["arn"], str)
    return arn and isinstance(row["name"], str) and _is_texts(row["fields"])


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _began(line: bytes, path: Path, settings: Mapping[str, Any]) -> datetime:
    try:
        header = json.loads(line)
        ours = header["journal"] == _FORMAT
        began = datetime.fromisoformat(header["began"]).astimezone(UTC)
        version, theirs = header["version"], dict(header["settings"])
    except (ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise AwsFailed(f"{path} is no journal of `costtags audit`; name another file") from None
    if version != _VERSION:
        raise AwsFailed(f"the journal {path} was written by another version of costtags; remove it for a new audit")
    other = sorted(name for name in {*theirs, *settings} if theirs.get(name) != settings.get(name))
    if other:
        was = "; ".join(f"{name}: {_said(theirs.get(name))}, now {_said(settings.get(name))}" for name in other)
        raise AwsFailed(f"the journal {path} is of another audit ({was}); run with its settings, or name another file")
    return began


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
