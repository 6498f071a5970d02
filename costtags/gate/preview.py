"""A Pulumi program, judged by the real policy pack on the embedded engine -> a report."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costtags.check import concerns, judged_property
from costtags.effective import EffectiveTags, TagValue, effective_tags, provider_tags
from costtags.exemptions import beside
from costtags.gate import pack as packs
from costtags.gate import values
from costtags.gate.monitor import STACK_TYPE, Monitor, Recording, Resource
from costtags.gate.places import place
from costtags.gate.program import Output, run
from costtags.gate.project import Project, program_environment
from costtags.gate.report import JudgedResource, Level, Report, ReportedFinding, order
from costtags.schema import Schema


@dataclass(frozen=True, slots=True)
class Settings:
    """How to judge: levels by policy, answers for what would ask an account, seconds for the program."""

    levels: Mapping[str, str]
    answers: Mapping[str, Any]
    seconds: float


def preview(project: Project, schema: Schema, settings: Settings, show: Output) -> Report:
    """Run the program and judge it. Raises ProgramError, PackError."""
    environment = program_environment(project, settings.answers)
    schema_path = Path(schema.path).resolve()
    with packs.starting(schema_path, settings.levels, os.environ) as starting:
        ready: list[packs.Pack] = []

        def judge(resource: Resource, provider: Resource | None) -> Any:
            if not concerns(schema, resource.type) and resource.type != STACK_TYPE:
                return None
            return ready[0].judge(resource, provider)

        ready.append(starting.ready())
        monitor = Monitor(project, settings.answers, judge)
        recording = run(project, monitor, environment, seconds=settings.seconds, show=show)
        rows = ready[0].verdict(recording.resources)
    return Report(
        engine="embedded",
        project=project.name,
        stack=project.stack,
        schema=schema.path,
        resources=tuple(_judged(schema, recording)),
        findings=tuple(sorted((_finding(row, project, recording, settings, schema) for row in rows), key=order)),
        placeholders=tuple(sorted({*recording.placeholders, *(f"config {key}" for key in project.unanswered)})),
    )


def _judged(schema: Schema, recording: Recording) -> list[JudgedResource]:
    judged = []
    for urn, resource in sorted(recording.resources.items()):
        shape = judged_property(schema, resource.type)
        if shape is None:
            continue
        provider = recording.resources.get(resource.provider_urn)
        names = (shape.property,)
        inputs = values.member_to_plain(resource.inputs, names)
        defaults = values.member_to_plain(provider.inputs, ("defaultTags",)) if provider else {}
        found = effective_tags(resource.type, shape, inputs, provider_tags(defaults), os.environ)
        if resource.before_remediation is not None:
            earlier = values.member_to_plain(resource.before_remediation, names)
            found = _remediated(
                found, effective_tags(resource.type, shape, earlier, provider_tags(defaults), os.environ)
            )
        judged.append(JudgedResource(urn, resource.type, dict(sorted(found.tags.items()))))
    return judged


def _remediated(after: EffectiveTags, before: EffectiveTags) -> EffectiveTags:
    tags = {
        key: tag if key in before.tags else TagValue(tag.value, "remediation", tag.known, tag.secret)
        for key, tag in after.tags.items()
    }
    return EffectiveTags(tags, after.unknown)


def _finding(
    row: Mapping[str, Any], project: Project, recording: Recording, settings: Settings, schema: Schema
) -> ReportedFinding:
    level: Level = "exempt" if row["exempt"] else "advisory"
    if not row["exempt"] and settings.levels[row["policy"]] != "advisory":
        level = "mandatory"  # also "remediate": what it could not mend blocks
    resource = recording.resources.get(row["urn"])
    file, line = place(resource.frames if resource else (), project.folder)
    if row["policy"] == "exemptions-in-use":
        file, line = project.relative(beside(Path(schema.path).resolve())), row["line"]
    return ReportedFinding(
        urn=row["urn"],
        type=row["type"],
        policy=row["policy"],
        level=level,
        code=row["code"],
        tag=row["tag"],
        message=row["message"],
        fix=row["fix"],
        file=file,
        line=line,
    )
