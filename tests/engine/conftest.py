"""The real engine for tests: found, or the tests that need it are skipped loudly; in CI they fail instead."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import fetched

from . import drive, get

MISSING = "NO PULUMI CLI: tests with the real engine did not run. `make engine` gets one."


@pytest.fixture(scope="session")
def engine() -> Path:
    """The path of a Pulumi CLI."""
    return fetched.required(get.find(), MISSING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says once, at the end, that tests were skipped for want of an engine."""
    if any(MISSING in str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(MISSING, red=True, bold=True)


@pytest.fixture(scope="session")
def engine_environment(engine: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment for the CLI, with one backend for the whole session."""
    return drive.environment(tmp_path_factory.mktemp("engine"), engine)


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    """Writes a Pulumi project with one program and, as its stack `dev`, the config given."""

    def write(program: str, config: str = "config: {aws:region: eu-west-1}\n") -> Path:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "Pulumi.yaml").write_text(
            f"name: {tmp_path.name.replace('_', '-')}\n"
            "runtime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
        )
        # Pulumi's own language host insists on the virtualenv; the one for tests does not look.
        if not (folder / ".venv").exists():
            (folder / ".venv").symlink_to(sys.prefix)
        (folder / "Pulumi.dev.yaml").write_text(config)
        (folder / "__main__.py").write_text(program)
        return folder

    return write
