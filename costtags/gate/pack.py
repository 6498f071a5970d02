"""A client of the policy pack: starts the real pack's process as the engine does and has it judge resources."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from costtags.gate import values
from costtags.gate.processes import PackError, Processes, pack_folder
from costtags.gate.resources import Resource

_PROTOCOL_LEVELS = {
    "advisory": analyzer_pb2.ADVISORY,
    "mandatory": analyzer_pb2.MANDATORY,
    "disabled": analyzer_pb2.DISABLED,
    "remediate": analyzer_pb2.REMEDIATE,
}
_MAX_MESSAGE = 400 * 1024 * 1024  # what the policy SDK's server accepts


def folder_for_pulumi() -> Path:
    """Return a folder that `pulumi preview --policy-pack` starts in this interpreter.

    That is the installed folder where its PulumiPolicy.yaml names this virtual environment, as in a checkout; else
    a copy in the user's cache that does.
    """
    installed = pack_folder()
    if (installed / ".." / ".venv").resolve() == Path(sys.prefix).resolve():
        return installed
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made = cache / "costtags" / f"policypack-{hashlib.sha256(sys.prefix.encode()).hexdigest()[:12]}"
    made.mkdir(parents=True, exist_ok=True)
    text = (installed / "PulumiPolicy.yaml").read_text(encoding="utf-8")
    assert "virtualenv: ../.venv" in text
    _replace(made / "PulumiPolicy.yaml", text.replace("../.venv", json.dumps(sys.prefix)))
    _replace(made / "__main__.py", (installed / "__main__.py").read_text(encoding="utf-8"))
    return made


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


class Pack:
    """A running pack. ``judge`` may be called from several threads; ``verdict`` ends the judging."""

    def __init__(self, processes: Processes, levels: Mapping[str, str]) -> None:
        """Wait until the pack serves, and give its policies their levels."""
        self._processes = processes
        self.remediates = levels["default-tags"] == "remediate"
        options = [
            ("grpc.max_receive_message_length", _MAX_MESSAGE),
            ("grpc.max_send_message_length", _MAX_MESSAGE),
        ]
        self._channel = grpc.insecure_channel(f"127.0.0.1:{_port(processes)}", options=options)
        self._stub = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        self._pending: list[Any] = []
        entries = {
            name: analyzer_pb2.PolicyConfig(enforcementLevel=_PROTOCOL_LEVELS[level]) for name, level in levels.items()
        }
        self._call(self._stub.Configure, analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=entries))

    def judge(self, resource: Resource, provider: Resource | None) -> struct_pb2.Struct | None:
        """Have a resource judged, without waiting; return its inputs after remediation, or None where they stay."""
        shown_provider = _provider(provider)
        remediated = None
        if self.remediates:
            request = _request(resource, resource.inputs, shown_provider)
            for remediation in self._call(self._stub.Remediate, request).remediations:
                if remediation.diagnostic:
                    raise PackError(remediation.diagnostic)
                remediated = remediation.properties
        inputs = resource.inputs if remediated is None else remediated
        bare_inputs = values.without_marks(inputs) if values.has_special_values(inputs) else inputs
        request = _request(resource, bare_inputs, shown_provider)
        self._pending.append(self._stub.Analyze.future(request))
        return remediated

    def verdict(self, resources: Mapping[str, Resource]) -> list[dict[str, Any]]:
        """Wait for all judgements, then for those of the whole stack; return the findings as the pack wrote them."""
        diagnostics = [diagnostic for future in self._pending for diagnostic in self._result(future).diagnostics]
        request = analyzer_pb2.AnalyzeStackRequest(
            resources=[
                # The pack's stack policies read no properties.
                analyzer_pb2.AnalyzerResource(type=r.type, urn=r.urn, name=r.name)
                for r in resources.values()
            ]
        )
        diagnostics += self._call(self._stub.AnalyzeStack, request).diagnostics
        for diagnostic in diagnostics:
            if diagnostic.message.startswith("can't run policy"):
                raise PackError(diagnostic.message)
        rows = _rows(self._processes.findings)
        written = {row["policy"] for row in rows if not row["exempt"]}
        reported = {diagnostic.policyName for diagnostic in diagnostics}
        if written != reported:
            raise PackError(f"the pack reported {sorted(reported)} but wrote {sorted(written)}")
        return rows

    def _call(self, method: Any, request: Any) -> Any:
        return self._result(method.future(request))

    def _result(self, future: Any) -> Any:
        try:
            return future.result()
        except grpc.RpcError as error:
            code = self._processes.pack.poll()
            reason = f"failed: {error.details()}" if code is None else f"ended with exit code {code}"
            raise PackError(f"the policy pack {reason}\n{self._processes.pack_said()}".rstrip()) from None


def _port(processes: Processes) -> int:
    """Return the port that the pack prints first."""
    assert processes.pack.stdout is not None
    line = processes.pack.stdout.readline().strip()
    if not line.isdigit():
        processes.pack.wait()
        raise PackError(processes.pack_said() or f"the policy pack did not start: it printed {line!r}")
    return int(line)


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as stream:
        return [row for row in map(json.loads, stream) if "policy" in row]


def _provider(provider: Resource | None) -> Any:
    if provider is None:
        return None
    inputs = provider.inputs
    if values.has_special_values(inputs):
        inputs = values.without_marks(inputs)
    return analyzer_pb2.AnalyzerProviderResource(
        type=provider.type, urn=provider.urn, name=provider.name, properties=inputs
    )


def _request(resource: Resource, inputs: struct_pb2.Struct, provider: Any) -> Any:
    return analyzer_pb2.AnalyzeRequest(
        type=resource.type,
        properties=inputs,
        urn=resource.urn,
        name=resource.name,
        options=analyzer_pb2.AnalyzerResourceOptions(parent=resource.parent),
        provider=provider,
    )
