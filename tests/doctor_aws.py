"""AWS for the tests of `costtags doctor`: moto where it has the operation, else answers that are set, by the models.

Every request in JSON and every answer that is set is checked against botocore's model of the service, and every call
is recorded, so that a test can say what was asked.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator
from moto.server import ThreadedMotoServer

from .aws_models import operation_model, validate

Answer = Mapping[str, Any]
# Signing name -> botocore's name, where they differ.
_SERVICES = {"access-analyzer": "accessanalyzer"}
_PATHS = {"/policy/validation": "ValidatePolicy", "/listRegions": "ListRegions"}


@dataclass(frozen=True)
class Refusal:
    """An error of AWS."""

    code: str
    message: str = "no"


DENIED = Refusal("AccessDeniedException", "User: x is not authorized to perform: it")


@dataclass
class Aws:
    """What is set, what goes wrong, and what was asked."""

    answers: dict[str, Answer | Refusal | Callable[[dict[str, Any]], Answer | Refusal]] = field(default_factory=dict)
    """"service Operation" -> the answer, or what makes it of the request; else moto answers."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    url: str = ""
    moto: tuple[str, int] = ("", 0)

    def asked(self) -> set[str]:
        """Return the operations that were called."""
        return {f"{service} {operation}" for service, operation in self.calls}


def _checked(shape: Shape | None, value: Any, at: str) -> None:
    if shape is None:
        return
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), f"{at}: {report.generate_report()}"
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            _checked(shape.members[name], member, f"{at}.{name}")
    elif isinstance(shape, ListShape):
        for member in value:
            _checked(shape.member, member, f"{at}[]")
    elif isinstance(shape, MapShape):
        for member in value.values():
            _checked(shape.value, member, f"{at}{{}}")
    elif getattr(shape, "enum", None):
        assert value in shape.enum, f"{at}: {value}"


def _query(shape: Shape, given: Mapping[str, str], prefix: str = "") -> Any:
    """Read the query protocol's flat parameters into what they mean."""
    if isinstance(shape, StructureShape):
        names = [name for name in shape.members if any(f"{one}.".startswith(f"{prefix}{name}.") for one in given)]
        return {name: _query(shape.members[name], given, f"{prefix}{name}.") for name in names}
    if isinstance(shape, ListShape):
        numbers = sorted(
            {int(one[len(prefix) + 7 :].split(".")[0]) for one in given if one.startswith(f"{prefix}member.")}
        )
        return [_query(shape.member, given, f"{prefix}member.{number}.") for number in numbers]
    text = given[prefix.rstrip(".")]
    return int(text) if shape.type_name == "integer" else text


def _xml(shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        return "".join(f"<{name}>{_xml(shape.members[name], one)}</{name}>" for name, one in value.items())
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_xml(shape.member, one)}</member>" for one in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms
    wbufsize = -1
    aws: Aws

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        credential = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
        service = _SERVICES.get(credential[1], credential[1]) if credential else "?"
        target = self.headers.get("X-Amz-Target")
        form = dict(parse_qsl(body.decode())) if not target else {}
        path = self.path.partition("?")[0]
        operation = target.split(".")[-1] if target else form.get("Action") or _PATHS.get(path, "?")
        self.aws.calls.append((service, operation))
        answer = self.aws.answers.get(f"{service} {operation}")
        query = "Action" in form
        try:
            request = (
                {} if query and answer is None else self._request(service, operation, body, form if query else None)
            )
            if callable(answer):
                answer = answer(request)
            if isinstance(answer, Mapping):
                _checked(operation_model(service, operation).output_shape, answer, operation)
        except Exception as error:
            self.aws.wrong.append(f"{service} {operation}: {error!r}")
            answer = Refusal("InternalFailure", "the stand-in failed")
        if answer is None:
            self._forward(body)
        elif isinstance(answer, Refusal):
            self._refuse(answer, query)
        elif query:
            shape = operation_model(service, operation).output_shape
            inner = f"<{operation}Result>{_xml(shape, answer)}</{operation}Result>"
            self._send(200, f"<{operation}Response>{inner}</{operation}Response>".encode())
        else:
            self._send(200, json.dumps(answer).encode())

    def _request(self, service: str, operation: str, body: bytes, form: dict[str, str] | None) -> dict[str, Any]:
        model = operation_model(service, operation)
        if form is not None:
            given = {name: text for name, text in form.items() if name not in ("Action", "Version")}
            request = _query(model.input_shape, given)
        else:
            request = json.loads(body or b"{}")
        validate(service, operation, request)
        return request

    def _refuse(self, refusal: Refusal, query: bool) -> None:
        if query:
            inner = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
            self._send(403, f"<ErrorResponse>{inner}</ErrorResponse>".encode())
        else:
            self._send(400, json.dumps({"__type": refusal.code, "message": refusal.message}).encode(), refusal.code)

    def _forward(self, body: bytes) -> None:
        connection = HTTPConnection(*self.aws.moto, timeout=30)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        self._send(answer.status, answer.read())
        connection.close()

    def _send(self, status: int, data: bytes, code: str | None = None) -> None:
        self.send_response(status)
        if code:
            self.send_header("x-amzn-ErrorType", code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def moto_server() -> Iterator[tuple[str, int]]:
    """Run moto's server in a thread."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield host, port
    server.stop()


@contextmanager
def running(moto: tuple[str, int]) -> Iterator[Aws]:
    """Run the stand-in before moto; what does not fit the models fails at the end."""
    made = Aws(moto=moto)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"aws": made}))
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert made.wrong == []
