"""Modules: the project's, the repository's beside it, a link to it, and packages, which are passed over."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[1:1] = [str(HERE.parent / "shared"), str(HERE / "env" / "lib" / "python3.99" / "site-packages")]

import linked  # noqa: E402
import platform_lib  # noqa: E402
import team_package  # noqa: E402
from modules import groups  # noqa: E402

groups.group("in-a-module")
platform_lib.group("beside-the-project")
linked.group("by-a-link")
team_package.group(
    "by-a-package",
)
