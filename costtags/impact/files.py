"""Exported logs of CloudTrail -> events: files and folders, as they are or compressed, in every form AWS writes."""

import gzip
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from costtags.account.places import Unreachable
from costtags.impact.events import Call, NoEvent, read

_SUFFIXES = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_GZIP = b"\x1f\x8b"
# CloudTrail writes files of some MB; what is larger by far is lines, which are read one by one.
_LARGEST = 512 * 2**20
_TOLD_PER_FILE = 3
_UNREADABLE = (OSError, EOFError, ValueError, RecursionError, zlib.error)

Progress = Callable[[str], None]


def found(paths: Sequence[Path]) -> tuple[list[Path], list[Unreachable]]:
    """Return the log files named and in folders, sorted, each once; and what holds none."""
    files: dict[Path, None] = {}
    problems: list[Unreachable] = []
    for path in paths:
        if not path.is_dir():
            files[path] = None
            continue

        def cannot(error: OSError) -> None:
            problems.append(Unreachable(str(error.filename), error.strerror or "cannot be read"))

        inside = sorted(
            Path(folder) / name
            for folder, _, names in os.walk(path, onerror=cannot)
            for name in names
            if name.endswith(_SUFFIXES) and "CloudTrail-Digest" not in Path(folder).parts  # checksums, no events
        )
        if not inside:
            problems.append(Unreachable(str(path), f"holds no log files ({', '.join(_SUFFIXES)})"))
        files |= dict.fromkeys(inside)
    return list(files), problems


def calls(files: Sequence[Path], unread: list[Unreachable], progress: Progress) -> Iterator[Call]:
    """Yield the calls to SageMaker in log files; what cannot be read is added to ``unread`` and passed over."""
    for number, path in enumerate(files, 1):
        progress(f"file {number:,} of {len(files):,}: {path.name}")
        told = 0
        try:
            for where, event in _events(path):
                try:
                    if isinstance(event, NoEvent):
                        raise event
                    call = read(event)
                except NoEvent as error:
                    told += 1
                    if told <= _TOLD_PER_FILE:
                        unread.append(Unreachable(where, str(error)))
                    continue
                if call is not None:
                    yield call
        except _UNREADABLE as error:
            unread.append(Unreachable(str(path), _why(error)))
        if told > _TOLD_PER_FILE:
            unread.append(Unreachable(str(path), f"{told - _TOLD_PER_FILE} more entries that are no events"))


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON: {error.msg} (line {error.lineno})"
    if isinstance(error, UnicodeDecodeError):
        return "is no text in UTF-8"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return f"is no whole gzip file: {error}"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _events(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield each event of a file with where it stands: one document, or a document a line."""
    with _opened(path) as file:
        first = file.readline(_LARGEST + 1)
        while first and not first.strip():
            first = file.readline(_LARGEST + 1)
        document = _one_line(first)
        if document is None:  # it goes on over several lines
            text = first + file.read(_LARGEST + 1 - len(first))
            if len(text) > _LARGEST:
                raise ValueError(f"is larger than {_LARGEST // 2**20} MB, and no JSON lines")
            lines = text.splitlines()
            if any(isinstance(_one_line(line), dict) for line in lines[1:3]):  # only the first line is damaged
                yield from _lines(path, lines, 1)
            elif text.strip():
                yield from _inside(str(path), json.loads(text))
            return
        yield from _inside(str(path), document)
        yield from _lines(path, file, 2)


def _lines(path: Path, lines: Iterable[bytes], first: int) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield where, NoEvent(_why(error).partition(" (line")[0])
            continue
        yield from _inside(where, document)


def _one_line(line: bytes) -> Any | None:
    """Return the document that a line holds, None where it is no whole one."""
    try:
        return json.loads(line) if line.strip() else None
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return gzip.open(path) if packed else path.open("rb")  # type: ignore[return-value]


def _inside(where: str, document: Any) -> Iterator[tuple[str, Any]]:
    """Yield the events of a document: a log file's, lookup-events', CloudTrail Lake's, or the event itself."""
    if isinstance(document, dict) and "digestS3Object" in document:
        return
    listed = document.get("Records", document.get("Events")) if isinstance(document, dict) else document
    if not isinstance(listed, list):
        yield from _unpacked(where, document)
        return
    for number, event in enumerate(listed, 1):
        yield from _unpacked(f"{where} (event {number})", event)


def _unpacked(where: str, event: Any) -> Iterator[tuple[str, Any]]:
    for name in ("CloudTrailEvent", "eventJson"):  # of lookup-events, of CloudTrail Lake
        if isinstance(event, dict) and isinstance(event.get(name), str):
            try:
                yield where, json.loads(event[name])
            except (ValueError, RecursionError) as error:
                yield where, NoEvent(f"its {name} {_why(error).partition(' (line')[0]}")
            return
    yield where, event
