"""What components judge by: tags.yaml and exemptions.yaml, the stack's tags, the provider's default tags."""

import asyncio
import inspect
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
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor

from costtags import exemptions, schema
from costtags.effective import UNKNOWN, Secret, effective_tags, environment_tags, provider_tags, tag_text
from costtags.exemptions import Exemptions
from costtags.schema import Schema
from costtags.yamlfile import FileProblems

SCHEMA_VARIABLE = "COSTTAGS_SCHEMA"
AWS_TYPE = "aws:sagemaker/domain:Domain"
"""Any type of the provider: Pulumi finds the provider of a resource by the type's package."""


@dataclass(frozen=True)
class Context:
    """The files that components judge by."""

    schema: Schema
    exemptions: Exemptions


def context() -> Context:
    """Read the tags.yaml that COSTTAGS_SCHEMA names, else the nearest upwards from the Pulumi project."""
    named = os.environ.get(SCHEMA_VARIABLE)
    start = Path(pulumi.get_root_directory() or ".").resolve()
    path = Path(named) if named else schema.find(start)
    if path is None:
        raise pulumi.RunError(
            f"no {schema.FILE_NAME} in {start} or above it says which tags are required: "
            f"write one (costtags init), or name one by {SCHEMA_VARIABLE}"
        )
    try:
        return _load(path.resolve())
    except FileProblems as error:
        raise pulumi.RunError(f"costtags cannot judge tags:\n{error}") from None


@cache
def _load(path: Path) -> Context:
    problems = []
    for read in (schema.load, _exemptions):
        try:
            read(path)
        except FileProblems as error:
            problems += error.problems
    if problems:
        raise FileProblems(problems)
    return Context(schema.load(path), _exemptions(path))


def _exemptions(schema_path: Path) -> Exemptions:
    return exemptions.load(exemptions.beside(schema_path), datetime.now(tz=UTC).date())
