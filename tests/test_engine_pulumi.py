"""`costtags preview --engine pulumi`: the real engine without credentials gives the embedded engine's report."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .test_corpus import PROGRAMS, STACK, Program, place

COSTTAGS = Path(sys.executable).with_name("costtags")

# One of each kind; the corpus itself compares the findings of all programs.
CHOSEN = (
    "all_missing",
    "all_right",
    "answered_function",
    "answered_stack_reference",
    "account_in_a_tag",
    "default_tags_in_stack_config",
    "default_tags_of_an_explicit_provider",
    "default_tags_with_a_secret",
    "encrypted_config",
    "exemptions_of_all_kinds",
    "exempt_and_remediated",
    "both_providers",
    "policies_that_deny_what_they_must_not",
    "pipeline_step_with_a_wrong_tag",
)

ACCOUNT = """
import pulumi
import pulumi_aws as aws

network = pulumi.StackReference("acme/network/dev")
tags = {
    "cost-center": "ML-Sales",
    "environment": "dev",
    "project": aws.get_caller_identity().account_id,
    "team": pulumi.Config().require_secret("team"),
}
aws.sagemaker.NotebookInstance(
    "exploration",
    instance_type="ml.t3.medium",
    role_arn="arn:aws:iam::123456789012:role/r",
    subnet_id=network.get_output("subnetId"),
    tags=tags,
)
"""


def judged(engine: str, folder: Path, environment: dict[str, str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        [COSTTAGS, "preview", str(folder), "--stack", STACK, "--engine", engine, "--format", "json", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def comparable(report: dict[str, Any]) -> dict[str, Any]:
    """The report but for its engine; of a secret, the CLI does not tell whether it is known."""
    for resource in report.get("resources", []):
        for tag in resource["tags"].values():
            if tag["secret"]:
                tag["known"] = True
    return {key: value for key, value in report.items() if key != "engine"}


@pytest.mark.engine
@pytest.mark.parametrize("program", [one for one in PROGRAMS if one.name in CHOSEN], ids=lambda one: one.name)
def test_both_engines_give_one_report(program: Program, tmp_path: Path, engine_environment: dict[str, str]) -> None:
    """Resources, tags, findings and places are the same, and so are exit codes and notes."""
    folder = place(program, tmp_path)
    environment = {**engine_environment, **program.label.environment}
    options = ("--policy-config", str(folder / "policies.json"), "--answers", str(folder / "answers.json"))
    ours = judged("embedded", folder, environment, *options)
    theirs = judged("pulumi", folder, environment, *options)
    assert theirs[1].get("engine", "pulumi") == "pulumi"
    assert theirs[0] == ours[0], theirs[2] + ours[2]
    assert comparable(theirs[1]) == comparable(ours[1])
    notes = [[line for line in said.splitlines() if line.startswith("note: ")] for said in (ours[2], theirs[2])]
    assert notes[0] == notes[1]


@pytest.mark.engine
def test_what_would_ask_an_account(tmp_path: Path, engine_environment: dict[str, str]) -> None:
    """Another stack, an encrypted value and the account's id: placeholders, or the user's answers, on both engines."""
    (tmp_path / "Pulumi.yaml").write_text(
        "name: demo\nruntime: {name: python, options: {toolchain: pip, virtualenv: .venv}}\n"
    )
    stack = "config:\n  aws:region: eu-west-1\n  demo:team:\n    secure: v1:abc:def\n"
    (tmp_path / "Pulumi.dev.yaml").write_text(stack)
    (tmp_path / "__main__.py").write_text(ACCOUNT)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "tags.yaml").write_text((Path(__file__).parents[1] / "tags.yaml").read_text())
    (tmp_path / "answers.yaml").write_text(
        "stacks: {acme/network/dev: {subnetId: subnet-1}}\n"
        'functions: {"aws:index/getCallerIdentity:getCallerIdentity": {accountId: churn, arn: a, userId: u, id: x}}\n'
        'config: {"demo:team": ml-core}\n'
    )
    reports = [judged(engine, tmp_path, engine_environment) for engine in ("embedded", "pulumi")]
    assert comparable(reports[0][1]) == comparable(reports[1][1])
    assert [finding["tag"] for finding in reports[1][1]["findings"]] == ["project", "team"]
    for code, _, said in reports:
        assert code == 0
        assert said.startswith("note: placeholders stand for aws:index/getCallerIdentity:getCallerIdentity, config ")
        assert "demo:team, outputs of stack acme/network/dev (answer with --answers FILE)" in said
    options = ("--answers", str(tmp_path / "answers.yaml"))
    reports = [judged(engine, tmp_path, engine_environment, *options) for engine in ("embedded", "pulumi")]
    assert comparable(reports[0][1]) == comparable(reports[1][1])
    tags = reports[1][1]["resources"][0]["tags"]
    assert tags["project"]["value"] == "churn"
    assert tags["team"] == {"value": None, "known": True, "secret": True, "source": "resource"}
    assert [(code, said) for code, _, said in reports] == [(0, ""), (0, "")]
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == stack  # nothing of ours is left in the project
    assert not (tmp_path / ".pulumi").exists()


@pytest.mark.engine
def test_a_program_that_fails(tmp_path: Path, engine_environment: dict[str, str]) -> None:
    """What a program raises is shown; there is no verdict, also where a finding would block."""
    program = next(one for one in PROGRAMS if one.name == "all_missing")
    folder = place(program, tmp_path)
    with (folder / "__main__.py").open("a") as stream:
        stream.write('\nraise ValueError("out of coffee")\n')
    code, report, said = judged("pulumi", folder, engine_environment)
    assert (code, report) == (2, {})
    assert "ValueError: out of coffee" in said
    assert "costtags: the program failed; what it said stands above" in said


@pytest.mark.engine
def test_a_program_that_does_not_end(tmp_path: Path, engine_environment: dict[str, str]) -> None:
    """After --timeout the CLI and all that it started are ended."""
    program = next(one for one in PROGRAMS if one.name == "all_right")
    folder = place(program, tmp_path)
    (folder / "__main__.py").write_text("import time\ntime.sleep(300)\n")
    code, _, said = judged("pulumi", folder, engine_environment, "--timeout", "6")
    assert code == 2
    assert said == "costtags: the preview did not end within 6 seconds (--timeout)\n"


def test_without_a_cli(tmp_path: Path) -> None:
    """Where there is no `pulumi`, the message says what to do."""
    folder = place(next(one for one in PROGRAMS if one.name == "all_right"), tmp_path)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "COSTTAGS_"))}
    code, _, said = judged("pulumi", folder, environment | {"PATH": "/nowhere"})
    assert code == 2
    assert said == (
        "costtags: there is no `pulumi` on PATH: install it (https://www.pulumi.com/docs/install/), or leave --engine "
        "out: the embedded engine needs none\n"
    )
