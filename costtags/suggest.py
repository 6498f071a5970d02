"""The nearest of some allowed texts to a wrong one: "did you mean"."""

import difflib
import re
import unicodedata
from collections.abc import Iterable


def folded(text: str) -> str:
    """Return a text without what people mistake: case, separators, spaces, the Unicode form."""
    return re.sub(r"[-_\s]+", "", unicodedata.normalize("NFKC", text).casefold())


def nearest(wrong: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed text that ``wrong`` most likely means, or None where none is near."""
    candidates = list(allowed)
    by_fold = {folded(candidate): candidate for candidate in reversed(candidates)}
    exact = by_fold.get(folded(wrong))
    if exact is not None:
        return exact
    # Only the start of an overlong text is compared: the comparison is quadratic.
    near = difflib.get_close_matches(folded(wrong[:300]), list(by_fold), n=1, cutoff=0.6)
    return by_fold[near[0]] if near else None
