"""Finds Trino for the tests or fetches it, and prints the folder of its jars: `get.py [--find]`."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS = 600


def cache() -> Path:
    """Returns the folder where the jars are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    pom = hashlib.sha256((HERE / "pom.xml").read_bytes()).hexdigest()
    return Path(base) / "costtags" / f"trino-{pom[:16]}"


def java() -> str | None:
    """Returns the path of Java."""
    return shutil.which("java")


def find() -> Path | None:
    """Returns the folder of jars that were fetched and can be run."""
    return cache() if java() and cache().is_dir() else None


def fetch() -> Path | None:
    """Fetches the jars from Maven Central."""
    maven = shutil.which("mvn")
    if maven is None:
        say("no Maven on PATH (`mvn`) to fetch it with")
        return None
    cache().parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{cache().name}.", dir=cache().parent))
    try:
        say("fetching with Maven (90 MB, once) ...")
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={unfinished}", "-DincludeScope=runtime"]
        command = [maven, "-q", "-B", "-f", str(HERE / "pom.xml"), *copy]
        if subprocess.run(command, stdout=sys.stderr, timeout=SECONDS).returncode:
            say("Maven failed")
            return None
        try:
            # Renamed when it is whole: another process never sees half of it.
            unfinished.rename(cache())
        except OSError:
            if not cache().is_dir():  # else another process was faster
                raise
        return cache()
    except subprocess.TimeoutExpired:
        say(f"Maven took longer than {SECONDS} seconds")
        return None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def say(message: str) -> None:
    print(f"trino: {message}", file=sys.stderr, flush=True)


def main() -> int:
    if java() is None:
        say("no Java on PATH (`java`, a JDK of version 17)")
        return 2
    path = find()
    if path is None and "--find" in sys.argv[1:]:
        say(f"nothing in {cache()}: make trino")
        return 2
    path = path or fetch()
    if path is None:
        return 2
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
