"""Stands in for a resource provider: echoes what it is given, so that the real engine needs no account."""

import json
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import grpc
from google.protobuf import json_format, struct_pb2
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from costtags import variables
from costtags.effective import bare, provider_tags
from costtags.gate import placeholders, values
from costtags.gate.asked import note
from costtags.gate.native_tags import WITHOUT_TAGS, merge_default_tags, parse_default_tags

# What a deployment has where its preview has a placeholder.
DEPLOYED = {
    placeholders.ACCOUNT: "123456789012",
    placeholders.NUMBER: "0123456789abcdef",
    placeholders.TEXT: "deployed",
}


class DryProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The provider of one package, configured as one provider resource."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.region = placeholders.REGION
        self.default_tags: dict[str, str] = {}
        # A URN or a type token -> the outputs that a real creation has and its preview does not know.
        self.outputs: dict[str, dict[str, Any]] = json.loads(os.environ.get("COSTTAGS_DRY_OUTPUTS") or "{}")

    def Handshake(self, _request: Any, _context: Any) -> Any:
        """Tells the engine that secrets may be sent as they are."""
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, supports_autonaming_configuration=True
        )

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        """Gives the version of the package's SDK: the engine warns of any other."""
        try:
            return plugin_pb2.PluginInfo(version=version(f"pulumi-{self.package}"))
        except PackageNotFoundError:  # a program in another language
            return plugin_pb2.PluginInfo()

    def GetSchema(self, _request: Any, _context: Any) -> Any:
        """Returns the smallest valid schema."""
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": self.package, "version": "0.0.0"}))

    def Attach(self, _request: Any, _context: Any) -> Empty:
        """Needs nothing of the engine."""
        return Empty()

    def Cancel(self, _request: Any, _context: Any) -> Empty:
        """Has nothing under way that could be cancelled."""
        return Empty()

    def CheckConfig(self, request: Any, _context: Any) -> Any:
        """Accepts the provider's inputs; notes the keys of default tags that the CLI's JSON will hide."""
        given = provider_tags(values.member_to_plain(request.news, ("defaultTags",))).default_tags
        tags, _ = bare(given.get("tags")) if isinstance(given, dict) else (None, False)
        if isinstance(tags, dict):
            note("default-tags", json.dumps([request.urn, sorted(tags)]))
        return provider_pb2.CheckResponse(inputs=placeholders.hidden(request.news))

    def DiffConfig(self, request: Any, _context: Any) -> Any:
        """Compares the provider's inputs."""
        return diff(request)

    def Configure(self, request: Any, _context: Any) -> Any:
        """Remembers the region and, for aws-native, the default tags."""
        self.region = request.variables.get(f"{self.package}:config:region") or self.region
        if self.package == "aws-native":
            self.default_tags = parse_default_tags(request.variables.get("aws-native:config:defaultTags"))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    def Check(self, request: Any, context: Any) -> Any:
        """Returns the inputs, with what the real provider is known to add to them."""
        news = placeholders.hidden(request.news)
        if not self.default_tags or request.type in WITHOUT_TAGS:
            return provider_pb2.CheckResponse(inputs=news)
        try:
            inputs = merge_default_tags(json_format.MessageToDict(news), self.default_tags)
        except ValueError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.CheckResponse(inputs=json_format.ParseDict(inputs, struct_pb2.Struct()))

    def Diff(self, request: Any, _context: Any) -> Any:
        """Compares the inputs."""
        return diff(request)

    def Create(self, request: Any, _context: Any) -> Any:
        """Echoes the inputs; a real creation has an id and an ARN besides."""
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        return provider_pb2.CreateResponse(
            id=request.name, properties=self.created(request, request.properties, request.name)
        )

    def Read(self, request: Any, _context: Any) -> Any:
        """Says that what is asked for exists as it is known."""
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Update(self, request: Any, _context: Any) -> Any:
        """Echoes the new inputs."""
        if request.preview:
            return provider_pb2.UpdateResponse(properties=request.news)
        return provider_pb2.UpdateResponse(properties=self.created(request, request.news, request.id))

    def Delete(self, _request: Any, _context: Any) -> Empty:
        """Has nothing to delete."""
        return Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        """Answers a provider function from the table of placeholders."""
        found = json.loads(os.environ.get(variables.ANSWERS) or "{}").get("functions", {}).get(request.tok)
        if found is not None:
            note("answered", f"functions {request.tok}")
        else:
            arguments = json_format.MessageToDict(request.args)
            arguments.setdefault("region", self.region)
            try:
                found = placeholders.answer(request.tok, arguments)
            except LookupError as error:
                context.abort(grpc.StatusCode.UNKNOWN, str(error.args[0]))
            note("placeholder", request.tok)
        result = struct_pb2.Struct()
        result.update(found if request.preview else settled(found))
        return provider_pb2.InvokeResponse(**{"return": result})

    def created(self, request: Any, inputs: struct_pb2.Struct, name: str) -> struct_pb2.Struct:
        """Returns the outputs of a resource that was created for real."""
        result = struct_pb2.Struct()
        result.CopyFrom(inputs)
        extra = {**self.outputs.get(request.type, {}), **self.outputs.get(request.urn, {})}
        if self.package in ("aws", "aws-native"):
            given = {"arn": arn(request.type, self.region, name), "name": name}
            result.update({key: value for key, value in given.items() if key not in result})
        result.update(extra)
        return result


def diff(request: Any) -> Any:
    """Names the inputs that differ from those of the last deployment."""
    old, new = request.old_inputs.fields, request.news.fields
    changed = sorted(key for key in {*old, *new} if key not in old or key not in new or old[key] != new[key])
    kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(changes=kind, diffs=changed)


def settled(found: dict[str, Any]) -> dict[str, Any]:
    """Takes the marks of a placeholder from an answer: a deployment knows every value, so none may be hidden."""
    text = json.dumps(found)
    for mark, value in DEPLOYED.items():
        text = text.replace(mark, value)
    return dict(json.loads(text))


def arn(type_token: str, region: str, name: str) -> str:
    """Makes up an ARN of the form that the service has."""
    module, kind = type_token.split(":")[1:]
    service = module.split("/")[0]
    if service == "s3":
        return f"arn:aws:s3:::{name}"
    account = DEPLOYED[placeholders.ACCOUNT]
    place = f":{account}" if service == "iam" else f"{region}:{account}"
    return f"arn:aws:{service}:{place}:{kind.lower()}/{name}"


def main() -> None:
    """Serves the package named on the command line until the engine goes away."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m costtags.gate.dry_provider PACKAGE")
    # The engine interrupts its plugins when it is done, and waits for those that do not end.
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    parent = os.getppid()
    server = grpc.server(ThreadPoolExecutor(max_workers=8), options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(DryProvider(sys.argv[1]), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    while os.getppid() == parent:  # an engine that was killed interrupts no one
        server.wait_for_termination(timeout=1)
    os._exit(0)


if __name__ == "__main__":
    main()
