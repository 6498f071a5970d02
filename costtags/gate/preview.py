"""A Pulumi program, judged by the real policy pack on the embedded engine -> a report."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2

from costtags.check import concerns, judged_property
from costtags.documents.judge import JUDGED
from costtags.effective import STACK_TYPE, EffectiveTags, TagValue, effective_tags, provider_tags, tag_variables
from costtags.gate import values
from costtags.gate.fixes import Config, Facts, Mended, Problem, mend, read_config
from costtags.gate.pack import Pack
from costtags.gate.processes import Processes
from costtags.gate.program import Output, record
from costtags.gate.project import Project, environment_answers
from costtags.gate.report import JudgedResource, Level, Report, ReportedFinding, order
from costtags.gate.resources import Resource
from costtags.policyconfig import changed
from costtags.schema import Schema


@dataclass(frozen=True, slots=True)
class Job:
    """What to judge and how: levels by policy, the answers that the program was given, seconds for it."""

    project: Project
    schema: Schema
    levels: Mapping[str, str]
    answers: Mapping[str, Any]
    seconds: float


def preview(processes: Processes, program: Connection, job: Job, show: Output) -> Report:
    """Judge a program that has been given its job. Raises ProgramError, PackError."""
    environment = {**os.environ, **environment_answers(job.answers)[1]}
    judge = _Judge(job.schema, Pack(processes, job.levels), environment)
    recording = record(processes, program, job.project, judge, seconds=job.seconds, show=show)
    rows = judge.pack.verdict(recording.resources)
    return Report(
        engine="embedded",
        project=job.project.name,
        stack=job.project.stack,
        schema=job.schema.path,
        resources=tuple(judge.judged[urn] for urn in sorted(judge.judged)),
        findings=findings(rows, job, recording.resources, judge.judged),
        placeholders=tuple(sorted(recording.placeholders)),
        unused_answers=tuple(sorted(answered(job.answers) - recording.answers_used)),
        levels=changed(job.levels),
        others=sum(
            r.type.startswith(("aws:", "aws-native:")) and r.type not in JUDGED and r.urn not in judge.judged
            for r in recording.resources.values()
        ),
        documents=sum(r.type in JUDGED for r in recording.resources.values()),
    )


def answered(answers: Mapping[str, Any]) -> set[str]:
    """Return what the answers answer, as a run notes what it asked for."""
    return {f"{section} {name}" for section in ("functions", "stacks") for name in answers.get(section) or {}}


class _Judge:
    """Has each resource judged while the program goes on, and notes the tags that it will have."""

    def __init__(self, schema: Schema, pack: Pack, environment: Mapping[str, str]) -> None:
        self.pack = pack
        self.judged: dict[str, JudgedResource] = {}
        self._schema = schema
        self._variables = tag_variables(environment)

    def __call__(self, resource: Resource, provider: Resource | None) -> struct_pb2.Struct | None:
        if not self._is_judged(resource.type):
            return None
        remediated = self.pack.judge(resource, provider)
        tags = self._tags(resource, resource.inputs, provider)
        if tags is not None and remediated is not None:
            tags = _remediated(self._tags(resource, remediated, provider), tags)
        if tags is not None:
            self.judged[resource.urn] = JudgedResource(resource.urn, resource.type, dict(sorted(tags.tags.items())))
        return remediated

    def _is_judged(self, type_: str) -> bool:
        return type_ == STACK_TYPE or type_ in JUDGED or concerns(self._schema, type_)

    def _tags(self, resource: Resource, inputs: struct_pb2.Struct, provider: Resource | None) -> EffectiveTags | None:
        shape = judged_property(self._schema, resource.type)
        if shape is None:
            return None
        own = values.member_to_plain(inputs, (shape.property,))
        defaults = values.member_to_plain(provider.inputs, ("defaultTags",)) if provider else {}
        return effective_tags(resource.type, shape, own, provider_tags(defaults), self._variables)


def _remediated(after: EffectiveTags | None, before: EffectiveTags) -> EffectiveTags:
    assert after is not None
    tags = {
        key: tag if key in before.tags else TagValue(tag.value, "remediation", tag.known, tag.secret)
        for key, tag in after.tags.items()
    }
    return EffectiveTags(tags, after.unknown)


def findings(
    rows: Sequence[Mapping[str, Any]],
    job: Job,
    resources: Mapping[str, Resource],
    judged: Mapping[str, JudgedResource],
) -> tuple[ReportedFinding, ...]:
    """Turn what the pack wrote into findings with their places and fixes, sorted."""
    config = read_config(job.project, job.answers) if rows else Config(job.project.name)
    here, folder = Path.cwd(), job.project.folder
    facts = Facts(
        resources,
        {urn: resource.tags for urn, resource in judged.items()},
        job.project,
        config,
        here if folder.is_relative_to(here) else folder,
    )
    problems = [Problem(row["urn"], row["code"], row["tag"], row["fix"], not row["exempt"]) for row in rows]
    mended = mend(facts, problems)
    return tuple(sorted((_reported(row, job, one) for row, one in zip(rows, mended, strict=True)), key=order))


def _reported(row: Mapping[str, Any], job: Job, mended: Mended) -> ReportedFinding:
    level: Level = "exempt" if row["exempt"] else "advisory"
    if not row["exempt"] and job.levels[row["policy"]] != "advisory":
        level = "mandatory"  # also "remediate": what it could not mend blocks
    file, line = mended.line
    if row["policy"] == "exemptions-in-use":
        file, line = job.project.relative(Path(row["file"])), row["line"]
    return ReportedFinding(
        urn=row["urn"],
        type=row["type"],
        policy=row["policy"],
        level=level,
        code=row["code"],
        tag=row["tag"],
        message=row["message"],
        fix=mended.fix,
        file=file,
        line=line,
        chain=mended.chain,
    )
