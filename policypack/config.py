"""The pack's configuration: refuses misspelt policies, levels and properties, which the SDK accepts silently."""

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import json_format
from pulumi_policy import policy as sdk

from costtags.policyconfig import config_problems


def refuse_misspelt_config() -> None:
    """Make the pack's server check each configuration that the engine hands it.

    The SDK has no hook for it: its servicer stores whatever comes, so a misspelt name would switch nothing on or
    off (https://github.com/pulumi/pulumi-policy/blob/main/sdk/python/lib/pulumi_policy/policy.py, Configure).
    """
    servicer: Any = sdk._PolicyAnalyzerServicer
    store = servicer.Configure

    def configure(self: Any, request: Any, context: Any) -> Any:
        problems = config_problems({name: _entry(entry) for name, entry in request.policyConfig.items()})
        if problems:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "policy config: " + "; ".join(problems))
        return store(self, request, context)

    servicer.Configure = configure


def _entry(entry: Any) -> Mapping[str, Any]:
    # The level is a number of the protocol here and was checked by the engine; only the properties are left.
    return dict(json_format.MessageToDict(entry.properties))
