"""A Pulumi program, judged by the real policy pack on the embedded engine -> a report."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from costtags.effective import EffectiveTags, TagValue, effective_tags, provider_tags
from costtags.gate import pack as packs
from costtags.gate import program as programs
from costtags.gate import values
from costtags.gate.places import place
from costtags.gate.program import Output, Recording
from costtags.gate.project import Project
from costtags.gate.report import JudgedResource, Level, Report, ReportedFinding, order
from costtags.gate.resources import Resource
from costtags.schema import Schema

STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True, slots=True)
class Job:
    """What to judge and how: levels by policy, answers for what would ask an account, seconds for the program."""

    project: Project
    schema: Schema
    levels: Mapping[str, str]
    answers: Mapping[str, Any]
    seconds: float


def preview(schema_path: Path, load: Callable[[], Job], show: Output) -> Report:
    """Run a program and judge it. Raises ProgramError, PackError, and what ``load`` raises.

    ``load`` reads what the job needs: it is called while the interpreters of program and pack start.
    """
    with programs.starting() as program, packs.starting(schema_path.resolve(), os.environ) as starting:
        job = load()
        pack = starting.ready(job.levels)
        recording = program.run(
            job.project,
            job.answers,
            _judge(job.schema, pack),
            remediates=pack.remediates,
            seconds=job.seconds,
            show=show,
        )
        rows = pack.verdict(recording.resources)
    return _report(job, recording, rows)


def _judge(schema: Schema, pack: packs.Pack) -> programs.Judge:
    from costtags.check import concerns

    def judge(resource: Resource, provider: Resource | None) -> Any:
        if resource.type == STACK_TYPE or concerns(schema, resource.type):
            return pack.judge(resource, provider)
        return None

    return judge


def _report(job: Job, recording: Recording, rows: list[dict[str, Any]]) -> Report:
    return Report(
        engine="embedded",
        project=job.project.name,
        stack=job.project.stack,
        schema=job.schema.path,
        resources=tuple(_judged(job.schema, recording)),
        findings=tuple(sorted((_finding(row, job, recording) for row in rows), key=order)),
        placeholders=tuple(sorted(recording.placeholders)),
    )


def _judged(schema: Schema, recording: Recording) -> list[JudgedResource]:
    from costtags.check import judged_property

    judged = []
    for urn, resource in sorted(recording.resources.items()):
        shape = judged_property(schema, resource.type)
        if shape is None:
            continue
        provider = recording.resources.get(resource.provider_urn)
        names = (shape.property,)
        inputs = values.member_to_plain(resource.inputs, names)
        defaults = provider_tags(values.member_to_plain(provider.inputs, ("defaultTags",)) if provider else {})
        found = effective_tags(resource.type, shape, inputs, defaults, os.environ)
        if resource.before_remediation is not None:
            earlier = values.member_to_plain(resource.before_remediation, names)
            found = _remediated(found, effective_tags(resource.type, shape, earlier, defaults, os.environ))
        judged.append(JudgedResource(urn, resource.type, dict(sorted(found.tags.items()))))
    return judged


def _remediated(after: EffectiveTags, before: EffectiveTags) -> EffectiveTags:
    tags = {
        key: tag if key in before.tags else TagValue(tag.value, "remediation", tag.known, tag.secret)
        for key, tag in after.tags.items()
    }
    return EffectiveTags(tags, after.unknown)


def _finding(row: Mapping[str, Any], job: Job, recording: Recording) -> ReportedFinding:
    level: Level = "exempt" if row["exempt"] else "advisory"
    if not row["exempt"] and job.levels[row["policy"]] != "advisory":
        level = "mandatory"  # also "remediate": what it could not mend blocks
    resource = recording.resources.get(row["urn"])
    file, line = place(resource.frames if resource else (), job.project.folder)
    if row["policy"] == "exemptions-in-use":
        file, line = job.project.relative(row["file"]), row["line"]
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
