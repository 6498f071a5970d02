"""Globs in which only the star is special."""

import fnmatch
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtags.glob import matcher


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        ("aws:sagemaker/*", "aws:sagemaker/domain:Domain", True),
        ("aws:sagemaker/*", "aws:sagemaker/", True),
        ("aws:sagemaker/*", "AWS:sagemaker/x", False),
        ("aws:sagemaker/*", "xaws:sagemaker/x", False),
        ("*", "", True),
        ("*", "a\nb", True),
        ("", "", True),
        ("", "a", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*ab*ab", "abab", True),
        ("*ab*ab", "ab", False),
        ("a**b", "ab", True),
        ("urn:*::bucket[0]", "urn:x::bucket[0]", True),
        ("urn:*::bucket[0]", "urn:x::bucket0", False),
        ("a?c*", "abc", False),
        ("a.c*", "abc", False),
        ("exact", "exact", True),
        ("exact", "exact\n", False),
        ("ex*t", "exact\n", False),
    ],
)
def test_only_the_star_is_special(glob, text, expected):
    """A star stands for any text, also none and line ends; everything else for itself, in its case."""
    assert matcher([glob])(text) is expected


def test_any_of_several():
    """A text matches if one of the globs does; without globs nothing matches."""
    matches = matcher(glob for glob in ["a", "b*"])
    assert [matches(text) for text in ("a", "bc", "c")] == [True, True, False]
    assert not matcher([])("")


def oracle(glob: str, text: str) -> bool:
    """Say by fnmatch whether a glob matches: what else is special there is put in brackets."""
    plain = re.sub(r"[\[?]", lambda special: f"[{special[0]}]", glob)
    return re.compile(fnmatch.translate(plain)).match(text) is not None


SHORT = st.text("ab[]?.\n", max_size=8)


@given(st.text("ab*[]?.\n", max_size=8), SHORT)
def test_agrees_with_fnmatch(glob, text):
    """Any glob matches what fnmatch says."""
    assert matcher([glob])(text) is oracle(glob, text)


@given(st.lists(SHORT, min_size=1, max_size=5), st.lists(SHORT, min_size=4, max_size=4))
def test_matches_what_it_was_made_from(parts, fillings):
    """A text made by filling the stars of a glob matches it."""
    text = parts[0] + "".join(filling + part for filling, part in zip(fillings, parts[1:], strict=False))
    assert matcher(["*".join(parts)])(text)


def test_many_stars_take_no_exponential_time():
    """Fifty stars against a long text that just fails are done at once; run apart, so that a hang is a failure."""
    code = "from costtags.glob import matcher; print(matcher(['*a' * 50 + 'b'])('a' * 5000))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert run.stdout == "False\n"
