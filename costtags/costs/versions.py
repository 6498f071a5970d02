"""Bill files -> of several versions of a month, the newest; what would be, or may be, counted twice."""

import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROBE = 1 << 14


def twice(files: Iterable[Path]) -> Iterator[str]:
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


# Exports that keep every version have a folder for each: data/BILLING_PERIOD=2026-03/<time>-<id>/..., and in a
# legacy CUR 20260301-20260401/<assembly id>/...
# https://docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html
_PERIOD = re.compile(r"(?i)(billing_period=\d{4}-\d\d|\d{8}-\d{8})")
_TIMED = re.compile(r"\d{4}-?\d\d-?\d\dT\d\d[:-]?\d\d")


def newest_versions(files: Iterable[Path]) -> tuple[list[Path], list[str], list[str]]:
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


# AWS writes a bill that is large in parts: NAME-00001.snappy.parquet, NAME-00002.snappy.parquet ...
_PART_OF = re.compile(r"-\d{5}(?=\.)")
_HIVE = re.compile(r"(?i)(year|month)=\d+")


def export_of(file: Path) -> Path:
    """Tell what files are of one export, which holds nothing twice: the folder above its months, or a name's parts."""
    period = next((parent for parent in file.parents if _PERIOD.fullmatch(parent.name)), None)
    if period is not None:
        return period.parent
    above = next((parent for parent in file.parents if not _HIVE.fullmatch(parent.name)), file.parent)
    return above if above != file.parent else file.with_name(_PART_OF.sub("", file.name))


def overlaps(found: Iterable[tuple[Path, str, str]]) -> list[str]:
    """Turn (file, account, month) into what must be known where two exports have lines of the same.

    That may be right, as where a bill was divided by product; no line tells.
    """
    there: dict[tuple[str, str], dict[Path, Path]] = defaultdict(dict)
    for file, account, month in sorted(found):
        there[month, account].setdefault(export_of(file), file)
    pairs: dict[tuple[Path, ...], list[str]] = defaultdict(list)
    for (month, account), files in sorted(there.items()):
        if len(files) > 1:
            pairs[tuple(files.values())].append(f"{month} of account {account}")
    return [
        f"{' and '.join(map(str, files))} have lines of {of[0]}{f' and {len(of) - 1} more' if len(of) > 1 else ''}: "
        "where one is an older copy of another, its costs count twice"
        for files, of in pairs.items()
    ]
