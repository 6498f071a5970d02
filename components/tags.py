"""The stack's and a component's tags -> the tags of its resources, or one error with everything that is wrong."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import pulumi
from pulumi.runtime.stack import Stack

from costtags import variables
from costtags.check import Finding, Place, grouped, judge, missing_defaults
from costtags.components.arguments import users_line
from costtags.components.context import Context, Tags, config_tags, context, provider_inputs
from costtags.effective import UNKNOWN, is_unknown

LEFT_TO_THE_PACK = ("unknown-value", "ignored-key")

Added = dict[str, str]
"""The tags that one child gets besides its own: the schema's defaults."""


class TagError(pulumi.RunError):
    """The resources of a component may not be created with these tags.

    ``findings`` holds what is wrong: the URN and the type that a resource would get, and the finding.
    """

    def __init__(self, message: str, findings: Sequence[tuple[str, str, Finding]]) -> None:
        self.findings = tuple(findings)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Child:
    """A resource that a component will create: its name in messages, its type, its own tags, what else is judged.

    One that is ``inside`` stands in the inputs of another, whose type and URN it then has: the pack does not see it.
    """

    label: str
    type: str
    tags: Tags | None = None
    judged: Mapping[str, Any] = field(default_factory=dict)
    inside: bool = False


def checked_tags(
    token: str,
    name: str,
    opts: pulumi.ResourceOptions | None,
    children: Sequence[Child],
    line: str | None = None,
) -> list[Tags]:
    """Return the tags of each child: the stack's, overlaid by its own, and the schema's defaults where both lack.

    Raises TagError for what is certainly wrong, before anything is registered. What is known only later is judged
    then: the tags returned fail the deployment of whatever takes them. ``line`` is the user's, where the caller's
    stack no longer shows it.
    """
    opts = opts or pulumi.ResourceOptions()
    component = _Component(context(), token, name, users_line() if line is None else line, children)
    tags = [rereadable(overlay(config_tags(), child.tags)) for child in children]
    inputs = [{**child.judged, "tags": own} for child, own in zip(children, tags, strict=True)]
    facts = [inputs, provider_inputs(opts), _urn_of(opts.parent)]
    now = [known_now(fact) for fact in facts]
    added = component.judge(*now)
    waits = _has_unknown(now[:-1]) or (now[-1] == UNKNOWN and bool(component.context.exemptions.valid))
    if not waits:
        return [overlay(own, more) for own, more in zip(tags, added, strict=True)]
    later = pulumi.Output.unsecret(known_later(facts).apply(lambda known: component.judge(*known)))
    return [_after(later, index, own) for index, own in enumerate(tags)]


def overlay(below: Tags, above: Tags | None) -> Tags:
    """Put tags over others; single values may be outputs, and so may be the whole maps."""
    if above is None:
        return below
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **above}
    if not isinstance(above, pulumi.Output) and not isawaitable(above):
        if not isinstance(above, Mapping):
            raise pulumi.RunError(f"tags must be a map of keys to values, not a {type(above).__name__}")
        return pulumi.Output.from_input(below).apply(lambda known: {**known, **above})
    return pulumi.Output.from_input(above).apply(lambda known: overlay(below, known))


def rereadable(tags: Tags) -> Tags:
    """Turn awaitables, which can be read once, into outputs: tags are judged and then used."""
    if not isinstance(tags, Mapping):
        return pulumi.Output.from_input(tags) if isawaitable(tags) else tags
    return {key: pulumi.Output.from_input(value) if isawaitable(value) else value for key, value in tags.items()}


def _urn_of(parent: pulumi.Resource | None) -> pulumi.Input[str]:
    """Return the URN of the resource above a component, or "" for the stack."""
    if parent is None or isinstance(parent, Stack):
        return ""
    # Not the URN's own output: with it the children would wait for the parent, whose children they are.
    urn: Any = parent.urn.future()
    return pulumi.Output.from_input(urn)


def _after(later: pulumi.Output[list[Added]], index: int, own: Tags) -> Tags:
    """Return tags that are known only once they were judged; each value stays as known and as secret as it was."""
    return later.apply(lambda added: overlay(own, added[index]))


def known_now(value: Any) -> Any:
    """Copy a value with UNKNOWN for what is known only later."""
    if isinstance(value, pulumi.Output) or isawaitable(value):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: known_now(item) for key, item in value.items()}
    if isinstance(value, list):
        return [known_now(item) for item in value]
    return value


def _has_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_unknown, value.values()))
    return any(map(_has_unknown, value)) if isinstance(value, list) else is_unknown(value)


def known_later(value: Any) -> pulumi.Output[Any]:
    """Resolve a value with UNKNOWN for what a preview does not know; unlike Output.all, the rest stays known."""
    if isinstance(value, pulumi.Output) or isawaitable(value):
        return pulumi.Output._from_input_shallow(value).apply(known_later, True)
    if isinstance(value, pulumi.output.Unknown):
        return pulumi.Output.from_input(UNKNOWN)
    if isinstance(value, Mapping) and value:
        keys = list(value)
        items = pulumi.Output.all(*map(known_later, value.values()))
        return items.apply(lambda known: dict(zip(keys, known, strict=True)))
    if isinstance(value, list) and value:
        return pulumi.Output.all(*map(known_later, value))
    return pulumi.Output.from_input(value)


@dataclass(frozen=True, slots=True)
class _Component:
    """A component whose children are judged."""

    context: Context
    token: str
    name: str
    line: str
    children: Sequence[Child]

    def judge(self, inputs: Sequence[dict[str, Any]], provider: Any, parent: str) -> list[Added]:
        """Judge every child by what is known; return the defaults that each gets, or raise TagError."""
        if provider == UNKNOWN:
            provider = {"defaultTags": UNKNOWN}
        added: list[Added] = []
        refused: list[_Refused] = []
        for child, own in zip(self.children, inputs, strict=True):
            more = missing_defaults(self.context.schema, Place(child.type, own, provider), os.environ)
            added.append(more)
            place = Place(child.type, {**own, "tags": {**own["tags"], **more}} if more else own, provider)
            refused += self._refused(child, place, parent)
        if pulumi.runtime.is_dry_run() and os.environ.get(variables.GATE):
            reported = {one.finding for one in refused if not one.child.inside}
            refused = [one for one in refused if one.child.inside and one.finding not in reported]
        if refused:
            raise TagError(self._message(refused), [(one.urn, one.child.type, one.finding) for one in refused])
        return added

    def _refused(self, child: Child, place: Place, parent: str) -> Iterator["_Refused"]:
        files = self.context
        if parent == UNKNOWN and files.exemptions.valid:
            return  # not before it is known which resource this is
        urn = self._urn(child, parent)
        for finding in judge(files.schema, place, os.environ):
            if finding.code in LEFT_TO_THE_PACK or files.exemptions.excusing(urn, finding.policy, finding.tag):
                continue
            yield _Refused(child, urn, finding)

    def _urn(self, child: Child, parent: str) -> str:
        above = f"{parent.split('::')[2]}$" if parent and parent != UNKNOWN else ""
        if above == "pulumi:pulumi:Stack$":  # served to a program in another language, which names it
            above = ""
        stack, project = pulumi.get_stack(), pulumi.get_project()
        return f"urn:pulumi:{stack}::{project}::{above}{self.token}${child.type}::{self.name}"

    def _message(self, refused: Sequence["_Refused"]) -> str:
        labels: dict[tuple[Finding, ...], list[str]] = {}
        for child in self.children:
            findings = tuple(one.finding for one in refused if one.child is child)
            if findings:
                labels.setdefault(findings, []).append(child.label)
        blocks = [
            grouped(findings) if len(named) == len(self.children) else f"on {', '.join(named)}:\n{grouped(findings)}"
            for findings, named in labels.items()
        ]
        title = f'{self.line}{self.token.rsplit(":", 1)[1]} "{self.name}" breaks the rules for tags'
        config = pulumi.Config().full_key("tags")
        judged_by = f"judged by {self.context.schema.path}; tags of the whole stack stand in its config {config}"
        return "\n".join([title, *blocks, judged_by])


@dataclass(frozen=True, slots=True)
class _Refused:
    child: Child
    urn: str
    finding: Finding
