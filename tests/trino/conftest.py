"""Trino for tests: found, or the tests that need it are skipped loudly; in CI they fail instead."""

from collections.abc import Iterator

import pytest

from tests import fetched

from . import Trino, get

MISSING = "NO TRINO: tests that need it did not run. `make trino` gets it (a JDK 17 and Maven needed)."


@pytest.fixture(scope="session")
def trino() -> Iterator[Trino]:
    """Trino, started once for the session (once for each worker)."""
    with Trino(fetched.required(get.find(), MISSING)) as started:
        yield started
