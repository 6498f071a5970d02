"""What components judge by: tags.yaml and exemptions.yaml, the stack's own tags, the provider's default tags."""

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import is_config_secret, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor

from costtags import exemptions, schema, variables
from costtags.catalog import TagProperty
from costtags.effective import UNKNOWN, effective_tags, is_unknown, provider_tags, tag_text
from costtags.exemptions import Exemptions
from costtags.schema import Schema
from costtags.yamlfile import FileProblems, Problem

PACKAGE = "aws"

Tags = pulumi.Input[Mapping[str, pulumi.Input[str]]]


@dataclass(frozen=True)
class Context:
    """The files that components judge by."""

    schema: Schema
    exemptions: Exemptions


def context() -> Context:
    """Read the tags.yaml that COSTTAGS_SCHEMA names, else the nearest one upwards from the Pulumi project."""
    named = os.environ.get(variables.SCHEMA)
    start = project_folder()
    path = Path(named) if named else schema.find(start)
    if path is None:
        raise pulumi.RunError(
            f"no {schema.FILE_NAME} in {start} or above it says which tags are required: "
            f"write one, or name one by {variables.SCHEMA}"
        )
    try:
        return _load(path.resolve())
    except FileProblems as error:
        raise pulumi.RunError(f"tags cannot be judged:\n{error}") from None


def project_folder() -> Path:
    """Return the folder of Pulumi.yaml; under the SDK's mocks, where there is none, the working directory."""
    folder = Path(pulumi.get_root_directory() or ".")
    return folder.resolve() if folder.is_absolute() else Path.cwd()


@cache
def _load(path: Path) -> Context:
    problems: list[Problem] = []
    today = datetime.now(tz=UTC).date()
    try:
        loaded = schema.load(path)
    except FileProblems as error:
        problems += error.problems
    try:
        excused = exemptions.load(exemptions.beside(path), today)
    except FileProblems as error:
        problems += error.problems
    if problems:
        raise FileProblems(problems)
    return Context(loaded, excused)


def stack_tags() -> Tags:
    """Return the stack's tags: those of its config, and the schema's defaults for keys that nothing else gives.

    For resources that are not made by a component; components take these tags by themselves.
    """
    tags = config_tags()
    if not isinstance(tags, Mapping):
        return tags
    judged_by = context().schema
    given = effective_tags("", TagProperty("tags", "map"), {"tags": tags}, provider_tags(config_defaults()), os.environ)
    present = {judged_by.meant_key(key) or key for key in given.tags}
    defaults = {tag.key: tag.default for tag in judged_by.tags.values() if tag.default is not None}
    return {**tags, **{key: value for key, value in defaults.items() if key not in present}}


def config_tags() -> Tags:
    """Read ``tags`` of the stack's config, a map of keys to values; where it is secret, the values stay so."""
    config = pulumi.Config()
    name = config.full_key("tags")
    text = config.get("tags")  # get_object would show a secret that is no JSON in its error
    if text is not None and is_unknown(text):
        # Encrypted, and nobody answered for it: the pack will see a map that is not known.
        unknown: Any = pulumi.output.UNKNOWN
        return pulumi.Output.secret(unknown)
    try:
        given = json.loads(text) if text else {}
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise pulumi.RunError(f"config {name} must be a map of tag keys to values")
    values = {key: tag_text(value) for key, value in given.items() if value is not None}
    if wrong := [key for key, value in values.items() if value is None]:
        raise pulumi.RunError(f"config {name} must hold one text a tag; these hold something else: {', '.join(wrong)}")
    tags = {key: value for key, value in values.items() if value is not None}
    if is_config_secret(name):
        return {key: pulumi.Output.secret(value) for key, value in tags.items()}
    return dict(tags)


def config_defaults() -> dict[str, Any]:
    """Return what the default AWS provider takes from the stack's config, as far as tags go."""
    return {"defaultTags": pulumi.Config(PACKAGE).get("defaultTags")}


def provider_inputs(opts: pulumi.ResourceOptions) -> pulumi.Input[dict[str, Any]]:
    """Return the inputs of the provider that a component's resources will get, as far as tags go.

    Those of the default provider are known at once, those of a provider object only later.
    """
    provider = _provider(opts)
    return config_defaults() if provider is None else pulumi.Output.from_input(_inputs_of(provider))


def _provider(opts: pulumi.ResourceOptions) -> pulumi.ProviderResource | None:
    """Find the provider as Pulumi does: the option ``provider``, else ``providers``, else the parent's."""
    if opts.provider is not None and opts.provider.package == PACKAGE:
        return opts.provider
    given = opts.providers or {}
    for provider in given.values() if isinstance(given, Mapping) else given:
        if provider.package == PACKAGE:
            return provider
    return opts.parent.get_provider(f"{PACKAGE}:index:Any") if opts.parent is not None else None


async def _inputs_of(provider: pulumi.ProviderResource) -> dict[str, Any]:
    """Ask the engine for a provider's inputs: pulumi_aws.Provider has no property that gives its default tags.

    It is the call by which the SDK itself follows references to resources. An engine that refuses it leaves the
    default tags unknown, and what may be missing to the policy pack.
    """
    arguments = struct_pb2.Struct()
    arguments.update({"urn": await provider.urn.future()})
    request = resource_pb2.ResourceInvokeRequest(tok="pulumi:pulumi:getResource", args=arguments)
    monitor: Any = get_monitor()
    try:
        answer = await asyncio.get_running_loop().run_in_executor(None, monitor.Invoke, request)
    except grpc.RpcError:
        return {"defaultTags": UNKNOWN}
    # A secret within makes all that holds it secret, so the mark may stand on any level.
    found = rpc.deserialize_properties(getattr(answer, "return"), keep_unknowns=True).get("state")
    given = (rpc.unwrap_rpc_secret(found) or {}).get("defaultTags")
    secret = rpc.is_rpc_secret(found) or rpc.is_rpc_secret(given)
    default_tags = rpc.unwrap_rpc_secret(given)
    known = UNKNOWN if isinstance(default_tags, pulumi.output.Unknown) else default_tags
    return {"defaultTags": pulumi.Output.secret(known) if secret else known}
