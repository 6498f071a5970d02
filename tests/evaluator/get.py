"""Finds the IAM policy evaluator for the tests or installs it, and prints its folder: `get.py [--find]`."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
INSTALL_SECONDS = 300


def cache() -> Path:
    """Returns the folder where the packages of the lock file are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    return Path(base) / "costtags" / f"iam-simulate-{lock[:16]}"


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
    cache().parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{cache().name}.", dir=cache().parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, unfinished)
        say("installing with npm (19 MB, once) ...")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=unfinished, stdout=sys.stderr, timeout=INSTALL_SECONDS)
        if done.returncode:
            say("npm failed")
            return None
        try:
            # Renamed when it is whole: another process never sees half of it.
            unfinished.rename(cache())
        except OSError:
            if not cache().is_dir():  # else another process was faster
                raise
        return cache()
    except subprocess.TimeoutExpired:
        say(f"npm took longer than {INSTALL_SECONDS} seconds")
        return None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def say(message: str) -> None:
    print(f"evaluator: {message}", file=sys.stderr, flush=True)


def main() -> int:
    if node() is None:
        say("no Node.js on PATH (`node`, version 20 or newer)")
        return 2
    path = find()
    if path is None and "--find" in sys.argv[1:]:
        say(f"nothing in {cache()}: make evaluator")
        return 2
    path = path or install()
    if path is None:
        return 2
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
