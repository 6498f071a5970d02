"""Finds the IAM policy evaluator for the tests or installs it, and prints its folder: `get.py [--find]`."""

import shutil
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
if not __package__:  # run as a script
    sys.path.insert(0, str(HERE.parents[1]))

from tests import fetched  # noqa: E402

INSTALL_SECONDS = 300
say = partial(fetched.say, "evaluator")


def cache() -> Path:
    """Returns the folder where the packages of the lock file are kept."""
    return fetched.cache("iam-simulate", HERE / "package-lock.json")


def node() -> str | None:
    """Returns the path of Node.js."""
    return shutil.which("node")


def find() -> Path | None:
    """Returns the folder of an evaluator that is installed and can be run."""
    return cache() if node() and cache().is_dir() else None


def install() -> Path | None:
    """Installs the packages of the lock file."""
    npm = shutil.which("npm")
    if npm is None:
        say("no npm on PATH to install it with")
        return None

    def fill(folder: Path) -> bool:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        say("installing with npm (19 MB, once) ...")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        return fetched.ran("evaluator", "npm", command, INSTALL_SECONDS, folder)

    return fetched.filled(cache(), fill)


def main() -> int:
    if node() is None:
        say("no Node.js on PATH (`node`, version 20 or newer)")
        return 2
    return fetched.main("evaluator", find, install, absent=f"nothing in {cache()}: make evaluator")


if __name__ == "__main__":
    sys.exit(main())
