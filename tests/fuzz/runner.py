"""Runs batches of generated programs on both engines and compares what they say, program by program."""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from costtags.catalog import tag_property
from costtags.effective import UNKNOWN
from costtags.gate.values import SIGNATURE_KEY
from costtags.schema import load

from .. import test_corpus as corpus
from ..engine import drive
from . import generate, render
from .generate import Data

SHARED = "(shared)"
"""Stands for the program to which belongs what belongs to no single one: the stack, the default providers."""


@dataclass(frozen=True)
class Disagreement:
    """Where the engines disagree on a program, each with what it says and the other does not."""

    program: str
    about: str
    embedded: str
    real: str

    def __str__(self) -> str:
        return f"{self.program}: {self.about}\n  embedded: {self.embedded}\n  real:     {self.real}"


@dataclass
class Result:
    """What came of one batch: the outputs of both engines, and where they disagree."""

    batch: Data
    embedded: str
    real: str
    disagreements: list[Disagreement]
    failed: bool = False
    """Whether the program failed on both engines, so that nothing was judged."""
    counts: Counter[str] = field(default_factory=Counter)


class Engines:
    """Both engines, with one backend for all batches, in a folder."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self.folder = folder
        for name in generate.PROJECTS:
            project = folder / "projects" / name
            project.mkdir(parents=True)
            (project / "Pulumi.yaml").write_text(json.dumps({"name": name, "runtime": "python"}))
            drive.select(project, corpus.STACK, self.environment)

    def run(self, batch: Data, name: str) -> Result:
        """Run a batch on both engines and compare."""
        folder = self.folder / name
        project = folder / "project"
        project.mkdir(parents=True)
        path = folder / "program.py"
        path.write_text(render.program_text(batch), encoding="utf-8")
        program = corpus.Program(path)
        corpus.place(program, project)
        try:
            embedded = corpus.run_embedded(program, project)
            real = corpus.run_real(program, project, self.environment)
        except subprocess.TimeoutExpired as error:
            return Result(batch, "", "", [Disagreement(SHARED, "time", str(error), "")])
        schema = project / "tags.yaml"
        found = list(compare(batch, embedded, real, load(schema)))
        counts = Counter(finding["code"] for finding in embedded.findings)
        shutil.rmtree(folder)
        failed = embedded.exit_code not in (0, 1)
        return Result(batch, embedded.output, real.output, found, failed, counts)


def compare(batch: Data, embedded: corpus.Outcome, real: corpus.Outcome, schema: Any) -> Iterator[Disagreement]:
    """Find where the engines disagree: exit status, findings, what the CLI prints, inputs after remediation."""
    failed = [embedded.exit_code not in (0, 1), _program_failed(real)]
    if any(failed):
        if not all(failed) or not any(error in real.output for error in _errors(embedded.output)):
            yield Disagreement(SHARED, "failure", _tail(embedded), _tail(real))
        return
    if "can't run policy" in real.output:
        yield Disagreement(SHARED, "the pack", "", _tail(real))
    if embedded.exit_code != (1 if real.exit_code else 0):
        yield Disagreement(SHARED, "exit code", str(embedded.exit_code), str(real.exit_code))
    names = {program["name"] for program in batch["programs"]}
    ours, theirs = Counter(corpus.comparable(embedded.findings)), Counter(corpus.comparable(real.findings))
    for text in sorted({*ours, *theirs}):
        if ours[text] != theirs[text]:
            yield Disagreement(_owner(text, names), "finding", f"{ours[text]}x {text}", f"{theirs[text]}x {text}")
    yield from _printed(embedded, real, names)
    yield from _inputs(batch, embedded, real, schema)


def _program_failed(real: corpus.Outcome) -> bool:
    # Besides violations, the CLI ends with this one error where the program itself was fine.
    errors = re.findall(r"^ +error: (.*)$", real.output, re.MULTILINE)
    return any(not error.startswith("preview failed") for error in errors)


def _errors(output: str) -> set[str]:
    """Return the beginning of what each error says, without what names the process that says it."""
    found = re.findall(r"^(?:costtags|[\w.]*(?:Error|Exception)): (.*)$", output, re.MULTILINE)
    return {re.split(r"\b(?:error|aws-native:\w+:\w+|\.py:\d+): ", text)[-1][:50] for text in found}


def _tail(outcome: corpus.Outcome) -> str:
    return f"exit {outcome.exit_code}: {outcome.output[-1500:]}"


def _owner(text: str, names: set[str]) -> str:
    """Return the program whose name stands in a URN, or in the pattern of an exemption."""
    found = re.search(r"::(p\d+)-", text)
    return found[1] if found and found[1] in names else SHARED


def _printed(embedded: corpus.Outcome, real: corpus.Outcome, names: set[str]) -> Iterator[Disagreement]:
    """Compare what the CLI itself prints, so how the engine took each violation, with the embedded engine's levels."""
    expected = {
        (finding["level"], finding["policy"], _shown(finding["urn"]))
        for finding in embedded.findings
        if finding["level"] != "exempt"
    }
    found = {
        (level, policy, name)
        for level, policy, name in re.findall(r"^ +- \[(\w+)\]  (\S+)  \((?:\S+: )?(.*)\)$", real.output, re.MULTILINE)
        if level != "remediate"
    }
    for row in sorted(expected ^ found):
        owner = _owner(f"::{row[2]}", names)
        yield Disagreement(owner, "print", str(row in expected), f"{row in found}: {row}")


def _shown(urn: str) -> str:
    return urn.split("::", 3)[3]


def _inputs(batch: Data, embedded: corpus.Outcome, real: corpus.Outcome, schema: Any) -> Iterator[Disagreement]:
    """Compare which resources are judged, and the tags in their inputs after transforms and remediation."""
    names = {program["name"] for program in batch["programs"]}
    imported = tuple(_imported(batch))
    judged = {resource["urn"] for resource in embedded.report["resources"]}
    for urn, state in real.report.items():
        type_ = urn.split("::")[2].rsplit("$", 1)[-1]
        if urn not in judged and schema.enforced_on(type_) and tag_property(type_) and not state.get("external"):
            yield Disagreement(_owner(urn, names), "resource", "not judged", urn)
    for resource in embedded.report["resources"]:
        if resource["urn"] not in real.report:
            yield Disagreement(_owner(resource["urn"], names), "resource", resource["urn"], "not registered")
            continue
        if _shown(resource["urn"]).startswith(imported):
            continue  # the event log has what the import read, which is nothing
        own = [key for key, tag in resource["tags"].items() if tag["source"] in ("resource", "remediation")]
        if not own and SIGNATURE_KEY in (real.report[resource["urn"]]["inputs"].get("tags") or ()):
            continue  # secret as a whole, so that the event log hides it, and unknown or empty
        try:
            corpus.check_inputs({"resources": [_without(resource)]}, _plain_rows(real.report, resource["urn"]))
        except (AssertionError, KeyError, TypeError):
            theirs = json.dumps(real.report[resource["urn"]]["inputs"].get("tags"), ensure_ascii=False)
            ours = json.dumps(resource["tags"], ensure_ascii=False)
            yield Disagreement(_owner(resource["urn"], names), "inputs", f"{resource['urn']} {ours}", theirs)


def _imported(batch: Data) -> Iterator[str]:
    """Yield how the names of imported resources begin."""
    for program in batch["programs"]:
        for step in program["steps"]:
            if "import_" in step.get("opts", {}):
                yield f"{program['name']}-{step['name']}"


def _without(resource: Data) -> Data:
    return {**resource, "tags": {key: tag for key, tag in resource["tags"].items() if key != render.SECRET_ROW}}


def _plain_rows(states: Mapping[str, Any], urn: str) -> dict[str, Any]:
    """Leave out the rows of a list of tags that the event log hides as a whole, and those that are no tag."""
    inputs = states[urn]["inputs"]
    tags = inputs.get("tags")
    if isinstance(tags, list):
        tags = [row for row in tags if row == UNKNOWN or (isinstance(row, dict) and row.get("value") is not None)]
        inputs = {**inputs, "tags": tags}
    return {urn: {**states[urn], "inputs": inputs}}
