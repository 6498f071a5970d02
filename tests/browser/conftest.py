"""Chromium for tests: found, or the tests that need it are skipped loudly; in CI they fail instead."""

import os

import pytest

from . import Browser, get

MISSING = (
    "NO CHROMIUM: tests of pages did not run. `python tests/browser/get.py` gets it, or `apt-get install chromium`."
)


@pytest.fixture(scope="session")
def browser() -> Browser:
    """Chromium."""
    path = get.find()
    if path is None:
        if os.environ.get("CI") == "true" or os.environ.get("COSTTAGS_REQUIRE_ENGINE"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return Browser(path)
