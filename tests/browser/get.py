"""Finds Chromium for the tests or installs it, and prints its path: `get.py [--find]`."""

import os
import shutil
import sys
from functools import partial
from pathlib import Path

if not __package__:  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests import fetched

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 600
say = partial(fetched.say, "browser")


def find() -> str | None:
    """Returns the path of a Chromium."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> str | None:
    """Installs Chromium by the system's packages; only root can, as in a CI container."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    say("installing with apt-get ...")
    for arguments in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "chromium"]):
        if not fetched.ran("browser", "apt-get", [apt, *arguments], SECONDS):
            return None
    return find()


def main() -> int:
    none = f"none of {', '.join(NAMES)} is on PATH: install Chromium, as by `apt-get install chromium`"
    return fetched.main("browser", find, install, absent=none, failed=none)


if __name__ == "__main__":
    sys.exit(main())
