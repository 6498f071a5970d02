"""What tests need and pip does not have: it is found on this machine, or fetched once into the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")


def cache(name: str, described_by: Path | None = None) -> Path:
    """Returns a folder of the user's cache; another one whenever the file that describes what it holds changes."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "costtags"
    if described_by is None:
        return base / name
    return base / f"{name}-{hashlib.sha256(described_by.read_bytes()).hexdigest()[:16]}"


def say(who: str, message: str) -> None:
    print(f"{who}: {message}", file=sys.stderr, flush=True)


def ran(who: str, name: str, command: list[str], seconds: float, folder: Path | None = None) -> bool:
    """Runs a command that fetches something; where it fails or takes too long, says so under its name."""
    try:
        if not subprocess.run(command, cwd=folder, stdout=sys.stderr, timeout=seconds).returncode:
            return True
        say(who, f"{name} failed")
    except subprocess.TimeoutExpired:
        say(who, f"{name} took longer than {seconds} seconds")
    return False


def filled(folder: Path, fill: Callable[[Path], bool]) -> Path | None:
    """Makes a folder and fills it, or leaves nothing where that fails."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        if not fill(unfinished):
            return None
        try:
            # Renamed when it is whole: another process never sees half of it.
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise
        return folder
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def main(
    who: str, find: Callable[[], object], fetch: Callable[[], object], *, absent: str, failed: str | None = None
) -> int:
    """Prints what is found, or fetched unless --find is given; returns the exit code.

    Where nothing is found, ``absent`` is said; where fetching gives nothing, ``failed``, if fetching has not said it.
    """
    found = find()
    if found is None and "--find" in sys.argv[1:]:
        say(who, absent)
        return 2
    found = found or fetch()
    if found is None:
        if failed:
            say(who, failed)
        return 2
    print(found)
    return 0


def required(found: Found | None, missing: str) -> Found:
    """Returns what was found; else skips the test and says so loudly, or fails it where nothing may be skipped."""
    import pytest  # get.py does without

    if found is None:
        if os.environ.get("CI") == "true" or os.environ.get("COSTTAGS_REQUIRE_ENGINE"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found
