"""Stands before a language host of Pulumi, so that a program's stack references are answered without a backend.

The engine starts it in the host's place. Every call goes to the host itself, but the program that the host runs talks
to the engine through a proxy of its resource monitor, which answers reads of other stacks.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import language_pb2, resource_pb2

from costtags import variables
from costtags.effective import STACK_TYPE, UNKNOWN
from costtags.gate import values
from costtags.gate.asked import note

STACK_REFERENCE = "pulumi:pulumi:StackReference"
RUN = "/pulumirpc.LanguageRuntime/Run"
READ = "/pulumirpc.ResourceMonitor/ReadResource"

Answer = Callable[[bytes], Awaitable[bytes | None]]
"""Takes a request and returns the answer to it, or None where it is to be passed on."""
Change = Callable[[bytes], Awaitable[bytes]]


class Proxy(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Passes every call on as it is, but those that ``answers`` takes; ``changes`` are made to requests first."""

    def __init__(self, target: str, answers: Mapping[str, Answer], changes: Mapping[str, Change]) -> None:
        self._channel = grpc.aio.insecure_channel(target, options=_GRPC_CHANNEL_OPTIONS)
        self._answers, self._changes = answers, changes

    def service(self, details: Any) -> Any:
        """Return how a method is called: by its name, it answers once or in a stream."""
        method = details.method
        if method in _STREAMING:
            return grpc.unary_stream_rpc_method_handler(self._stream(method))
        return grpc.unary_unary_rpc_method_handler(self._once(method))

    def _once(self, method: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
        call = self._channel.unary_unary(method)

        async def handle(request: bytes, context: Any) -> bytes:
            answered = await self._answers[method](request) if method in self._answers else None
            if answered is not None:
                return answered
            changed = await self._changes[method](request) if method in self._changes else request
            try:
                return bytes(await call(changed, metadata=context.invocation_metadata()))
            except grpc.aio.AioRpcError as error:
                await _abort(context, error)
                raise

        return handle

    def _stream(self, method: str) -> Callable[[bytes, Any], AsyncIterator[bytes]]:
        call = self._channel.unary_stream(method)

        async def handle(request: bytes, context: Any) -> AsyncIterator[bytes]:
            try:
                async for message in call(request, metadata=context.invocation_metadata()):
                    yield message
            except grpc.aio.AioRpcError as error:
                await _abort(context, error)

        return handle


_STREAMING = frozenset(
    f"/{service.full_name}/{method.name}"
    for service in language_pb2.DESCRIPTOR.services_by_name.values()
    for method in service.methods
    if method.server_streaming
)


async def _abort(context: Any, error: Any) -> None:
    """Fail as the call behind it failed, with the details that SDKs read."""
    await context.abort(error.code(), error.details(), error.trailing_metadata())


def reads_answered(stack: str, project: str) -> Answer:
    """Return what answers reads of other stacks: the user's answer; without one, their outputs are unknown."""
    stacks = json.loads(os.environ.get(variables.ANSWERS) or "{}").get("stacks", {})

    async def answer(request: bytes) -> bytes | None:
        read = resource_pb2.ReadResourceRequest.FromString(request)
        if read.type != STACK_REFERENCE:
            return None
        given = stacks.get(read.id)
        note(*(("placeholder", f"outputs of stack {read.id}") if given is None else ("answered", f"stacks {read.id}")))
        outputs = UNKNOWN if given is None else given
        properties = values.struct({"name": read.id, "outputs": outputs, "secretOutputNames": []})
        qualified = read.parent.split("::", 3)[2] if read.parent else STACK_TYPE
        type_ = read.type if qualified == STACK_TYPE else f"{qualified}${read.type}"
        urn = f"urn:pulumi:{stack}::{project}::{type_}::{read.name}"
        answered = resource_pb2.ReadResourceResponse(urn=urn, id=read.id, properties=properties)
        return bytes(answered.SerializeToString())

    return answer


async def serve(host: str, arguments: list[str]) -> None:
    """Start the language host, and serve in its place until the engine goes away."""
    process = await asyncio.create_subprocess_exec(host, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    port = (await process.stdout.readline()).decode().strip()
    monitors: list[Any] = []

    async def through_monitor(request: bytes) -> bytes:
        run = language_pb2.RunRequest.FromString(request)
        monitor = _server(Proxy(run.monitor_address, {READ: reads_answered(run.stack, run.project)}, {}))
        run.monitor_address = f"127.0.0.1:{monitor.add_insecure_port('127.0.0.1:0')}"
        await monitor.start()
        monitors.append(monitor)  # kept from being collected
        return bytes(run.SerializeToString())

    server = _server(Proxy(f"127.0.0.1:{port}", {}, {RUN: through_monitor}))
    own = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(own, flush=True)
    loop = asyncio.get_running_loop()
    # The engine interrupts its plugins when it is done, and waits for those that do not end.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, process.send_signal, number)
    parent = os.getppid()
    while os.getppid() == parent and process.returncode is None:  # an engine that was killed interrupts no one
        await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=1)
    if process.returncode is None:
        process.kill()
    os._exit(0)


def _server(proxy: Proxy) -> Any:
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    server.add_generic_rpc_handlers([proxy])
    return server


def main() -> None:
    """Run as the engine runs a language host, with the path of the real one first."""
    if len(sys.argv) < 2 or not Path(sys.argv[1]).exists():
        sys.exit("usage: python -m costtags.gate.language_proxy LANGUAGE_HOST [ARGUMENT...]")
    asyncio.run(serve(sys.argv[1], sys.argv[2:]))


if __name__ == "__main__":
    main()
