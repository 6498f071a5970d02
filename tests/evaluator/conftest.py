"""The IAM policy evaluator for tests: found, or the tests that need it are skipped loudly; in CI they fail instead."""

import os
from collections.abc import Iterator

import pytest

from . import Evaluator, get

MISSING = "NO IAM POLICY EVALUATOR: tests that need it did not run. `make evaluator` gets it (Node.js and npm needed)."


@pytest.fixture(scope="session")
def evaluator() -> Iterator[Evaluator]:
    """The evaluator, started once for the session (once for each worker)."""
    folder = get.find()
    if folder is None:
        if os.environ.get("CI") == "true" or os.environ.get("COSTTAGS_REQUIRE_ENGINE"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with Evaluator(folder) as started:
        yield started
