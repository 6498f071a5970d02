"""Finds a Pulumi CLI for the tests or makes one, and prints its path: `get.py [--find]`."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
if not __package__:  # run as a script
    sys.path.insert(0, str(HERE.parents[1]))

from tests import fetched  # noqa: E402

PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
INSTALLER_SECONDS = 60
say = partial(fetched.say, "engine")


def version() -> str:
    """Returns the version that go.mod pins."""
    for line in (HERE / "go.mod").read_text().splitlines():
        words = line.split()
        if "=>" not in words and PACKAGE in words:
            return words[-1].removeprefix("v")
    raise LookupError(f"{HERE / 'go.mod'} does not require {PACKAGE}")


def cache() -> Path:
    """Returns the folder where a CLI of ours is kept."""
    return fetched.cache(f"pulumi-{version()}")


def find() -> Path | None:
    """Returns a CLI that is already here."""
    on_path = shutil.which("pulumi")
    candidates = [Path(on_path)] if on_path else []
    candidates += [cache() / "pulumi", cache() / "bin" / "pulumi"]
    return next((path for path in candidates if os.access(path, os.X_OK)), None)


def install(folder: Path) -> Path | None:
    """Runs Pulumi's own installer, in a process of its own that is stopped when it hangs."""
    say(f"running the official installer for Pulumi {version()} ...")
    program = (
        "import sys, semver, pulumi.automation as auto;"
        "auto.PulumiCommand.install(root=sys.argv[1], version=semver.VersionInfo.parse(sys.argv[2]))"
    )
    try:
        subprocess.run(
            [sys.executable, "-c", program, str(folder), version()],
            check=True,
            capture_output=True,
            timeout=INSTALLER_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        say("the official installer could not be fetched or failed")
        return None
    found = folder / "bin" / "pulumi"
    return found if found.exists() else None


def build(folder: Path) -> Path | None:
    """Builds the CLI from its Go modules."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        say("no Go here to build it with")
        return None
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"pulumi.{os.getpid()}"
    flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version()}"
    say(f"building Pulumi {version()} with {go} (about 6 minutes on 2 cores, once) ...")
    done = subprocess.run(
        [go, "build", "-trimpath", "-ldflags", flags, "-o", str(unfinished), f"{PACKAGE}/cmd/pulumi"],
        cwd=HERE,
        stdout=sys.stderr,
    )
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        say("the build failed")
        return None
    # Renamed when it is whole: another process never sees half a file.
    return unfinished.replace(folder / "pulumi")


def main() -> int:
    return fetched.main(
        "engine",
        find,
        lambda: install(cache()) or build(cache()),
        absent=f"no Pulumi CLI on PATH or in {cache()}: make engine",
        failed="no Pulumi CLI: none here, and neither the installer nor a Go build gave one",
    )


if __name__ == "__main__":
    sys.exit(main())
