"""Fill an account that exists in this process only, and show what the commands make of it and of a made-up bill."""

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
REPORT = ROOT / "demo" / "report.html"
"""What is left of it all."""
HERE = "eu-west-1"
ABROAD = "us-east-1"
WHERE = f"--region {HERE} --region {ABROAD} --since 2026-01-01"

COMMANDS = (
    f"costtags audit {WHERE}",
    f"costtags repair plan --rules rules.yaml --out plan.yaml --remove-misspelt {WHERE}",
    "sed -n '/^resources:/,+16p' plan.yaml",
    "costtags repair apply plan.yaml --overwrite",
    f"costtags audit {WHERE}",
    "python -m costtags.costs.sample_files bill --lines 20000 --months 2026-08,2026-09,2026-10,2026-11 --last-day 20",
    "costtags query coverage bill",
    "costtags query missing-tag tag=cost-center from=2026-10 to=2026-10 bill",
    "costtags report bill --out report.html",
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
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        settings = environment(url, HERE, PATH=path, COLUMNS="110")
        os.environ.clear()  # a profile or a proxy of this machine's own must not be asked
        os.environ.update(settings)
        fill(url, HERE, ABROAD)
        for file in (ROOT / "tags.yaml", ROOT / "demo" / "rules.yaml"):
            shutil.copy(file, folder)
        for command in COMMANDS:
            print(f"$ {command}", flush=True)
            done = subprocess.run(shlex.split(command), cwd=folder, check=False)
            worst = max(worst, done.returncode)
            print(flush=True)
        if worst <= 1:
            shutil.copy(Path(folder) / REPORT.name, REPORT)
            print(f"The report is {REPORT.relative_to(ROOT)}: open it in a browser.")
    return 2 if worst > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
