"""Shares the real engine with all tests, and says at the end how much of the corpus each engine ran."""

import pytest

from .engine.conftest import engine, engine_environment, project

__all__ = ["engine", "engine_environment", "project"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many programs of the corpus ran on each engine, also where workers ran them."""
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
