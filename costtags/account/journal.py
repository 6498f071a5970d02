"""A file that keeps what AWS has answered, line by line, so that a reading that was cut off goes on where it was."""

import fcntl
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from costtags.account.clients import AwsFailed

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
            self._file.close()
            self._file = None

    def _write(self, record: dict[str, Any]) -> None:
        with self._lock:
            self._take(record)
            if self._file is not None:
                self._file.write(_line(record))
                self._file.flush()

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
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                raise AwsFailed(f"{path}:{number}: is no line of a journal; remove the file for a new audit") from None
        self.resumed = len(lines) - 1
        file.truncate(whole)


def _opened(path: Path) -> IO[bytes]:
    # For its owner alone: tags may say more than all should read.
    file = open(path, "a+b", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a kill releases it
    except BlockingIOError:
        file.close()
        raise AwsFailed(f"another costtags is writing the journal {path}; wait for it, or name another file") from None
    file.seek(0)
    return file


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
