"""Runs a Pulumi program in a process of its own and hears from it what it registers: the embedded engine."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import IO, Any

from google.protobuf import struct_pb2

from costtags import variables
from costtags.effective import UNKNOWN
from costtags.gate import wire
from costtags.gate.processes import Processes, ProgramError
from costtags.gate.project import Project
from costtags.gate.resources import Resource

_LINGER = 2.0  # seconds
JUDGED_BY_COMPONENTS = ("required-tags", "tag-values", "tag-spelling", "tag-propagation")

Output = Callable[[str], None]
Judge = Callable[[Resource, Resource | None], struct_pb2.Struct | None]
"""Takes a resource and its provider, and returns its inputs after remediation, or None where they stay."""


@dataclass(slots=True)
class Recording:
    """What a program did, as far as the gate needs it."""

    resources: dict[str, Resource] = field(default_factory=dict)
    placeholders: tuple[str, ...] = ()
    answers_used: frozenset[str] = frozenset()
    errors: tuple[str, ...] = ()
    finished: bool = False


def start(
    processes: Processes, project: Project, schema: Path, answers: Mapping[str, Any], levels: Mapping[str, str]
) -> Connection:
    """Give the program's process its job; it runs from here on, and tells what it registers over the connection."""
    _thread(_wake, processes)
    try:
        connection = processes.listener.accept()
    except (EOFError, OSError, AuthenticationError):
        assert processes.program.stdout is not None
        said = processes.program.stdout.read().decode(errors="replace")
        raise ProgramError(f"the program's interpreter did not start:\n{said}".rstrip()) from None
    connection.send_bytes(_job(project, schema, answers, levels))
    return connection


def _wake(processes: Processes) -> None:
    """End a listener's waiting for a process that ended before it could connect: nothing else would."""
    processes.program.wait()
    with suppress(OSError, EOFError, AuthenticationError):
        Client(processes.listener.address).close()


def record(
    processes: Processes, connection: Connection, project: Project, judge: Judge, *, seconds: float, show: Output
) -> Recording:
    """Hear the program out and return what it registered. Raises ProgramError, and what ``judge`` raises.

    Everything that the program prints or logs goes to ``show``, a line at a time.
    """
    recording = Recording()
    failures: list[BaseException] = []
    reader = _thread(_pass_on, processes.program.stdout, show)
    hearer = _thread(_hear, processes, connection, recording, judge, failures)
    try:
        code = processes.program.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ProgramError(_unending(recording, seconds)) from None
    finally:
        processes.end_program()
        # A daemon of the program's may have escaped and hold the pipes: what it says is waited for no longer.
        hearer.join(timeout=seconds)
        reader.join(timeout=_LINGER)
        connection.close()
    if failures:
        raise failures[0]
    recording.placeholders += tuple(f"config {key}" for key in project.unanswered)
    _check_end(recording, code)
    return recording


def pack_is_strict(levels: Mapping[str, str]) -> bool:
    """Say whether components may leave the judging of their tags to the pack.

    They refuse whatever the levels are: where one is relaxed, only they say what a deployment would.
    """
    return all(levels[name] in ("mandatory", "remediate") for name in JUDGED_BY_COMPONENTS)


def _job(project: Project, schema: Path, answers: Mapping[str, Any], levels: Mapping[str, str]) -> bytes:
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
            # This project's components then leave the judging to the pack, which reports every finding at once.
            **({variables.GATE: "embedded"} if pack_is_strict(levels) else {}),
            variables.SCHEMA: str(schema),
            # A program may start another that reads the config where the language host puts it.
            "PULUMI_CONFIG": json.dumps(config),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(secret_keys),
        },
        "answers": answers,
        "remediates": levels["default-tags"] == "remediate",
    }
    return wire.pack(head)


def _thread(target: Callable[..., None], *args: Any) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


def _pass_on(stream: IO[bytes], show: Output) -> None:
    for line in stream:
        with suppress(OSError):  # no one reads on: what the program says must still leave its pipe
            show(line.decode(errors="replace").rstrip("\r\n").replace(UNKNOWN, "[placeholder]"))


def _hear(
    processes: Processes, connection: Connection, recording: Recording, judge: Judge, failures: list[BaseException]
) -> None:
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
                recording.answers_used = frozenset(head["answers_used"])
                return
            _take(connection, recording, judge, head, body)
    except Exception as error:
        failures.append(error)
        processes.end_program()  # it may wait for an answer that no one will give


def _take(connection: Connection, recording: Recording, judge: Judge, head: Mapping[str, Any], body: bytes) -> None:
    resource = Resource(
        urn=head["urn"],
        type=head["type"],
        name=head["name"],
        inputs=struct_pb2.Struct.FromString(body),
        provider_urn=head["provider"],
        frames=tuple((uri, line) for uri, line in head["frames"]),
        parent=head["parent"],
        custom=head["custom"],
    )
    recording.resources[resource.urn] = resource
    provider = recording.resources[resource.provider_urn] if resource.provider_urn else None
    remediated = judge(resource, provider)
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
