"""Every labelled program of tests/corpus: both engines find exactly what its label says, and the same as each other.

A program begins with a docstring and, behind it, its label: YAML in comments, whose keys are the fields of `Label`.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import pytest
from ruamel.yaml import YAML

from costtags.catalog import tag_property
from costtags.effective import UNKNOWN
from costtags.gate.fixes import Language, fix
from costtags.gate.values import SIGNATURE_KEY
from costtags.policies import POLICIES
from costtags.policyconfig import levels

from .engine import drive

CORPUS = Path(__file__).parent / "corpus"
PACK = Path(__file__).parents[1] / "policypack"
COSTTAGS = Path(sys.executable).with_name("costtags")
PROJECT, STACK = "corpus", "dev"

# What stands in labels for a value that is not known before deployment, and for one that must not be shown.
NOT_KNOWN, NOT_SHOWN = "(unknown)", "(secret)"

Row = tuple[str, str, str, str, str | None]
"""A finding in a label's terms: resource, policy, level, code, tag."""


@dataclass(frozen=True)
class Label:
    """What must be found in a program, and what it is run with."""

    expect: list[dict[str, Any]]
    """Findings: resource, policy, code, tag, level (mandatory), says (part of message or fix)."""
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """Resource -> its effective tags, all of them; (unknown) and (secret) stand for values not shown."""
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    """Resource -> tag -> where it comes from."""
    remediated: list[str] = field(default_factory=list)
    """Resources that the default-tags policy changes."""
    hidden: list[str] = field(default_factory=list)
    """Texts that no output may hold."""
    fails: str | None = None
    """The program cannot be judged, on either engine; the text is part of what both say."""
    config: dict[str, Any] = field(default_factory=dict)
    """Stack config, besides a region."""
    stack_file: str | None = None
    """The whole text of the stack's file instead, where how it is written matters."""
    environment: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Any] = field(default_factory=dict)
    """Policy config."""
    exemptions: list[dict[str, Any]] = field(default_factory=list)
    """The content of exemptions.yaml; a date can be written as days from today: +30d."""
    schema: str = "tags.yaml"
    answers: dict[str, Any] = field(default_factory=dict)
    project: dict[str, Any] = field(default_factory=dict)
    """Further entries of Pulumi.yaml."""
    engines: list[str] = field(default_factory=lambda: ["embedded", "pulumi"])
    reason: str = ""
    """Why `engines` leaves one out."""


@dataclass(frozen=True)
class Program:
    """A program of the corpus."""

    path: Path

    @property
    def name(self) -> str:
        """The name of its tests."""
        return self.path.stem

    @cached_property
    def text(self) -> str:
        """The whole file."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def label(self) -> Label:
        """The label; a misspelt key is a TypeError."""
        docstring = ast.parse(self.text).body[0]
        assert isinstance(docstring, ast.Expr), f"{self.name} has no docstring"
        comments = []
        for line in self.text.splitlines()[docstring.end_lineno :]:
            if not line.startswith("#"):
                break
            comments.append(line[2:])
        return Label(**YAML(typ="safe", pure=True).load("\n".join(comments)))

    @property
    def rows(self) -> list[Row]:
        """The expected findings, sorted."""
        return in_order(
            (e["resource"], e["policy"], e.get("level", "mandatory"), e["code"], e.get("tag"))
            for e in self.label.expect
        )


PROGRAMS = [Program(path) for path in sorted(CORPUS.glob("*.py"))]


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Sort findings, of which some have no tag."""
    return sorted(rows, key=lambda row: tuple(part or "" for part in row))


@dataclass(frozen=True)
class Outcome:
    """What an engine said of a program; ``findings`` have urn, policy, level, code, tag, message, fix."""

    exit_code: int
    output: str
    findings: list[dict[str, Any]]
    report: dict[str, Any]
    """The embedded engine's JSON, or the real one's new resources by URN, as its event log has them."""

    @property
    def rows(self) -> list[Row]:
        """The findings in a label's terms, sorted."""
        return in_order((resource_name(f["urn"]), f["policy"], f["level"], f["code"], f["tag"]) for f in self.findings)


def resource_name(urn: str) -> str:
    """Return a URN's resource name; a default provider's without the version of its package."""
    name = urn.split("::", 3)[3]
    return re.sub(r"^default_[\d_]+$", "default", name) if "pulumi:providers:" in urn else name


# ---- running


def place(program: Program, folder: Path) -> Path:
    """Write a program, its config and what it is judged by as a project."""
    label = program.label
    project = {
        "name": PROJECT,
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}},
        **label.project,
    }
    contents = {
        "Pulumi.yaml": json.dumps(project),
        f"Pulumi.{STACK}.yaml": label.stack_file or json.dumps({"config": {"aws:region": "eu-west-1", **label.config}}),
        "__main__.py": program.text,
        "tags.yaml": (CORPUS / label.schema).read_text(encoding="utf-8"),
        "policies.json": json.dumps(label.policies),
        "answers.json": json.dumps(label.answers),
    }
    if label.exemptions:
        contents["exemptions.yaml"] = json.dumps([dated(entry) for entry in label.exemptions], indent=1)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def dated(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Replace a date relative to today by that date."""
    days = re.fullmatch(r"([+-]\d+)d", entry["expires"])
    if days is None:
        return dict(entry)
    return {**entry, "expires": str(datetime.now(tz=UTC).date() + timedelta(days=int(days[1])))}


def run_embedded(program: Program, folder: Path) -> Outcome:
    """Judge a program by the embedded engine, in a process of its own."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("AWS_", "PULUMI_", "TF_AWS_", "COSTTAGS_", "PYTHON"))
    }
    done = subprocess.run(
        [
            *(str(COSTTAGS), "preview", str(folder), "--format", "json"),
            *("--policy-config", str(folder / "policies.json"), "--answers", str(folder / "answers.json")),
        ],
        cwd=folder.parent,
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1"} | program.label.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    report = json.loads(done.stdout) if done.stdout else {}
    return Outcome(done.returncode, done.stdout + done.stderr, report.get("findings", []), report)


def run_real(program: Program, folder: Path, environment: Mapping[str, str]) -> Outcome:
    """Judge a program by Pulumi's CLI and the pack."""
    findings, events = folder / "findings.jsonl", folder / "events.jsonl"
    done = drive.run(
        [
            *("preview", "--stack", STACK, "--non-interactive", "--color", "never"),
            *("--policy-pack", str(PACK), "--policy-pack-config", str(folder / "policies.json")),
            *("--event-log", str(events)),
        ],
        folder,
        {
            **environment,
            "COSTTAGS_SCHEMA": str(folder / "tags.yaml"),
            "COSTTAGS_FINDINGS": str(findings),
            "PULUMI_DEBUG_COMMANDS": "1",  # without it there is no event log
            **program.label.environment,
        },
    )
    by_policy = levels(program.label.policies)
    rows = [
        row | {"level": real_level(by_policy[row["policy"]], exempt=row["exempt"])}
        for row in lines(findings)
        if "policy" in row  # the others tell what was remediated
    ]
    resources = {
        metadata["urn"]: metadata["new"]
        for metadata in (event.get("resourcePreEvent", {}).get("metadata") for event in lines(events))
        if metadata and metadata["new"]
    }
    return Outcome(done.exit_code, done.output, rows, resources)


def real_level(level: str, *, exempt: bool) -> str:
    """Return the level that a finding is reported with under its policy's level."""
    if exempt:
        return "exempt"
    return "advisory" if level == "advisory" else "mandatory"


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines, which may not be there."""
    if path.exists():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda program: program.name)
def program(request: pytest.FixtureRequest) -> Program:
    """A program; as the fixture has the module's scope, the tests of one program follow each other."""
    chosen: Program = request.param
    return chosen


@pytest.fixture(scope="module")
def folder(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that a program was written to."""
    return place(program, tmp_path_factory.mktemp(program.name))


@pytest.fixture(scope="module")
def embedded(program: Program, folder: Path) -> Outcome:
    """What the embedded engine said; it runs a program once for all tests of it."""
    return run_embedded(program, folder)


@pytest.fixture(scope="session")
def backend(engine_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a backend that has the one stack that all programs share: previews leave nothing in it."""
    folder = tmp_path_factory.mktemp("backend")
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": PROJECT, "runtime": "python"}))
    drive.select(folder, STACK, engine_environment)
    return engine_environment


# ---- comparing


def printed(output: str) -> list[tuple[str, str, str]]:
    """Return (level, policy, resource) of each violation that the CLI printed; of remediations it prints a number."""
    found = re.findall(r"^ +- \[(\w+)\]  (\S+)  \((?:\S+: )?(.*)\)$", output, re.MULTILINE)
    return sorted((level, policy, re.sub(r"^default_[\d_]+$", "default", name)) for level, policy, name in found)


def expected_print(program: Program) -> list[tuple[str, str, str]]:
    """Return what the CLI must print: each policy once a resource, and how many resources were remediated."""
    shown = {(level, policy, resource) for resource, policy, level, _, _ in program.rows if level != "exempt"}
    count = len(program.label.remediated)
    if count:
        shown.add(("remediate", "default-tags", f"{count} resource{'s' if count > 1 else ''}"))
    return sorted(shown)


def shown_tags(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a resource of the embedded engine's report as labels write them."""
    return {key: shown_value(tag) for key, tag in resource["tags"].items()}


def shown_value(tag: Mapping[str, Any]) -> str:
    """Return the value of a tag of the report as labels write it: of a secret, not even whether it is known."""
    if tag["secret"]:
        assert tag["value"] is None
        return NOT_SHOWN
    return str(tag["value"]) if tag["known"] else NOT_KNOWN


def check_inputs(embedded: Mapping[str, Any], real: Mapping[str, Any]) -> None:
    """Check that resources have the same tags in their inputs on both engines, after transforms and remediation."""
    for resource in embedded.get("resources", []):
        shape = tag_property(resource["type"])
        assert shape is not None
        theirs = real[resource["urn"]]["inputs"].get(shape.property) or {}
        inside = ["resource", "remediation"]
        if shape.form == "list" and theirs != UNKNOWN:
            inside.append("provider")  # aws-native adds default tags to the inputs
        ours = {key: shown_value(tag) for key, tag in resource["tags"].items() if tag["source"] in inside}
        if SIGNATURE_KEY in theirs and theirs != UNKNOWN:
            assert set(ours.values()) == {NOT_SHOWN}  # the event log hides a map that is secret as a whole
            continue
        plain = real_tags(theirs)
        merged = [key for key, tag in resource["tags"].items() if tag["source"] == "provider" and tag["secret"]]
        for key in merged if shape.form == "list" and theirs != UNKNOWN else ():
            # aws-native drops the secret mark of default tags when it merges them; the embedded engine keeps it.
            assert plain.pop(key)
            assert ours.pop(key) == NOT_SHOWN
        assert ours == plain


def real_tags(tags: Any) -> dict[str, str]:
    """Return the tags in an input of the real engine's event log as labels write them."""
    if tags == UNKNOWN:
        return {}
    if isinstance(tags, list):
        tags = {tag["key"]: tag["value"] for tag in tags if tag != UNKNOWN and tag["key"] != UNKNOWN}
    return {key: real_value(value) for key, value in tags.items() if value is not None}


def real_value(value: Any) -> str:
    """Return a value of the event log as labels write it."""
    if isinstance(value, dict) and SIGNATURE_KEY in value:
        return NOT_SHOWN
    if isinstance(value, bool):
        return str(value).lower()
    return NOT_KNOWN if value == UNKNOWN else str(value)


def comparable(findings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return findings without what only one engine knows, sorted."""
    return sorted(map(compared, findings))


def compared(finding: Mapping[str, Any]) -> str:
    """Return what is compared of a finding; of its fix, see check_fixes."""
    return json.dumps([finding[name] for name in ("urn", "policy", "level", "code", "tag", "message")])


def check_fixes(embedded: Iterable[Mapping[str, Any]], real: Iterable[Mapping[str, Any]]) -> None:
    """Check that the gate's fixes are the pack's, in some language, below a line that says where."""
    for ours, theirs in zip(sorted(embedded, key=compared), sorted(real, key=compared), strict=True):
        written = {fix(theirs["fix"], theirs["code"], language) for language in get_args(Language)}
        assert ours["fix"].rpartition("\n    ")[2] in written


def check_texts(program: Program, outcome: Outcome) -> None:
    """Check what messages must say, and what nothing may say."""
    for expected in program.label.expect:
        if "says" in expected:
            found = [
                finding["message"] + "\n" + finding["fix"]
                for finding in outcome.findings
                if (resource_name(finding["urn"]), finding["code"], finding["tag"])
                == (expected["resource"], expected["code"], expected.get("tag"))
            ]
            assert any(expected["says"] in text for text in found), f"{expected['says']!r} not in {found}"
    for text in program.label.hidden:
        assert text in program.text
        assert text not in outcome.output
        assert text not in json.dumps(outcome.findings, ensure_ascii=False)


# ---- the tests


def test_embedded(program: Program, embedded: Outcome) -> None:
    """The embedded engine finds what the label says, and its exit code says whether that blocks."""
    if program.label.fails is not None:
        assert embedded.exit_code == 2, embedded.output
        assert program.label.fails in embedded.output
        assert "costtags/gate" not in embedded.output, "a traceback of ours"
        return
    assert embedded.rows == program.rows, embedded.output
    assert embedded.exit_code == (1 if "mandatory" in [row[2] for row in program.rows] else 0), embedded.output
    check_texts(program, embedded)
    resources = {resource_name(resource["urn"]): resource for resource in embedded.report["resources"]}
    for name, tags in program.label.tags.items():
        assert shown_tags(resources[name]) == tags
    for name, sources in program.label.sources.items():
        found = {key: tag["source"] for key, tag in resources[name]["tags"].items()}
        assert {key: found.get(key) for key in sources} == sources
    remediated = {
        name
        for name, resource in resources.items()
        if "remediation" in [tag["source"] for tag in resource["tags"].values()]
    }
    assert remediated == set(program.label.remediated)


@pytest.mark.engine
def test_real_engine(program: Program, folder: Path, embedded: Outcome, request: pytest.FixtureRequest) -> None:
    """Pulumi's own engine finds what the label says, prints it, and agrees with the embedded one word for word."""
    if "pulumi" not in program.label.engines:
        pytest.skip(program.label.reason)
    real = run_real(program, folder, request.getfixturevalue("backend"))
    assert "can't run policy" not in real.output
    if program.label.fails is not None:
        assert real.exit_code != 0, real.output
        assert program.label.fails in real.output
        return
    assert real.rows == program.rows, real.output
    blocks = "mandatory" in [row[2] for row in program.rows]
    assert bool(real.exit_code) == blocks, real.output
    check_texts(program, real)
    assert printed(real.output) == expected_print(program), real.output
    assert embedded.exit_code in (0, 1), embedded.output
    assert comparable(real.findings) == comparable(embedded.findings)
    check_fixes(embedded.findings, real.findings)
    check_inputs(embedded.report, real.report)


def test_the_same_program_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two runs of one program print the same, whatever the order in which its resources were registered."""
    program = next(program for program in PROGRAMS if program.name == "many_resources")
    folder = place(program, tmp_path)
    assert run_embedded(program, folder).output == run_embedded(program, folder).output


def test_the_corpus_has_every_kind_of_finding() -> None:
    """Each code of each policy stands in some label, and each label is of this form."""
    counted = Counter(row[3] for program in PROGRAMS for row in program.rows)
    assert set(counted) == {code for policy in POLICIES for code in policy.codes}
    keys = {"resource", "policy", "code", "tag", "level", "says"}
    for program in PROGRAMS:
        assert all(set(expected) <= keys for expected in program.label.expect), program.name
        assert ("pulumi" in program.label.engines) == (not program.label.reason), program.name
        assert program.text.startswith('"""'), program.name
    assert {item.name for item in fields(Label)} - {"expect"} == {
        key for program in PROGRAMS for key in vars(program.label) if key != "expect"
    }
