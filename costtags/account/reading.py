"""What the steps of reading an inventory share: whom to ask, what was answered, what is lost."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from costtags.account.journal import Journal
from costtags.account.places import Access, Place, Unreachable

Progress = Callable[[str, int, int], None]
"""Takes what is being read, how much of it is, and how much there is."""


@dataclass
class Run:
    """What the steps share: whom to ask, what was answered, what is lost."""

    access: Access
    journal: Journal
    since: datetime | None
    concurrency: int
    progress: Progress
    tagged: dict[Place, dict[str, tuple[str, dict[str, str]]]] = field(default_factory=dict)
    """By place and case-folded ARN: the ARN and the tags that GetResources returned."""
    lost: dict[Place, str] = field(default_factory=dict)
    failed: dict[tuple[Place, str], Exception | str] = field(default_factory=dict)
    """By place and type: why it could not be listed."""
    unread: Counter[Place] = field(default_factory=Counter)
    """How many resources were listed before a place was lost, and not read after it."""
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreachable: list[Unreachable] = field(default_factory=list)
    not_judged: list[Unreachable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    gone: int = 0
    read: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
