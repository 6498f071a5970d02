"""Chromium for tests: found, or the tests that need it are skipped loudly; in CI they fail instead."""

import pytest

from tests import fetched

from . import Browser, get

MISSING = (
    "NO CHROMIUM: tests of pages did not run. `python tests/browser/get.py` gets it, or `apt-get install chromium`."
)


@pytest.fixture(scope="session")
def browser() -> Browser:
    """Chromium."""
    return Browser(fetched.required(get.find(), MISSING))
