"""Paths -> the bill files in them: Parquet, and CSV by header; of several versions of a month, the newest."""

import csv
import gzip
import io
import json
import re
import shutil
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast


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


_KINDS = (".parquet", ".csv", ".csv.gz", ".zip", ".csv.zip")
# The monthly report begins with a line that is no header: "Don't see your tags in the report? ...".
_HEADERS_IN = 3
_LONGEST_LINE = 1 << 20
_PROBE = 1 << 14
_NOT_BILLS = "cost_and_usage_data_status"  # a table of its own that a legacy CUR for Athena has beside the bill
_MARKS = {"RecordType", "lineItem/LineItemType", "line_item_line_item_type", "line_item_unblended_cost", "BilledCost"}


def bill_files(paths: Sequence[Path], scratch: Path) -> Files:
    """Find the bill files in paths, unpack .zip into ``scratch``. Raises BillError with everything that is wrong."""
    problems: list[str] = []
    found: list[Path] = []
    for path in paths:
        there = sorted(_inside(path)) if path.is_dir() else [path]
        if not path.exists():
            problems.append(
                f"{path}: no such file; what lies on S3 is copied by `aws s3 cp --recursive`, or asked on Athena"
            )
        elif not there:
            problems.append(f"{path}: no bill in it (files that end in {', '.join(_KINDS[:4])})")
        elif not path.is_dir() and not path.is_file():
            problems.append(f"{path}: not a file; write it to one first")
        elif path.is_file() and not path.name.lower().endswith(_KINDS):
            problems.append(f"{path}: not a bill by its name; bills end in {', '.join(_KINDS[:4])}")
        else:
            found += there
    files = Files()
    problems += _twice(found)
    newest, notes, unclear = _newest_versions(dict.fromkeys(file.resolve() for file in found))
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
        except BillError as error:
            problems.append(f"{file}: {error}")
        except OSError as error:
            problems.append(f"{file}: {error.strerror or error}")
    if problems:
        raise BillError("\n".join(problems))
    files.csv = [Csv(header, skip, tuple(parts)) for (header, skip), parts in by_header.items()]
    return files


def _twice(files: Iterable[Path]) -> Iterator[str]:
    """Say which files hold the same: a copy would count everything twice."""
    seen: dict[tuple[int, bytes, bytes], Path] = {}
    for file in dict.fromkeys(file.resolve() for file in files):
        try:
            size = file.stat().st_size
            with file.open("rb") as stream:
                start = stream.read(_PROBE)
                stream.seek(-min(_PROBE, size), io.SEEK_END)
                same = seen.setdefault((size, start, stream.read()), file)
        except OSError:
            continue  # said where the file is read
        if same != file and size:
            yield f"{file}: the same file as {same}, which would be counted twice; name one"


def _inside(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = path.name.startswith((".", "_")) or _NOT_BILLS in path.parts
        if path.name.lower().endswith(_KINDS) and not hidden and path.is_file():
            yield path


# Exports that keep every version have a folder for each: data/BILLING_PERIOD=2026-03/<time>-<id>/..., and in a
# legacy CUR 20260301-20260401/<assembly id>/...
# https://docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html
_PERIOD = re.compile(r"(?i)(billing_period=\d{4}-\d\d|\d{8}-\d{8})")
_TIMED = re.compile(r"\d{4}-?\d\d-?\d\dT\d\d[:-]?\d\d")


def _newest_versions(files: Iterable[Path]) -> tuple[list[Path], list[str], list[str]]:
    """Keep of each month its newest version; say what was left aside, and where the newest cannot be told."""
    versions: dict[Path, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    kept: list[Path] = []
    for file in files:
        period = next((parent for parent in file.parents if _PERIOD.fullmatch(parent.name)), None)
        if period is None:
            kept.append(file)
        else:
            below = file.relative_to(period).parts
            versions[period][below[0] if len(below) > 1 else ""].append(file)
    notes: list[str] = []
    problems: list[str] = []
    for period, by_version in versions.items():
        newest = _newest(period, sorted(by_version))
        if newest is None:
            problems.append(
                f"{period}: several versions of one month ({', '.join(name or 'beside them' for name in by_version)}), "
                "which would count it several times; name the folder of the newest, or copy the manifest as well"
            )
            continue
        kept += by_version[newest]
        if len(by_version) > 1:
            notes.append(f"{period.name}: of {len(by_version)} versions the newest is read, {newest}")
    return kept, notes, problems


def _newest(period: Path, versions: list[str]) -> str | None:
    """Tell the newest version of a month: the only one, the latest by its time, or the one that the manifest names."""
    if len(versions) == 1 or all(map(_TIMED.match, versions)):
        return versions[-1]
    for manifest in sorted(period.glob("*Manifest.json")):
        try:
            named = json.loads(manifest.read_bytes())
        except (OSError, ValueError):
            continue  # then the person is asked
        if isinstance(named, dict) and named.get("assemblyId") in versions:
            return str(named["assemblyId"])
    return None


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
            members = [member for member in archive.infolist() if member.filename.lower().endswith(".csv")]
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
