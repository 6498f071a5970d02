"""Finds Chromium for the tests or installs it, and prints its path: `get.py [--find]`."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 600


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
        try:
            if subprocess.run([apt, *arguments], stdout=sys.stderr, timeout=SECONDS).returncode:
                say("apt-get failed")
                return None
        except subprocess.TimeoutExpired:
            say(f"apt-get took longer than {SECONDS} seconds")
            return None
    return find()


def say(message: str) -> None:
    print(f"browser: {message}", file=sys.stderr, flush=True)


def main() -> int:
    path = find()
    if path is None and "--find" not in sys.argv[1:]:
        path = install()
    if path is None:
        say(f"none of {', '.join(NAMES)} is on PATH: install Chromium, as by `apt-get install chromium`")
        return 2
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
