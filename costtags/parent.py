"""Lets a helper process end when the process that started it is gone, however that ended."""

import os
import threading
import time


def end_with_parent() -> None:
    """End this process soon after its parent: one that was killed could not do it."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
