"""What the SDK's server does not check: misspelt configuration, and projects that the pack must not judge."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf import json_format
from pulumi_policy import policy as sdk

from costtags.policyconfig import config_problems

Refusal = Callable[[str], str | None]
"""Takes a URN and says why its resource must not be judged, or None."""


def guard_server(refusal: Refusal) -> None:
    """Make the pack's server refuse a misspelt configuration and resources that are not the pack's to judge.

    The SDK has no hook for either: its servicer stores whatever configuration comes, so that a misspelt name switches
    nothing, and a violation would have a level that a configuration could lower
    (https://github.com/pulumi/pulumi-policy/blob/main/sdk/python/lib/pulumi_policy/policy.py).
    """
    servicer: Any = sdk._PolicyAnalyzerServicer
    store, judge = servicer.Configure, servicer.Analyze

    def configure(self: Any, request: Any, context: Any) -> Any:
        problems = config_problems({name: _entry(entry) for name, entry in request.policyConfig.items()})
        if problems:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "policy config: " + "; ".join(problems))
        return store(self, request, context)

    def analyze(self: Any, request: Any, context: Any) -> Any:
        reason = refusal(request.urn)
        if reason is not None:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, reason)
        return judge(self, request, context)

    servicer.Configure, servicer.Analyze = configure, analyze


def _entry(entry: Any) -> Mapping[str, Any]:
    # The level is a number of the protocol here and was checked by the engine; only the properties are left.
    return dict(json_format.MessageToDict(entry.properties))
