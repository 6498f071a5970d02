"""The engine as a program sees it: a resource monitor that records and creates nothing."""

import json
import re
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, engine_pb2
from pulumi.runtime.proto import resource_pb2 as rpc

from costtags.effective import STACK_TYPE, UNKNOWN, bare
from costtags.gate import values
from costtags.gate.native_tags import merge_default_tags, parse_default_tags
from costtags.gate.placeholders import answer, hidden
from costtags.gate.places import Kept, place
from costtags.gate.resources import Resource

STACK_REFERENCE = "pulumi:pulumi:StackReference"
PROVIDER_PREFIX = "pulumi:providers:"
REAL_ENGINE = "judge it with `pulumi preview --policy-pack $(costtags pack)`"

# Engine 3.259's: pkg/resource/deploy/source_eval.go, supportedMonitorFeatures.
_FEATURE_NAMES = (
    "secrets",
    "resourceReferences",
    "outputValues",
    "aliasSpecs",
    "replacementTrigger",
    "deletedWith",
    "replaceWith",
    "transforms",
    "invokeTransforms",
    "parameterization",
    "resourceHooks",
    "errorHooks",
    "sendsOptionsToHooks",
    "invokeDependsOn",
    "invokeParent",
)
_FEATURES = tuple(
    number
    for name, number in rpc.ResourceMonitorFeature.items()
    if name.removeprefix("RESOURCE_MONITOR_FEATURE_").replace("_", "").lower() in map(str.lower, _FEATURE_NAMES)
)


Teller = Callable[[Resource], struct_pb2.Struct | None]
"""Is told of each resource, and returns its inputs after remediation, or None where they stay."""


class Refused(grpc.RpcError):  # type: ignore[misc]  # grpc has no types
    """What the monitor answers where the engine would fail a call: the SDK reads ``code`` and ``details``."""

    def code(self) -> grpc.StatusCode:
        """Return the status of the failed call."""
        return grpc.StatusCode.FAILED_PRECONDITION

    def details(self) -> str:
        """Return what went wrong."""
        return str(self)


class Monitor:
    """Serves one program, in its own process. ``job`` names project, stack, organization, folder, config, answers.

    Order and rules are the engine's: pkg/resource/deploy/source_eval.go, RegisterResource.
    """

    def __init__(self, job: Mapping[str, Any], tell: Teller) -> None:
        self.finished = False
        self.errors: list[str] = []
        self.placeholders: set[str] = set()
        self.answers_used: set[str] = set()
        self._job = job
        self._kept = Kept()
        self._answers: Mapping[str, Any] = job["answers"]
        self._tell = tell
        self._resources: dict[str, Resource] = {}
        self._lock = threading.Lock()
        self._providers_lock = threading.Lock()
        self._stack_transforms: list[callback_pb2.Callback] = []
        self._invoke_transforms: list[callback_pb2.Callback] = []
        self._transforms: dict[str, list[callback_pb2.Callback]] = {}
        self._providers: dict[str, dict[str, str]] = {}
        self._callbacks: dict[str, callback_pb2_grpc.CallbacksStub] = {}
        self._packages: dict[str, str] = {}
        self._default_providers: dict[tuple[str, str, str], Resource] = {}

    # --- what the program may rely on

    def SupportsFeature(self, request: Any) -> Any:
        """Say whether a feature is supported, by its old name."""
        return rpc.SupportsFeatureResponse(hasSupport=request.id in _FEATURE_NAMES)

    def GetDeploymentInfo(self, request: Any) -> Any:
        """Describe the deployment: always a preview."""
        return rpc.DeploymentInfo(
            project=self._job["project"],
            stack=self._job["stack"],
            organization=self._job["organization"],
            config=dict(self._job["config"]),
            configSecretKeys=self._job["secret_keys"],
            dryRun=True,
            supportedFeatures=_FEATURES,
        )

    def RegisterStackTransform(self, request: Any) -> Any:
        """Add a transform that acts on every resource registered from now on."""
        with self._lock:
            self._stack_transforms.append(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:
        """Add a transform that acts on every call of a provider function from now on."""
        with self._lock:
            self._invoke_transforms.append(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> Any:
        """Accept a hook; a preview that creates nothing runs none."""
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> Any:
        """Accept a hook; a preview that creates nothing runs none."""
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any) -> Any:
        """Give a package a reference under which its resources come."""
        name = request.parameterization.name if request.HasField("parameterization") else request.name
        with self._lock:
            self._packages[f"package-{len(self._packages)}"] = name
            return rpc.RegisterPackageResponse(ref=f"package-{len(self._packages) - 1}")

    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Accept the outputs of a component or of the stack."""
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any) -> Any:
        """Note that the program came to its end."""
        self.finished = True
        return empty_pb2.Empty()

    # --- resources

    def RegisterResource(self, request: Any) -> Any:
        """Record a resource as it would be created, after transforms and remediation, and have it judged."""
        if request.remote:
            self._fail(
                f'"{request.name}" is a remote component ({request.type}), whose resources a plugin of its own makes: '
                f"the embedded engine cannot run it; {REAL_ENGINE}",
            )
        options = self._options(request)
        properties = request.object
        transforms = self._transforms_of(request)
        if transforms:
            properties = values.with_outputs(properties, _dependencies(request))
        for callback in transforms:
            properties, options = self._transform(callback, request, properties, options)
        urn = self._urn(request.parent, request.type, request.name)
        custom = request.custom and not request.type.startswith(PROVIDER_PREFIX)
        provider = self._provider(request, options) if custom else None
        if values.has_special_values(properties):
            properties = values.without_outputs(properties)
        properties = self._checked(request.type, properties, provider)
        if request.type.startswith(PROVIDER_PREFIX) and options.version:
            properties = _with(properties, version=options.version)
        resource = Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            inputs=properties,
            provider_urn=provider.urn if provider else "",
            frames=_frames(request, self._kept),
            parent=request.parent,
            custom=request.custom,
        )
        with self._lock:
            duplicate = urn in self._resources
            self._resources[urn] = resource
            self._transforms[urn] = list(request.transforms)
            if not request.custom:
                inherited = self._providers.get(request.parent, {})
                self._providers[urn] = {**inherited, **options.providers}
        if duplicate:
            file, line = place(resource.frames, Path(self._job["folder"]))
            self._fail(f"{file}:{line}: a second resource with the URN {urn}: give it another name")
        remediated = self._tell(resource)
        if remediated is not None:
            resource.inputs = remediated
        outputs = resource.inputs if request.custom else None
        return rpc.RegisterResourceResponse(urn=urn, id="", object=outputs)

    def ReadResource(self, request: Any) -> Any:
        """Answer a read of what exists already: it is not the program's to tag, and nothing more is known of it."""
        urn = self._urn(request.parent, request.type, request.name)
        if not request.provider and not request.type.startswith(PROVIDER_PREFIX):
            package = self._packages.get(request.packageRef, _package(request.type))
            self._default_provider(package, request.version, request.pluginDownloadURL, request.type)
        properties = request.properties
        if request.type == STACK_REFERENCE:
            properties = self._stack_outputs(request.id or _text(request.properties, "name"))
        return rpc.ReadResourceResponse(urn=urn, id=request.id, properties=properties)

    def ExistsResource(self, request: Any) -> Any:
        """Answer that it is not known whether something exists."""
        return rpc.ExistsResourceResponse(exists=False, unknown=True)

    def Invoke(self, request: Any) -> Any:
        """Answer a provider function by the user's answer, else by a placeholder; where there is none, name it."""
        arguments = request.args
        for callback in list(self._invoke_transforms):
            arguments = self._transform_invoke(callback, request, arguments)
        if request.tok == "pulumi:pulumi:getResource":
            return self._get_resource(request)
        if not request.provider and not self._providers.get(request.parent, {}).get(_package(request.tok)):
            self._default_provider(_package(request.tok), request.version, request.pluginDownloadURL, request.tok)
        if any(urn in self._resources for urn in request.dependsOn):
            return rpc.ResourceInvokeResponse(unknown=True)  # what it depends on is not created yet
        given: Any = (self._answers.get("functions") or {}).get(request.tok)
        self.answers_used.add(f"functions {request.tok}")
        if given is None:
            try:
                given = answer(request.tok, {"region": self._region(request), **values.to_plain(arguments)})
            except LookupError as error:
                self._fail(str(error))
            self.placeholders.add(request.tok)
        return rpc.ResourceInvokeResponse(**{"return": values.struct(given)})

    def Call(self, request: Any) -> Any:
        """Refuse a method of a remote component."""
        self._fail(f"{request.tok} is a method of a remote component: {REAL_ENGINE}")

    # --- how the engine comes to what it records

    def _fail(self, message: str) -> NoReturn:
        with self._lock:
            self.errors.append(message)
        raise Refused(message)

    def _urn(self, parent: str, type_: str, name: str) -> str:
        if parent:
            qualified = parent.split("::", 3)[2]
            if qualified != STACK_TYPE:
                type_ = f"{qualified}${type_}"
        return f"urn:pulumi:{self._job['stack']}::{self._job['project']}::{type_}::{name}"

    def _options(self, request: Any) -> Any:
        options = rpc.TransformResourceOptions(
            depends_on=request.dependencies,
            ignore_changes=request.ignoreChanges,
            replace_on_changes=request.replaceOnChanges,
            version=request.version,
            aliases=request.aliases,
            provider=request.provider,
            providers=request.providers,
            plugin_download_url=request.pluginDownloadURL,
            additional_secret_outputs=request.additionalSecretOutputs,
            **{"import": request.importId},
        )
        if request.HasField("protect"):
            options.protect = request.protect
        if request.HasField("customTimeouts"):
            options.custom_timeouts.CopyFrom(request.customTimeouts)
        options.provider = options.provider or self._provider_of_parent(request)
        if request.custom and not options.provider:
            inherited = self._providers.get(request.parent, {})
            options.provider = request.providers.get(_package(request.type)) or inherited.get(
                _package(request.type), ""
            )
        return options

    def _provider_of_parent(self, request: Any) -> str:
        """Return the provider that the resource above has got, by a transform too, where it is of the same package."""
        parent = self._resources.get(request.parent)
        if parent is None or not parent.provider_urn:
            return ""
        fits = not request.custom or parent.provider_urn.split("::")[2].endswith(f":{_package(request.type)}")
        return f"{parent.provider_urn}::{UNKNOWN}" if fits else ""

    def _transforms_of(self, request: Any) -> list[callback_pb2.Callback]:
        """Return the transforms in the engine's order: its own, those of its ancestors outward, the stack's."""
        found = list(request.transforms)
        with self._lock:
            current = request.parent
            while current:
                found += self._transforms.get(current, ())
                ancestor = self._resources.get(current)
                current = ancestor.parent if ancestor else ""
            return found + self._stack_transforms

    def _call_back(self, callback: callback_pb2.Callback, message: Any) -> bytes:
        with self._lock:
            stub = self._callbacks.get(callback.target)
            if stub is None:
                stub = callback_pb2_grpc.CallbacksStub(grpc.insecure_channel(callback.target))
                self._callbacks[callback.target] = stub
        request = callback_pb2.CallbackInvokeRequest(token=callback.token, request=message.SerializeToString())
        return bytes(stub.Invoke(request).response)

    def _transform(
        self, callback: callback_pb2.Callback, request: Any, properties: struct_pb2.Struct, options: Any
    ) -> tuple[struct_pb2.Struct, Any]:
        message = rpc.TransformRequest(
            name=request.name,
            type=request.type,
            parent=request.parent,
            custom=request.custom,
            properties=properties,
            options=options,
        )
        response = rpc.TransformResponse.FromString(self._call_back(callback, message))
        return (
            response.properties if response.HasField("properties") else properties,
            response.options if response.HasField("options") else options,
        )

    def _transform_invoke(self, callback: callback_pb2.Callback, request: Any, arguments: Any) -> Any:
        message = rpc.TransformInvokeRequest(token=request.tok, args=arguments)
        response = rpc.TransformInvokeResponse.FromString(self._call_back(callback, message))
        return response.args if response.HasField("args") else arguments

    def _checked(self, type_: str, properties: struct_pb2.Struct, provider: Resource | None) -> struct_pb2.Struct:
        """Do what a provider's Check does to the inputs before the policy pack sees them, as far as tags go."""
        properties = hidden(properties)
        if not type_.startswith("aws-native:") or provider is None:
            return properties
        text, _ = bare(values.member_to_plain(provider.inputs, ("defaultTags",)).get("defaultTags"))
        if not isinstance(text, str) or text == UNKNOWN:
            return properties
        try:
            merged = merge_default_tags(json_format.MessageToDict(properties), parse_default_tags(text))
        except ValueError as error:
            self._fail(f"{type_}: {error}")
        return values.struct(merged)

    def _provider(self, request: Any, options: Any) -> Resource | None:
        """Return the provider of a resource: the one it names, else the default one of its package and version."""
        if options.provider:
            urn = options.provider.rsplit("::", 1)[0]
            return self._resources.get(urn)
        package = self._packages.get(request.packageRef, _package(request.type))
        return self._default_provider(package, options.version, options.plugin_download_url, request.type)

    def _default_provider(self, package: str, version: str, url: str, token: str) -> Resource | None:
        """Return the default provider of a package, version and source, made of the stack's config on first use."""
        if package == "pulumi":
            return None
        if {"*", package} & self._disabled():
            self._fail(f"Default provider for '{package}' disabled. '{token}' must use an explicit provider.")
        with self._providers_lock:  # held until the gate knows it: a resource of it must not be told first
            url = url.removesuffix("/")
            made = self._default_providers.get((package, version, url))
            if made is None:
                made = self._made_default_provider(package, version, url)
                self._tell(made)
                self._default_providers[package, version, url] = made
        return made

    def _made_default_provider(self, package: str, version: str, url: str) -> Resource:
        inputs: dict[str, Any] = {
            key.split(":", 1)[1]: values.secret(value) if key in self._job["secret_keys"] else value
            for key, value in self._job["config"].items()
            if key.split(":", 1)[0] == package
        }
        if version:
            inputs["version"] = version
        name = "default_" + re.sub(r"[^a-zA-Z0-9]", "_", version) if version else "default"
        name += f"_{_qualified_name(url)}" if url else ""
        urn = self._urn("", f"{PROVIDER_PREFIX}{package}", name)
        made = Resource(urn, f"{PROVIDER_PREFIX}{package}", name, values.struct(inputs), "")
        with self._lock:
            self._resources[urn] = made
        return made

    def _region(self, request: Any) -> str | None:
        provider = self._resources.get(request.provider.rsplit("::", 1)[0])
        region = _text(provider.inputs, "region") if provider else self._job["config"].get("aws:region")
        return region or None

    def _disabled(self) -> set[str]:
        """Return the packages whose default provider the stack's config switches off; "*" for all."""
        text = self._job["config"].get("pulumi:disable-default-providers")
        if not text:
            return set()
        try:
            return {str(package).strip() for package in json.loads(text)}
        except (ValueError, TypeError):
            self._fail(f"pulumi:disable-default-providers is no list: {text}")

    def _stack_outputs(self, name: str) -> struct_pb2.Struct:
        given = (self._answers.get("stacks") or {}).get(name)
        self.answers_used.add(f"stacks {name}")
        if given is None:
            with self._lock:
                self.placeholders.add(f"outputs of stack {name}")
        return values.struct({"name": name, "outputs": UNKNOWN if given is None else given, "secretOutputNames": []})

    def _get_resource(self, request: Any) -> Any:
        urn = _text(request.args, "urn")
        resource = self._resources.get(urn)
        if resource is None:
            self._fail(f"unknown resource {urn}")
        state = struct_pb2.Struct()
        if resource is not None:
            state.CopyFrom(resource.inputs)
        answered = values.struct({"urn": urn, "id": UNKNOWN})
        answered.fields["state"].struct_value.CopyFrom(state)
        return rpc.ResourceInvokeResponse(**{"return": answered})


class Engine:
    """The other half of what a program talks to: its log and its root resource."""

    def __init__(self) -> None:
        self._root = ""

    def Log(self, request: Any) -> Any:
        """Pass on what the program logs."""
        severity = engine_pb2.LogSeverity.Name(request.severity).lower()
        if severity != "debug":
            print(f"{severity}: {request.message}", file=sys.stderr, flush=True)
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any) -> Any:
        """Return the URN of the stack."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any) -> Any:
        """Note the URN of the stack."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()


def _dependencies(request: Any) -> dict[str, list[str]]:
    """Return what each property depends on, where the engine marks it: only for a resource's own transforms."""
    if not request.transforms:
        return {}
    named = {key: list(item.urns) for key, item in request.propertyDependencies.items()}
    return named or {key: list(request.dependencies) for key in request.object.fields}


def _package(token: str) -> str:
    return token.split(":", 1)[0]


def _qualified_name(url: str) -> str:
    """Return a URL as the engine puts it into a name: sdk/go/common/tokens/names.go, IntoQName."""
    return "/".join(re.sub(r"[^A-Za-z0-9_.-]", "_", part) for part in url.split("/") if part) or "_"


def _text(properties: struct_pb2.Struct, name: str) -> str:
    return str(properties.fields[name].string_value) if name in properties.fields else ""


def _with(properties: struct_pb2.Struct, **more: str) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.CopyFrom(properties)
    made.update(more)
    return made


def _frames(request: Any, kept: Kept) -> tuple[tuple[str, int], ...]:
    """Return the frames that may be the user's: those of the interpreter and of packages are of no use to anyone."""
    return tuple((f.pc.uri, f.pc.line) for f in request.stackTrace.frames if kept[f.pc.uri])
