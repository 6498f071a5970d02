"""The program's process of the embedded engine: runs the program, and tells the gate what it registers."""

import atexit
import gc
import os
import sys
import threading
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import NoReturn

from google.protobuf import struct_pb2
from pulumi import runtime

from costtags.gate import wire
from costtags.gate.monitor import Engine, Monitor
from costtags.gate.resources import Resource
from costtags.gate.run_program import execute, flush
from costtags.parent import end_with_parent


class Teller:
    """Tells the gate of each resource; where the pack remediates, waits for the inputs that it makes of them."""

    def __init__(self, connection: Connection, *, remediates: bool) -> None:
        self._connection = connection
        self._remediates = remediates
        self._lock = threading.Lock()  # the SDK registers from several threads

    def __call__(self, resource: Resource) -> struct_pb2.Struct | None:
        """Tell of a resource; return its inputs after remediation, or None where they stay."""
        head = {
            "urn": resource.urn,
            "type": resource.type,
            "name": resource.name,
            "parent": resource.parent,
            "custom": resource.custom,
            "provider": resource.provider_urn,
            "frames": resource.frames,
            "waits": self._remediates,
        }
        message = wire.pack(head, resource.inputs.SerializeToString())
        with self._lock:
            self._connection.send_bytes(message)
            if not self._remediates:
                return None
            answer, inputs = wire.unpack(self._connection.recv_bytes())
        return struct_pb2.Struct.FromString(inputs) if answer["remediated"] else None

    def end(self, monitor: Monitor) -> None:
        """Tell that the program is over, and how."""
        head = {
            "end": True,
            "finished": monitor.finished,
            "errors": monitor.errors,
            "placeholders": sorted(monitor.placeholders),
            "answers_used": sorted(monitor.answers_used),
        }
        with self._lock:
            self._connection.send_bytes(wire.pack(head))


def main() -> int:
    """Take the job from the gate, run the program, and tell how it ended."""
    end_with_parent()
    gc.freeze()  # a short life: what is imported stays, and what the program makes is seldom garbage
    gc.set_threshold(100_000, 20, 20)
    connection = Client(("127.0.0.1", int(sys.argv[1])), authkey=bytes.fromhex(sys.stdin.read()))
    job, _ = wire.unpack(connection.recv_bytes())
    os.environ.update(job["environment"])
    teller = Teller(connection, remediates=job["remediates"])
    monitor = Monitor(job, teller)
    runtime.set_all_config(job["config"], job["secret_keys"])
    settings = runtime.Settings(
        project=job["project"],
        stack=job["stack"],
        monitor=monitor,
        engine=Engine(),
        dry_run=True,
        organization=job["organization"],
        root_directory=job["folder"],
    )
    try:
        return execute(Path(job["program"]), settings, log_errors=False)
    finally:
        teller.end(monitor)


def end(code: int) -> NoReturn:
    """Leave at once: taking the interpreter down, object by object, would take a tenth of the program's time."""
    # What the interpreter does first, and os._exit would not: the program's threads and its exit handlers.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    flush()
    os._exit(code)


if __name__ == "__main__":
    end(main())
