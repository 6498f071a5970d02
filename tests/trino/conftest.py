"""Trino for tests: found, or the tests that need it are skipped loudly; in CI they fail instead."""

import os
from collections.abc import Iterator

import pytest

from . import Trino, get

MISSING = "NO TRINO: tests that need it did not run. `make trino` gets it (a JDK 17 and Maven needed)."


@pytest.fixture(scope="session")
def trino() -> Iterator[Trino]:
    """Trino, started once for the session (once for each worker)."""
    jars = get.find()
    if jars is None:
        if os.environ.get("CI") == "true" or os.environ.get("COSTTAGS_REQUIRE_ENGINE"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with Trino(jars) as started:
        yield started
