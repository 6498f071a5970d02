"""The policies of the pack: the findings of costtags.check as violations of Pulumi's policy SDK."""

import os
import sys
import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from costtags import variables
from costtags.check import Finding, Place, grouped, judge, judged_property, missing_defaults
from costtags.documents.judge import PROPERTIES as DOCUMENT_PROPERTIES
from costtags.documents.judge import judge as judge_document
from costtags.effective import STACK_TYPE, tag_variables
from costtags.exemptions import NOTE
from costtags.parent import end_with_parent
from costtags.policies import POLICIES as TABLE
from costtags.policies import Policy
from costtags.policypack import context, record
from costtags.policypack.props import plain
from costtags.policypack.server import guard_server
from costtags.yamlfile import FileProblems

_ORDER = {policy.name: index for index, policy in enumerate(TABLE)}
_PROPERTIES = ("defaultTags", "ignoreTags", "tagPropagation")


@cache
def ready() -> context.Context:
    """Load what the pack judges by, once; without it the pack ends here, with the reasons."""
    try:
        return context.from_environment()
    except FileProblems as error:
        sys.exit(f"costtags: the policy pack cannot judge:\n{error}")


@cache
def tag_environment() -> dict[str, str]:
    """Return the environment's part in tags; the pack's process has the environment of the CLI."""
    return tag_variables(os.environ)


def place(args: ResourceValidationArgs) -> Place:
    """Read what the check needs of a resource; unknown values stay marked instead of raising."""
    shape = judged_property(ready().schema, args.resource_type)
    names = (*_PROPERTIES, shape.property) if shape else _PROPERTIES
    provider = plain(args.provider.props, _PROPERTIES) if shape and args.provider else {}
    return Place(args.resource_type, plain(args.props, names), provider)


def validate(policy: Policy, args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Report the findings of one policy on one resource as one violation; what is exempt is only recorded."""
    here = ready()
    reported: list[Finding] = []
    for finding in _judged(policy, args):
        if finding.policy != policy.name:
            continue
        exemption = here.exemptions.excusing(args.urn, policy.name, finding.tag)
        record.finding(args.urn, args.resource_type, finding, exemption)
        if exemption is None:
            reported.append(finding)
    if reported:
        report(f"{grouped(reported)}\njudged by {here.schema.path}", None)


_here = threading.local()


def _judged(policy: Policy, args: ResourceValidationArgs) -> list[Finding]:
    """Judge a resource once for all policies: the SDK calls them in order, in one thread, for each request.

    A policy that comes again, or before the last one, belongs to a later request, be it for the same resource.
    """
    index = _ORDER[policy.name]
    last: tuple[str, int, list[Finding]] = getattr(_here, "last", ("", 0, []))
    urn, before, findings = last
    if urn != args.urn or index <= before:
        findings = _findings(args)
    _here.last = (args.urn, index, findings)
    return findings


def _findings(args: ResourceValidationArgs) -> list[Finding]:
    schema = ready().schema
    document = judge_document(schema, args.resource_type, plain(args.props, DOCUMENT_PROPERTIES))
    return [*judge(schema, place(args), tag_environment()), *document]


def refusal(urn: str) -> str | None:
    """Say why the pack must not judge a resource: it judges by one project's tags.yaml and this is another's."""
    here = ready()
    project = urn.split("::")[1]
    if here.project is None or project == here.project:
        return None
    return (
        f'this pack judges project "{here.project}" by {here.schema.path}, not project "{project}": '
        f"set {variables.SCHEMA} to the absolute path of its tags.yaml"
    )


def remediate(args: ResourceValidationArgs) -> Any:
    """Add absent tags that have a default; a present value, known or not, and its secret mark stay as they are."""
    here = ready()
    props: Any = args.props  # the SDK's proxy, which can be written to
    defaults = missing_defaults(here.schema, place(args), tag_environment())
    added = {
        key: value
        for key, value in defaults.items()
        if here.exemptions.excusing(args.urn, "required-tags", key) is None
    }
    shape = judged_property(here.schema, args.resource_type)
    if not added or shape is None:
        return None
    record.remediation(args.urn, added)
    if shape.form == "list":
        # The SDK's list cannot be appended to; its raw items ("__target") keep their secret marks.
        old = props.get(shape.property)
        rows = [{"key": key, "value": value} for key, value in added.items()]
        props[shape.property] = [*(old["__target"] if old is not None else ()), *rows]
    elif props.get(shape.property) is None:
        props[shape.property] = added
    else:
        for key, value in added.items():
            props[shape.property][key] = value
    return props


def list_exemptions(args: StackValidationArgs, report: ReportViolation) -> None:
    """Report once what was excused, and the entries of exemptions.yaml that expired or excused nothing."""
    rows = record.exemption_rows(ready().exemptions, {resource.urn for resource in args.resources})
    stack = next((resource.urn for resource in args.resources if resource.resource_type == STACK_TYPE), "")
    for row in rows:
        record.exemption(row, ready().exemptions.path, stack)
    if rows:
        report("\n".join([*(row.message for row in rows), NOTE]), None)


_LEVELS = {
    "disabled": EnforcementLevel.DISABLED,
    "advisory": EnforcementLevel.ADVISORY,
    "mandatory": EnforcementLevel.MANDATORY,
}


def _resource_policy(policy: Policy) -> ResourceValidationPolicy:
    return ResourceValidationPolicy(
        name=policy.name,
        description=policy.description,
        enforcement_level=_LEVELS[policy.level],
        validate=partial(validate, policy) if policy.codes else None,
        remediate=None if policy.codes else remediate,
    )


def _stack_policy(
    policy: Policy, check: Callable[[StackValidationArgs, ReportViolation], None]
) -> StackValidationPolicy:
    return StackValidationPolicy(
        name=policy.name,
        description=policy.description,
        enforcement_level=_LEVELS[policy.level],
        validate=check,
    )


POLICIES: list[ResourceValidationPolicy | StackValidationPolicy] = [
    _stack_policy(policy, list_exemptions) if policy.name == "exemptions-in-use" else _resource_policy(policy)
    for policy in TABLE
]


def serve() -> None:
    """Check that the pack can judge, then serve its policies to the engine; does not return."""
    ready()
    if os.environ.get(variables.FINDINGS):
        end_with_parent()  # under the gate; the engine ends its plugins itself
    guard_server(refusal)
    PolicyPack(name="costtags", policies=list(POLICIES))
