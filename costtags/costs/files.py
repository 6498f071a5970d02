"""Paths -> the bill files in them: Parquet, and CSV by header; of several versions of a month, the newest."""

import csv
import gzip
import io
import os
import re
import shutil
import stat
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from costtags.costs.versions import newest_versions, twice


class BillError(Exception):
    """A bill cannot be read; the message says which file, why, and what to do."""


@dataclass(frozen=True)
class Csv:
    """CSV files with one header, which stands after ``skip - 1`` lines."""

    header: tuple[str, ...]
    skip: int
    files: tuple[Path, ...]


@dataclass
class Files:
    """The files of a bill; ``notes`` are what was left aside."""

    parquet: list[Path] = field(default_factory=list)
    csv: list[Csv] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    origin: dict[Path, Path] = field(default_factory=dict)
    """What was unpacked -> the file it came from."""


_KINDS = (".parquet", ".csv", ".csv.gz", ".zip", ".csv.zip")
# The monthly report begins with a line that is no header: "Don't see your tags in the report? ...".
_HEADERS_IN = 3
_LONGEST_LINE = 1 << 20
_LONGEST_SHOWN = 200
_AS_WRITTEN = "take the file as AWS wrote it"
_NOT_BILLS = "cost_and_usage_data_status"  # a table of its own that a legacy CUR for Athena has beside the bill
_MARKS = {"RecordType", "lineItem/LineItemType", "line_item_line_item_type", "line_item_unblended_cost", "BilledCost"}


def bill_files(paths: Sequence[Path], scratch: Path) -> Files:
    """Find the bill files in paths, unpack .zip into ``scratch``. Raises BillError with everything that is wrong."""
    problems: list[str] = []
    found: list[Path] = []
    for path in paths:
        of_path, wrong = _found(path)
        found += of_path
        problems += wrong
    problems += [f"{file}: its name is not UTF-8; rename it" for file in found if not _is_utf8(str(file.resolve()))]
    files = Files()
    problems += twice(found)
    newest, notes, unclear = newest_versions(dict.fromkeys(file.resolve() for file in found))
    files.notes += notes
    problems += unclear
    by_header: dict[tuple[tuple[str, ...], int], list[Path]] = defaultdict(list)
    for file in newest:
        try:
            if file.name.lower().endswith(".parquet"):
                _whole_parquet(file)
                files.parquet.append(file)
            else:
                for part in _unpacked(file, scratch):
                    header, skip, plain = _header(part, scratch)
                    by_header[header, skip].append(plain)
                    files.origin[plain] = file
        except BillError as error:
            problems.append(f"{file}: {error}")
        except OSError as error:
            problems.append(f"{file}: {error.strerror or error}")
    if problems:
        raise BillError("\n".join(problems))
    files.csv = [Csv(header, skip, tuple(parts)) for (header, skip), parts in by_header.items()]
    return files


def _found(path: Path) -> tuple[list[Path], list[str]]:
    """Return the bills at a path that the user named, and what is wrong with it."""
    if (on_s3 := re.match("(?i)s3:/+", str(path))) is not None:
        where = f"s3://{str(path)[on_s3.end() :]}"
        return [], [f"{where}: files on S3 are copied first, by `aws s3 cp --recursive`, or asked on Athena"]
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        said = "no such file; what lies on S3 is copied by `aws s3 cp --recursive`, or asked on Athena"
        return [], [f"{path}: {said}"]
    except OSError as error:  # no permission on the way to it, a name that is too long, a loop of links
        return [], [f"{str(path)[:_LONGEST_SHOWN]}: {error.strerror or error}"]
    if stat.S_ISDIR(mode):
        inside, problems = _inside(path)
        if not inside and not problems:
            problems = [f"{path}: no bill in it (files that end in {', '.join(_KINDS[:4])})"]
        return inside, problems
    if not stat.S_ISREG(mode):
        return [], [f"{path}: not a file; write it to one first"]
    if not path.name.lower().endswith(_KINDS):
        return [], [f"{path}: not a bill by its name; bills end in {', '.join(_KINDS[:4])}"]
    return [path], []


def _inside(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the bills in a folder, sorted, and the folders in it that cannot be read: their costs would be missing."""
    found: list[Path] = []
    broken: list[Path] = []
    unread: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=unread.append):
        folders[:] = [name for name in folders if not _hidden(name) and name != _NOT_BILLS]
        paths = [Path(place, name) for name in names if name.lower().endswith(_KINDS) and not _hidden(name)]
        found += [path for path in paths if path.is_file()]
        broken += [path for path in paths if path.is_symlink() and not path.exists()]
    problems = [f"{error.filename}: {error.strerror or error}" for error in unread]
    return sorted(found), sorted([*problems, *(f"{path}: a link to what is not there" for path in broken)])


def _hidden(name: str) -> bool:
    """What programs keep for themselves: .ipynb_checkpoints, _temporary, __MACOSX."""
    return name.startswith((".", "_")) and name != ".."


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _whole_parquet(file: Path) -> None:
    """Parquet begins and ends with PAR1: a download that broke off does not."""
    with file.open("rb") as stream:
        start = stream.read(4)
        end = b""
        if file.stat().st_size >= 12:
            stream.seek(-4, io.SEEK_END)
            end = stream.read(4)
    if start != b"PAR1":
        raise BillError("not a Parquet file" if start else "the file is empty")
    if end != b"PAR1":
        raise BillError("the Parquet file is cut off; download it again")


def _unpacked(file: Path, scratch: Path) -> list[Path]:
    if not file.name.lower().endswith(".zip"):
        return [file]
    try:
        with zipfile.ZipFile(file) as archive:
            members = [one for one in archive.infolist() if _is_bill_in_zip(one.filename)]
            if not members:
                raise BillError("no CSV file in it")
            needed = sum(member.file_size for member in members)
            free = shutil.disk_usage(scratch).free
            if needed > free:
                raise BillError(f"unpacked it needs {needed:,} bytes, and {scratch} has {free:,} left; set TMPDIR")
            parts = []
            for member in members:
                part = _new_file(scratch)
                with archive.open(member) as packed, part.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, 1 << 20)
                parts.append(part)
            return parts
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BillError(f"the .zip cannot be unpacked ({error}); download it again") from None


def _is_bill_in_zip(name: str) -> bool:
    return name.lower().endswith(".csv") and not any(map(_hidden, name.split("/")))


def _header(file: Path, scratch: Path) -> tuple[tuple[str, ...], int, Path]:
    """Return a CSV's header, how many lines go before the data, and the file to read them from."""
    try:
        with _opened(file) as stream:
            lines = [stream.readline(_LONGEST_LINE) for _ in range(_HEADERS_IN)]
            texts = [line.decode("utf-8-sig") for line in lines]
            rows = [next(csv.reader([text]), []) for text in texts]
            if not any(rows):
                raise BillError("the file is empty")
            at = next((index for index, row in enumerate(rows) if _MARKS & set(row)), 0)
            header = tuple(rows[at])
            if len(header) == 1 and (other := next((mark for mark in ";\t" if mark in header[0]), None)):
                mark = "tabs" if other == "\t" else other
                raise BillError(f"its columns are parted by {mark}, as a spreadsheet saves them; {_AS_WRITTEN}")
            if len({line.endswith(b"\r\n") for line in lines if line}) == 1:
                return header, at + 1, file
            # DuckDB finds no line at all where the first lines end otherwise than the rest: it gets the rest alone.
            rest = _new_file(scratch)
            with rest.open("wb") as plain:
                plain.writelines(lines[at + 1 :])
                shutil.copyfileobj(stream, plain, 1 << 20)
            return header, 0, rest
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise BillError("the .gz is cut off or no gzip; download it again") from None
    except (UnicodeDecodeError, csv.Error):
        raise BillError("not a CSV file in UTF-8") from None


def _opened(file: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(file, "rb")) if file.name.lower().endswith(".gz") else file.open("rb")


def _new_file(scratch: Path) -> Path:
    return scratch / f"{len(list(scratch.iterdir()))}.csv"
