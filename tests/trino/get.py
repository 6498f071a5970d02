"""Finds Trino for the tests or fetches it, and prints the folder of its jars: `get.py [--find]`."""

import shutil
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
if not __package__:  # run as a script
    sys.path.insert(0, str(HERE.parents[1]))

from tests import fetched  # noqa: E402

SECONDS = 600
say = partial(fetched.say, "trino")


def cache() -> Path:
    """Returns the folder where the jars are kept."""
    return fetched.cache("trino", HERE / "pom.xml")


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

    def fill(folder: Path) -> bool:
        say("fetching with Maven (90 MB, once) ...")
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}", "-DincludeScope=runtime"]
        return fetched.ran("trino", "Maven", [maven, "-q", "-B", "-f", str(HERE / "pom.xml"), *copy], SECONDS)

    return fetched.filled(cache(), fill)


def main() -> int:
    if java() is None:
        say("no Java on PATH (`java`, a JDK of version 17)")
        return 2
    return fetched.main("trino", find, fetch, absent=f"nothing in {cache()}: make trino")


if __name__ == "__main__":
    sys.exit(main())
