"""One process at a time for a file: journals are written by one run only."""

import os
from typing import IO


def lock(stream: IO[bytes]) -> bool:
    """Keep other processes out of an open file, and say whether that could be done.

    The system lifts the lock when this process ends, however it ends.
    """
    if os.name == "nt":
        import msvcrt

        locking = getattr(msvcrt, "locking")  # noqa: B009 - mypy looks at it on Linux, where there is none
        stream.seek(1 << 40)  # a byte beyond the end: locked ones cannot be read there
        try:
            locking(stream.fileno(), 2, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
