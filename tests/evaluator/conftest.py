"""The IAM policy evaluator for tests: found, or the tests that need it are skipped loudly; in CI they fail instead."""

from collections.abc import Iterator

import pytest

from tests import fetched

from . import Evaluator, get

MISSING = "NO IAM POLICY EVALUATOR: tests that need it did not run. `make evaluator` gets it (Node.js and npm needed)."


@pytest.fixture(scope="session")
def evaluator() -> Iterator[Evaluator]:
    """The evaluator, started once for the session (once for each worker)."""
    with Evaluator(fetched.required(get.find(), MISSING)) as started:
        yield started
