"""What a run on the real engine asked for and got by a placeholder or an answer, noted by several processes."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from costtags import variables

Kind = Literal["answered", "placeholder", "default-tags"]


def note(kind: Kind, what: str) -> None:
    """Add a line to the file of this run, if there is one."""
    path = os.environ.get(variables.ASKED)
    if path:
        with open(path, "a", encoding="utf-8") as stream:  # noqa: PTH123 - a line at a time, by several processes
            stream.write(json.dumps([kind, what]) + "\n")


def noted(path: Path) -> Iterator[tuple[Kind, str]]:
    """Yield what was noted."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, what = json.loads(line)
            yield kind, what
