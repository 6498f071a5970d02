"""Fill an account that exists in this process only, and show what the commands make of it, as typed in a shell."""

import contextlib
import io
import logging
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from demo.content import fill
from demo.server import MotoAccount
from tests.aws_account import environment, serving

ROOT = Path(__file__).parents[1]
HERE = "eu-west-1"
ABROAD = "us-east-1"
REGIONS = f"--region {HERE} --region {ABROAD}"

COMMANDS = (
    f"costtags audit {REGIONS}",
    f"costtags repair plan --rules rules.yaml --out plan.yaml {REGIONS}",
    "head -30 plan.yaml",
    "costtags repair apply plan.yaml",
    f"costtags audit {REGIONS}",
)
"""What a person types, one after the other."""


def main() -> int:
    """Run the demo. Returns 2 where a command could not do its work."""
    logging.disable()  # moto's server tells of every request
    print("Nothing here leaves this machine: the account is moto's, and it is gone at the end.\n", flush=True)
    state = MotoAccount()
    state.regions = [HERE, ABROAD]
    worst = 0
    with serving(state) as url, tempfile.TemporaryDirectory(prefix="costtags-demo-") as folder:
        with contextlib.redirect_stderr(io.StringIO()):
            fill(url, HERE, ABROAD)
        for file in (ROOT / "tags.yaml", ROOT / "demo" / "rules.yaml"):
            shutil.copy(file, folder)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        settings = environment(url, HERE, PATH=path, COLUMNS="110")
        for command in COMMANDS:
            print(f"$ {command}", flush=True)
            done = subprocess.run(shlex.split(command), cwd=folder, env=settings, check=False)
            worst = max(worst, done.returncode)
            print(flush=True)
    return 2 if worst > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
