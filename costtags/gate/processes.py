"""Starts the interpreters of the program and of the policy pack, before anything slow is imported here."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Listener
from pathlib import Path
from typing import IO

from costtags import variables


class PackError(Exception):
    """The pack could not judge; the message says why."""


class ProgramError(Exception):
    """The program did not come to its end; what it said itself has been passed on already."""


@dataclass(frozen=True)
class Processes:
    """Two interpreters that load Pulumi while the caller prepares the job.

    The program's connects to ``listener`` and waits for its job; the pack's prints its port and writes to ``findings``.
    """

    program: subprocess.Popen[bytes]
    listener: Listener
    pack: subprocess.Popen[bytes]
    pack_errors: IO[bytes]
    findings: Path

    def end_program(self) -> None:
        """End the program, with all that it started."""
        with suppress(ProcessLookupError, PermissionError):  # all have ended
            os.killpg(self.program.pid, signal.SIGKILL)
        self.program.wait()

    def pack_said(self) -> str:
        """Return what the pack wrote to its stderr."""
        self.pack_errors.seek(0)
        return self.pack_errors.read().decode(errors="replace").strip()


def pack_folder() -> Path:
    """Return the folder of the installed pack."""
    spec = find_spec("costtags.policypack")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@contextmanager
def starting(schema: Path, environment: Mapping[str, str]) -> Iterator[Processes]:
    """Start both interpreters, the pack's to judge by a tags.yaml; leaving the context ends them."""
    key = secrets.token_bytes(32)
    # On loopback, since the path of a socket in a temporary folder can be too long.
    listening = Listener(("127.0.0.1", 0), authkey=key)
    with tempfile.TemporaryDirectory(prefix="costtags-") as folder, listening as listener:
        findings = Path(folder) / "findings"
        findings.touch()
        with (Path(folder) / "errors").open("w+b") as errors:
            processes = Processes(
                _program(listener, key, environment),
                listener,
                _pack(schema, findings, errors, environment),
                errors,
                findings,
            )
            try:
                yield processes
            finally:
                processes.end_program()
                processes.pack.kill()
                processes.pack.wait()


def _program(listener: Listener, key: bytes, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-u", "-P", "-m", "costtags.gate.embedded", str(listener.address[1])],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # one stream keeps the order of what it prints
        start_new_session=True,  # so that whatever the program starts can be ended with it
    )
    assert process.stdin is not None
    process.stdin.write(key.hex().encode())
    process.stdin.close()
    return process


def _pack(schema: Path, findings: Path, errors: IO[bytes], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # As the engine does: pulumi-language-python, RunPlugin. Pulumi wants the address of an engine to log to.
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:0", "."],
        cwd=pack_folder(),
        env={**environment, variables.SCHEMA: str(schema), variables.FINDINGS: str(findings)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
    )
