"""The policy pack on the real Pulumi engine: its promises about unknown values, secrets, config and refusals."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .engine import drive

PACK = Path(__file__).parents[1] / "policypack"
COSTTAGS = Path(sys.executable).with_name("costtags")

TAGS = """\
version: 1
tags:
  cost-center: {values: [ML-Marketing, ML-Sales]}
  environment: {values: [dev, staging, prod], default: dev}
"""
HEAD = """\
import pulumi, pulumi_aws as aws
RIGHT = {"cost-center": "ML-Sales", "environment": "dev"}
def model(name, tags=RIGHT, **options):
    return aws.sagemaker.Model(name, execution_role_arn="role", tags=tags, **options)
"""

Project = Callable[..., Path]
pytestmark = pytest.mark.engine


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    """A tags.yaml that no project stands beside."""
    path = tmp_path / "schema" / "tags.yaml"
    path.parent.mkdir()
    path.write_text(TAGS)
    return path


@pytest.fixture
def env(engine_environment: dict[str, str], schema: Path) -> dict[str, str]:
    """The engine's environment, with the schema named."""
    return {**engine_environment, "COSTTAGS_SCHEMA": str(schema)}


def policies(run: drive.Run) -> list[str]:
    """Return the lines of the CLI that begin a violation, sorted."""
    return sorted(line.strip() for line in run.output.splitlines() if line.strip().startswith("- ["))


EIGHT = (
    HEAD
    + """\
by_default = aws.Provider("by-default", region="eu-west-1", default_tags={"tags": RIGHT})
source = model("source")
model("default-tags-only", None, opts=pulumi.ResourceOptions(provider=by_default))
model("missing-beside-unknown", {"cost-center": source.arn})
model("wrong-value", {**RIGHT, "environment": "production"})
model("wrong-case", {"Cost-Center": "ML-Sales", "environment": "dev"})
model("unknown-value", {**RIGHT, "environment": source.arn})
model("unknown-map", source.arn.apply(lambda arn: {**RIGHT, "of": arn}))
model("secret", {**RIGHT, "token": pulumi.Output.secret("do-not-tell"), "environment": pulumi.Output.secret("hush")})
"""
)


def test_the_eight_cases(project: Project, env: dict[str, str]) -> None:
    """One program, eight cases that packs get wrong: default tags, unknowns, values, case, secrets, noise."""
    run = drive.preview(project(EIGHT), env=env, policy_pack=PACK)
    assert run.exit_code != 0
    assert policies(run) == [
        "- [advisory]  tag-values-known  (aws:sagemaker:Model: missing-beside-unknown)",
        "- [advisory]  tag-values-known  (aws:sagemaker:Model: unknown-map)",
        "- [advisory]  tag-values-known  (aws:sagemaker:Model: unknown-value)",
        "- [mandatory]  required-tags  (aws:sagemaker:Model: missing-beside-unknown)",
        "- [mandatory]  tag-spelling  (aws:sagemaker:Model: wrong-case)",
        "- [mandatory]  tag-values  (aws:sagemaker:Model: secret)",
        "- [mandatory]  tag-values  (aws:sagemaker:Model: wrong-value)",
    ]
    assert "can't run policy" not in run.output
    assert "hush" not in run.output
    assert "do-not-tell" not in run.output


def test_up_stops_a_value_that_turns_out_wrong(project: Project, env: dict[str, str]) -> None:
    """A tag unknown in the preview is judged before the resource is created, and a wrong one stops it."""
    folder = project(HEAD + 'source = model("source")\nmodel("fed", {**RIGHT, "environment": source.name})\n')
    preview = drive.preview(folder, env=env, policy_pack=PACK)
    assert (preview.exit_code, policies(preview)) == (
        0,
        ["- [advisory]  tag-values-known  (aws:sagemaker:Model: fed)"],
    )
    for name, created in [("prod", True), ("production", False)]:
        outputs = json.dumps({"aws:sagemaker/model:Model": {"name": name}})
        run = drive.up(folder, env={**env, "COSTTAGS_DRY_OUTPUTS": outputs}, policy_pack=PACK)
        state = json.loads(drive.run(["stack", "export", "--stack", "dev"], folder, env).stdout)
        names = {resource["urn"].split("::")[-1] for resource in state["deployment"].get("resources", [])}
        assert (run.exit_code == 0, "fed" in names) == (created, created)
        assert ("- [mandatory]  tag-values  (aws:sagemaker:Model: fed)" in policies(run)) is not created
        assert drive.run(["destroy", "--yes", "--stack", "dev"], folder, env).exit_code == 0


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"requird-tags": "advisory"}, 'unknown policy "requird-tags"; did you mean "required-tags"?'),
        (
            {"tag-values": {"enforcementLevel": "advisory", "allow": ["x"]}},
            '"tag-values" takes no property "allow": only "enforcementLevel"',
        ),
        ({"tag-values": "advisry"}, "advisry"),
    ],
)
def test_a_misspelt_config_is_refused(
    project: Project, env: dict[str, str], config: dict[str, object], message: str
) -> None:
    """A misspelt policy, property or level stops the preview; the SDK alone would let it pass silently."""
    run = drive.preview(project(HEAD + 'model("m")'), env=env, policy_pack=PACK, policy_config=config)
    assert run.exit_code != 0
    assert message in run.output


@pytest.mark.parametrize("config", [{}, {"required-tags": "disabled"}, {"all": "advisory"}])
def test_the_pack_refuses_another_project(
    project: Project, engine_environment: dict[str, str], config: dict[str, str]
) -> None:
    """Without COSTTAGS_SCHEMA the pack judges only the project that its folder stands in, whatever the levels."""
    run = drive.preview(project(HEAD + 'model("m")'), env=engine_environment, policy_pack=PACK, policy_config=config)
    assert run.exit_code != 0
    assert "this pack judges project" in run.output
    assert "set COSTTAGS_SCHEMA to the absolute path of its tags.yaml" in run.output


def test_the_pack_judges_the_project_that_it_stands_in(project: Project, engine_environment: dict[str, str]) -> None:
    """A pack beside a tags.yaml judges by it, and its output names it."""
    folder = project(HEAD + 'model("m", {})')
    (folder / "tags.yaml").write_text(TAGS)
    shutil.copytree(PACK, folder / "policypack", ignore=shutil.ignore_patterns("__pycache__"))
    run = drive.preview(folder, env=engine_environment, policy_pack=Path("policypack"))
    assert policies(run) == ["- [mandatory]  required-tags  (aws:sagemaker:Model: m)"]
    assert f"judged by {folder / 'tags.yaml'}" in run.output


@pytest.mark.parametrize(
    ("variable", "content", "message"),
    [
        ("tags.yaml", TAGS, 'COSTTAGS_SCHEMA:1: "tags.yaml" must be an absolute path'),
        ("{folder}/none.yaml", TAGS, "none.yaml:1: cannot be read: No such file or directory"),
        ("{folder}/tags.yaml", "tags: {a: {valuse: []}}", "tags.yaml:1: unknown key"),
    ],
)
def test_a_pack_that_cannot_judge_passes_nothing(
    project: Project, engine_environment: dict[str, str], variable: str, content: str, message: str
) -> None:
    """Without a usable schema the pack does not start, and says why without a traceback."""
    folder = project(HEAD + 'model("m")')
    (folder / "tags.yaml").write_text(content)
    env = {**engine_environment, "COSTTAGS_SCHEMA": variable.format(folder=folder)}
    run = drive.preview(folder, env=env, policy_pack=PACK)
    assert run.exit_code != 0
    assert message in run.output
    assert "Traceback" not in run.output


def test_the_installed_pack_is_one_that_pulumi_can_start(project: Project, env: dict[str, str]) -> None:
    """`costtags pack` prints a folder that works as --policy-pack."""
    done = subprocess.run([COSTTAGS, "pack"], capture_output=True, text=True, check=True, env=env)
    run = drive.preview(project(HEAD + 'model("m", {})'), env=env, policy_pack=Path(done.stdout.strip()))
    assert policies(run) == ["- [mandatory]  required-tags  (aws:sagemaker:Model: m)"]
