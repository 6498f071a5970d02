"""Stack traces of registrations -> the file and line where the user made a resource."""

import sysconfig
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit


def place(frames: Iterable[tuple[str, int]], project: Path) -> tuple[str | None, int | None]:
    """Return the nearest frame in the user's own files, relative to the project; (None, None) without one.

    ``frames`` are (uri, line), nearest first. Frames of installed packages and of this project's components are
    passed over: the user can change nothing there.
    """
    for uri, line in frames:
        path = Path(unquote(urlsplit(uri).path))
        if path.is_relative_to(project) and not any(path.is_relative_to(folder) for folder in _not_the_users()):
            return path.relative_to(project).as_posix(), line
    return None, None


@cache
def _not_the_users() -> tuple[Path, ...]:
    own = [find_spec(name) for name in ("costtags", "costtags.components", "costtags.policypack")]
    folders = [Path(spec.origin).parent for spec in own if spec is not None and spec.origin is not None]
    paths = sysconfig.get_paths()
    return (*folders, Path(paths["purelib"]), Path(paths["platlib"]), Path(paths["stdlib"]))
