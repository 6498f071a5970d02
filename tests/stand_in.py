"""Stand-ins for AWS's services, over HTTP: what answers is a Python object, in this process.

    class Explorer(StandIn):
        def ListCostAllocationTags(self, call: Call) -> Body: ...

    explorer = Explorer(faults={"ListCostAllocationTags": [Fault("ThrottlingException")]})
    with serving(explorer) as url:
        subprocess.run(["costtags", "activate"], env=environment(url))
    assert explorer.asked("ListCostAllocationTags") == [{}, {}]

Every request and every answer is checked against botocore's model of the service, which AWS publishes; what does not
fit, or is not known here, fails the test when `serving` ends.
"""

import json
import os
import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from botocore.validate import ParamValidator

from . import cbor
from .aws_models import _broken_limits, operation_model, service_model, validate

Body = dict[str, Any]
ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Call:
    """One request that arrived, a retried one too. Of `access_key`, what stands behind AKIA is the account."""

    service: str
    operation: str
    account: str
    region: str
    body: Body
    access_key: str


@dataclass(frozen=True)
class Fault:
    """What is answered instead; without a code the connection is closed. The call may have acted first."""

    code: str | None
    message: str = ""
    status: int = 400
    after_acting: bool = False
    raw: bool = False
    """The message is all of the answer: something that is not AWS answers."""


class Answers(Protocol):
    """What answers calls, and keeps what did not fit the models."""

    wrong: list[str]

    def answer(self, call: Call) -> Body | Fault: ...


@dataclass
class StandIn:
    """A service, of which each operation is a method; what was asked of it, and what is to go wrong."""

    faults: dict[str, list[Fault | None]] = field(default_factory=dict)
    """Operation -> what becomes of its next calls: None is answered as usual."""
    calls: list[Call] = field(default_factory=list)
    """Those of GetCallerIdentity are left out."""
    wrong: list[str] = field(default_factory=list)
    account: str = ACCOUNT
    url: str = ""

    def answer(self, call: Call) -> Body | Fault:
        """Answer one call, and check both against the model."""
        validate(call.service, call.operation, call.body)
        if call.operation != "GetCallerIdentity":
            self.calls.append(call)
        queue = self.faults.get(call.operation)
        fault = queue.pop(0) if queue else None
        if fault and not fault.after_acting:
            return fault
        answer: Body | Fault = getattr(self, call.operation)(call)
        if isinstance(answer, dict):
            check_answer(call.service, call.operation, answer)
        return fault or answer

    def GetCallerIdentity(self, _: Call) -> Body:
        return {"Account": self.account, "Arn": f"arn:aws:iam::{self.account}:user/x", "UserId": "AIDAEXAMPLE"}

    def asked(self, operation: str) -> list[Body]:
        """Return the requests of an operation."""
        return [call.body for call in self.calls if call.operation == operation]

    def operations(self) -> list[str]:
        """Return the operations, in the order of the calls."""
        return [call.operation for call in self.calls]


# Their patterns allow no digit in a region, or want IAM's ARN: no real answer can match.
_WRONG_PATTERNS = ("DeviceArn:", "DeviceFleetArn:", "EdgePackagingJobArn:", "EdgeDeploymentPlanArn:")


def check_answer(service: str, operation: str, answer: Body) -> None:
    """Raise AssertionError where an answer is not what the model says: botocore itself looks at the structure only."""
    shape = operation_model(service, operation).output_shape
    if shape is None:
        assert not answer, f"the answer of {operation} is empty"
        return
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()
    broken = [one for one in _broken_limits(shape, answer, "") if not any(wrong in one for wrong in _WRONG_PATTERNS)]
    assert not broken, "; ".join(broken)


_SIGNED = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_SERVICES = {"tagging": "resourcegroupstaggingapi"}
_PATHS = {("account", "/listRegions"): "ListRegions"}


class _Handler(BaseHTTPRequestHandler):
    """Speaks JSON, RPC v2 CBOR, the query protocol of STS, and REST-JSON where a path of the table is named."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms
    wbufsize = 65536
    state: Answers

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if len(raw) < int(self.headers["Content-Length"]):
            self.close_connection = True  # a client that was killed while it asked
            return
        call = None
        try:
            call = self.call(raw)
            answer = self.state.answer(call)
        except Exception as error:
            self.state.wrong.append(f"{call or raw!r}: {error!r}")
            answer = Fault("InternalFailure", "the stand-in failed", 500)
        if isinstance(answer, Fault) and answer.code is None:
            self.close_connection = True
        elif isinstance(answer, Fault):
            self.send(answer.status, answer.message.encode() if answer.raw else self.error(answer, call))
        elif call is not None:
            self.send(200, self.written(answer, call))

    @property
    def binary(self) -> bool:
        return self.headers.get("smithy-protocol") == "rpc-v2-cbor"

    def call(self, raw: bytes) -> Call:
        signed = _SIGNED.search(self.headers["Authorization"])
        assert signed, "the request is not signed"
        key, region, name = signed.groups()
        service = _SERVICES.get(name, name)
        target = self.headers.get("X-Amz-Target")
        if self.binary:
            operation, body = self.path.rpartition("/")[2], cbor.decode(raw)
        elif target is not None:
            model = service_model(service).metadata
            prefix, _, operation = target.rpartition(".")
            assert prefix == model["targetPrefix"], target
            assert self.headers["Content-Type"] == f"application/x-amz-json-{model['jsonVersion']}"
            body = json.loads(raw)
        elif service == "sts":
            body = dict(urllib.parse.parse_qsl(raw.decode()))
            operation = body.pop("Action")
            body.pop("Version")
        else:
            operation, body = _PATHS[service, self.path], json.loads(raw or b"{}")
        return Call(service, operation, key[4:16], region, body, key)

    def error(self, fault: Fault, call: Call | None) -> bytes:
        said = {"__type": fault.code, "message": fault.message} if fault.code else {}
        if call is not None and call.service == "sts":
            error = _elements({"Error": {"Code": fault.code, "Message": fault.message}})
            return f"<ErrorResponse>{error}</ErrorResponse>".encode()
        return cbor.encode(said) if self.binary else json.dumps(said).encode()

    def written(self, answer: Body, call: Call) -> bytes:
        if call.service == "sts":
            space = "https://sts.amazonaws.com/doc/2011-06-15/"
            result = _elements({f"{call.operation}Result": answer})
            return f'<{call.operation}Response xmlns="{space}">{result}</{call.operation}Response>'.encode()
        return cbor.encode(answer) if self.binary else json.dumps(answer, default=datetime.timestamp).encode()

    def send(self, status: int, data: bytes) -> None:
        self.send_response_only(status)
        if self.binary:
            self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


def _elements(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_elements(item)}</{name}>" for name, item in value.items())
    text = f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)
    return text.replace("&", "&amp;").replace("<", "&lt;")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A client that was killed has gone: nobody to answer."""


@contextmanager
def serving(state: Answers) -> Iterator[str]:
    """Serve on a free port in a thread, and yield the URL; at the end, whatever did not fit the models fails."""
    server = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"state": state}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert state.wrong == [], "\n".join(state.wrong[:10])


def environment(url: str = "http://127.0.0.1:1", **variables: str) -> dict[str, str]:
    """Return the environment of someone logged in, without any AWS setting of the machine's own.

    A variable that is given as "" is left out.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COSTTAGS_"))}
    made = kept | {
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": url,
        "NO_PROXY": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_MAX_ATTEMPTS": "2",
    }
    return {name: value for name, value in (made | variables).items() if value}
