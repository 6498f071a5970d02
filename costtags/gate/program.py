"""Runs a Pulumi program in a process of its own and hears from it what it registers: the embedded engine."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener
from typing import IO, Any

from google.protobuf import struct_pb2

from costtags.effective import UNKNOWN
from costtags.gate import wire
from costtags.gate.project import Project, environment_answers
from costtags.gate.resources import Resource

Output = Callable[[str], None]
Judge = Callable[[Resource, Resource | None], struct_pb2.Struct | None]
"""Takes a resource and its provider, and returns its inputs after remediation, or None where they stay."""


class ProgramError(Exception):
    """The program did not come to its end; what it said itself has been passed on already."""


@dataclass(slots=True)
class Recording:
    """What a program did, as far as the gate needs it."""

    resources: dict[str, Resource] = field(default_factory=dict)
    placeholders: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    finished: bool = False


class Program:
    """The program's process: it loads Pulumi while the caller prepares the job."""

    def __init__(self) -> None:
        key = secrets.token_bytes(32)
        self._listener = Listener(authkey=key)
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-P", "-m", "costtags.gate.embedded", str(self._listener.address)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # one stream keeps the order of what it prints
            start_new_session=True,  # so that whatever the program starts can be ended with it
        )
        assert self._process.stdin is not None
        self._process.stdin.write(key.hex().encode())
        self._process.stdin.close()

    def run(
        self,
        project: Project,
        answers: Mapping[str, Any],
        judge: Judge,
        *,
        remediates: bool,
        seconds: float,
        show: Output,
    ) -> Recording:
        """Run a project's program to its end and return what it registered. Raises ProgramError.

        Everything that the program prints or logs goes to ``show``, a line at a time.
        """
        recording = Recording()
        reader = _thread(_pass_on, self._process.stdout, show)
        failures: list[BaseException] = []
        with self._listener.accept() as connection:
            connection.send_bytes(_job(project, answers, remediates=remediates))
            hearer = _thread(_hear, connection, recording, judge, failures)
            try:
                code = self._process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                raise ProgramError(_unending(recording, seconds)) from None
            finally:
                self.close()
                hearer.join()
                reader.join()
        if failures:
            raise failures[0]
        recording.placeholders += tuple(f"config {key}" for key in project.unanswered)
        _check_end(recording, code)
        return recording

    def close(self) -> None:
        """End the process, with all that it started."""
        with suppress(ProcessLookupError, PermissionError):  # all have ended
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._listener.close()


@contextmanager
def starting() -> Iterator[Program]:
    """Start the program's process; leaving the context ends it."""
    program = Program()
    try:
        yield program
    finally:
        program.close()


def _job(project: Project, answers: Mapping[str, Any], *, remediates: bool) -> bytes:
    """Return the message that gives the program's process its job: what costtags.gate.embedded reads."""
    config, secret_keys = dict(project.config), sorted(project.secret_keys)
    head = {
        "project": project.name,
        "stack": project.stack,
        "organization": project.organization,
        "folder": str(project.folder),
        "program": str(project.program),
        "config": config,
        "secret_keys": secret_keys,
        "environment": {
            **environment_answers(answers)[1],
            # This project's components then leave the judging to the pack, which reports every finding at once.
            "COSTTAGS_GATE": "embedded",
            # A program may start another that reads the config where the language host puts it.
            "PULUMI_CONFIG": json.dumps(config),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(secret_keys),
        },
        "answers": answers,
        "remediates": remediates,
    }
    return wire.pack(head)


def _thread(target: Callable[..., None], *args: Any) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


def _pass_on(stream: IO[bytes], show: Output) -> None:
    for line in stream:
        show(line.decode(errors="replace").rstrip("\r\n").replace(UNKNOWN, "[placeholder]"))


def _hear(connection: Connection, recording: Recording, judge: Judge, failures: list[BaseException]) -> None:
    """Take in what the program's process tells, until it ends."""
    try:
        while True:
            try:
                head, body = wire.unpack(connection.recv_bytes())
            except (EOFError, ConnectionResetError):
                return
            if head.get("end"):
                recording.finished = head["finished"]
                recording.errors = tuple(head["errors"])
                recording.placeholders = tuple(head["placeholders"])
                return
            _take(connection, recording, judge, head, body)
    except Exception as error:
        failures.append(error)


def _take(connection: Connection, recording: Recording, judge: Judge, head: Mapping[str, Any], body: bytes) -> None:
    resource = Resource(
        urn=head["urn"],
        type=head["type"],
        name=head["name"],
        inputs=struct_pb2.Struct.FromString(body),
        provider_urn=head["provider"],
        frames=tuple((uri, line) for uri, line in head["frames"]),
        parent=head["parent"],
    )
    recording.resources[resource.urn] = resource
    remediated = judge(resource, recording.resources.get(resource.provider_urn))
    if remediated is not None:
        resource.before_remediation, resource.inputs = resource.inputs, remediated
    if head["waits"]:
        inputs = b"" if remediated is None else remediated.SerializeToString()
        connection.send_bytes(wire.pack({"remediated": remediated is not None}, inputs))


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
        stood = f"; placeholders stood for {', '.join(recording.placeholders)}: give real values with --answers FILE"
        hint = stood if recording.placeholders else ""
        raise ProgramError(f"the program failed (exit code {code}); what it said stands above{hint}")
    if not recording.finished:
        raise ProgramError(
            "the program ended its process before Pulumi was finished (os._exit?): nothing can be judged"
        )
