"""Globs in which only ``*`` is special, as in IAM and tag policies, compiled to a test of a whole text."""

import re
from collections.abc import Callable, Iterable


def matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that says whether a text matches any of ``globs`` as a whole, case-exactly.

    Brackets and question marks stand for themselves: URNs of resources made in loops hold them.
    """
    globs = tuple(globs)
    exact = frozenset(glob for glob in globs if "*" not in glob)
    wild = [re.compile(_expression(glob), re.DOTALL) for glob in globs if "*" in glob]

    def matches(text: str) -> bool:
        return text in exact or any(pattern.fullmatch(text) for pattern in wild)

    return matches


def _expression(glob: str) -> str:
    # The first place where each literal part fits is as good as any later one, so the group is atomic:
    # no glob, however many stars it has, can take exponential time.
    first, *middle, last = glob.split("*")
    steps = "".join(f"(?>.*?{re.escape(part)})" for part in middle if part)
    return f"{re.escape(first)}{steps}.*{re.escape(last)}"
