"""Every command and block that README and docs show: commands print what is shown, blocks mean what is said."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from costtags import exemptions, schema
from costtags.gate.answers import load as load_answers
from costtags.policies import POLICIES
from costtags.policyconfig import load as load_policy_config

from .engine import drive

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "platform-engineer.md"


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: str
    line: int
    language: str
    text: str


def blocks(path: Path) -> Iterator[Block]:
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        line = path.read_text(encoding="utf-8").count("\n", 0, match.start()) + 1
        yield Block(path.name, line, match[1], match[2])


BLOCKS = [*blocks(README), *blocks(GUIDE)]


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def block_id(block: Block) -> str:
    return f"{block.document}:{block.line}"


def commands() -> list[tuple[str, str, str]]:
    """Return (place, command, output shown) of every console block."""
    found = []
    for block in of_language("console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((block_id(block), command, output))
    return found


def environment() -> dict[str, str]:
    # MAKE*: the tests may run under make, which then says which folder it enters.
    ours = ("AWS_", "PULUMI_", "COSTTAGS_", "TF_AWS_", "MAKE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"}


# What cannot run inside the tests, or needs the real engine: those are run below.
ELSEWHERE = ("make test", "pulumi ")


@pytest.mark.parametrize(("place", "command", "output"), commands())
def test_commands_print_what_is_shown(place: str, command: str, output: str) -> None:  # noqa: ARG001 - names the test
    """A command of the documents runs in the repository and prints what stands behind it."""
    if command.startswith(ELSEWHERE):
        return
    if command == "costtags preview":
        command += " --stack dev"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == (1 if "\nBlocked: " in output else 0), done.stderr
    if output:
        assert done.stdout == output


def test_make_preview_ends_as_the_readme_says() -> None:
    """`make preview` prints the resources of the example and passes."""
    done = subprocess.run(["make", "preview"], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    (ending,) = (block.text for block in of_language("text"))
    assert done.stdout.endswith(ending)
    assert "exploration  aws:sagemaker/notebookInstance:NotebookInstance\n    cost-center  ML-Research\n" in done.stdout


@pytest.mark.engine
@pytest.mark.parametrize("pack", ["policypack", "$(costtags pack)"])
def test_the_real_engine_passes_the_example_as_typed(engine_environment: dict[str, str], pack: str) -> None:
    """`pulumi preview --policy-pack policypack` in the repository passes, with the pack of either command."""
    shown = [command for _, command, _ in commands() if command.startswith("pulumi ")]
    assert f'--policy-pack "{pack}"' in " ".join(shown) or f"--policy-pack {pack}" in " ".join(shown)
    drive.select(ROOT, "dev", engine_environment)
    env = {**engine_environment, "COSTTAGS_SCHEMA": str(ROOT / "tags.yaml")} if "$" in pack else engine_environment
    done = subprocess.run(
        ["bash", "-c", f'pulumi preview --policy-pack "{pack}" --non-interactive --color never'],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✅ costtags@v0.1.0" in done.stdout
    assert "can't run policy" not in done.stdout


@pytest.mark.engine
def test_the_real_engine_deploys_the_example(engine_environment: dict[str, str]) -> None:
    """`pulumi up` of the shipped program runs, with the pack, against the dry provider."""
    done = drive.up(ROOT, "dev", env=engine_environment, policy_pack=Path("policypack"))
    assert done.exit_code == 0, done.output
    assert drive.run(["destroy", "--yes", "--stack", "dev"], ROOT, engine_environment).exit_code == 0


def test_the_commands_named_exist() -> None:
    """Every `costtags` and `make` command that the documents name is there."""
    text = README.read_text(encoding="utf-8") + GUIDE.read_text(encoding="utf-8")
    known = subprocess.run(["costtags", "--help"], env=environment(), capture_output=True, text=True, check=True).stdout
    for name in set(re.findall(r"`costtags ([a-z]+)", text)):
        assert re.search(rf"^  {name} ", known, re.MULTILINE), name
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in set(re.findall(r"`make ([a-z]+)`", text)) | {"test", "preview"}:
        assert re.search(rf"^{name}:", targets, re.MULTILINE), name


@pytest.mark.parametrize("block", of_language("yaml") + of_language("json"), ids=block_id)
def test_blocks_mean_what_they_are_shown_for(block: Block, tmp_path: Path) -> None:
    """A YAML or JSON block is accepted by what reads such a file."""
    path = tmp_path / "block.yaml"
    path.write_text(block.text, encoding="utf-8")
    data = YAML(typ="safe", pure=True).load(block.text)
    if isinstance(data, list):
        assert len(exemptions.load(path, date(2026, 11, 22)).valid) == 1
    elif "version" in data:
        assert schema.load(path).required
    elif "functions" in data:
        assert load_answers(path) == data
    elif block.language == "json":
        assert load_policy_config(path) == json.loads(block.text)
    else:
        assert list(data) == ["config"]


def test_the_readme_is_short_and_its_schema_has_ten_lines() -> None:
    """The README has under 150 lines, and shows tags.yaml in ten."""
    assert len(README.read_text(encoding="utf-8").splitlines()) < 150
    shown = next(block for block in BLOCKS if block.language == "yaml" and block.document == "README.md")
    assert len(shown.text.splitlines()) <= 10


def test_the_table_of_policies_is_the_packs() -> None:
    """The guide's table names every policy with its default level."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(policy.name, policy.level) for policy in POLICIES]
