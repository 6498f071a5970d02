"""Shares the real engine and the IAM policy evaluator with all tests.

Says at the end how much of the corpus each engine ran, and whether tests were skipped for want of the evaluator.
"""

import pytest

from .engine.conftest import engine, engine_environment, project
from .evaluator.conftest import MISSING, evaluator
from .trino.conftest import MISSING as NO_TRINO
from .trino.conftest import trino

__all__ = ["engine", "engine_environment", "evaluator", "project", "trino"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what did not run, and how many programs of the corpus ran on each engine, also where workers ran them."""
    for missing in (MISSING, NO_TRINO):
        if any(missing in str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])):
            terminalreporter.write_line(missing, red=True, bold=True)
    ran = [
        report.nodeid
        for outcome in ("passed", "failed", "xfailed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call"
    ]
    embedded = sum("test_corpus.py::test_embedded[" in nodeid for nodeid in ran)
    real = sum("test_corpus.py::test_real_engine[" in nodeid for nodeid in ran)
    if embedded or real:
        terminalreporter.write_line(f"corpus: {embedded} programs on the embedded engine, {real} on the real engine")
    cells = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in getattr(report, "user_properties", ())
        if name == "cells"
    ]
    if cells:
        terminalreporter.write_line(f"decision table: {sum(cells):,} cells decided as expected by the IAM evaluator")
