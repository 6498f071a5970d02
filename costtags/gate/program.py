"""Runs a Pulumi program in a process of its own against the recording monitor: the embedded engine."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager, suppress
from typing import IO, Any

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2_grpc

from costtags.gate.monitor import Engine, Monitor, Recording
from costtags.gate.project import Project

_MAX_MESSAGE = 400 * 1024 * 1024
_OPTIONS = [
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.max_send_message_length", _MAX_MESSAGE),
    ("grpc.so_reuseport", 0),
]
# A registration may wait for a transform that registers another resource, so there must be more threads than the
# program's SDK keeps calls in flight (asyncio's default executor: at most 32).
_THREADS = 64

Output = Callable[[str], None]


class ProgramError(Exception):
    """The program did not come to its end; what it said itself has been passed on already."""


def run(
    project: Project, monitor: Monitor, environment: Mapping[str, str], *, seconds: float, show: Output
) -> Recording:
    """Run the program to its end and return what it registered. Raises ProgramError.

    Everything that the program prints or logs goes to ``show``, a line at a time.
    """
    with _serving(monitor, Engine(lambda severity, text: show(f"{severity}: {text}"))) as address:
        process = _start(project, address, environment)
        readers = [_pass_on(stream, show) for stream in (process.stdout, process.stderr) if stream is not None]
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ProgramError(_unending(monitor.recording, seconds)) from None
        finally:
            _end(process)
            for reader in readers:
                reader.join()
    _check_end(monitor.recording, code)
    return monitor.recording


@contextmanager
def _serving(monitor: Monitor, engine: Engine) -> Iterator[str]:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=_THREADS), options=_OPTIONS)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(grace=None)


def _start(project: Project, address: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-u", "-m", "costtags.gate.run_program"),
            *("--monitor", address, "--engine", address),
            *("--project", project.name, "--stack", project.stack, "--organization", project.organization),
            *("--root-directory", str(project.folder), "--dry-run", "true"),
            str(project.program),
        ],
        cwd=project.folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # so that whatever the program starts can be ended with it
    )


def _pass_on(stream: IO[bytes], show: Output) -> threading.Thread:
    def copy() -> None:
        for line in stream:
            show(line.decode(errors="replace").rstrip("\r\n"))

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread


def _end(process: subprocess.Popen[Any]) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended, with all that it started
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _unending(recording: Recording, seconds: float) -> str:
    last = next(reversed(recording.resources), None)
    reached = f"the last resource it registered is {last}" if last else "it had registered no resource yet"
    return f"the program did not end within {seconds:g} seconds (--timeout); {reached}"


def _check_end(recording: Recording, code: int) -> None:
    if recording.errors:
        raise ProgramError("\n".join(dict.fromkeys(recording.errors)))
    if code < 0:
        raise ProgramError(f"the program was ended by signal {-code} ({signal.Signals(-code).name})")
    if code:
        raise ProgramError(f"the program failed (exit code {code}); what it said stands above")
    if not recording.finished:
        raise ProgramError(
            "the program ended its process before Pulumi was finished (os._exit?): nothing can be judged"
        )
