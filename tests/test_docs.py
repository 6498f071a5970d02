"""Every command and block that README and docs show: commands print what is shown, blocks mean what is said."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import botocore
import botocore.session
import pytest
from ruamel.yaml import YAML

from costtags import exemptions, schema
from costtags.components.organization_tag_policies import STAGES
from costtags.costs.sample import sample_cells
from costtags.costs.sample_files import write_sample
from costtags.documents.settings import read as read_settings
from costtags.documents.table import PERMISSIONS
from costtags.gate.answers import load as load_answers
from costtags.policies import POLICIES
from costtags.policyconfig import load as load_policy_config
from costtags.repair.rules import load as load_rules
from demo.content import fill
from demo.server import MotoAccount

from .aws_account import ACCOUNT, AwsAccount, Held, serving
from .aws_account import environment as logged_in
from .aws_models import validate
from .doctor_aws import moto_server, running
from .engine import drive
from .test_cli_activate import Service, seen, service
from .test_cli_activate import run as activate

__all__ = ["service"]  # a fixture

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "platform-engineer.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: str
    line: int
    language: str
    text: str


def blocks(path: Path) -> Iterator[Block]:
    for match in re.finditer(
        r"^( *)```(\w+)\n(.*?)^\1```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    ):
        line = path.read_text(encoding="utf-8").count("\n", 0, match.start()) + 1
        yield Block(path.name, line, match[2], textwrap.dedent(match[3]))


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]


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
LIVE = tuple(f"costtags {name}" for name in ("audit", "repair", "doctor", "impact --since"))
BILLS = ("python -m costtags.costs.sample_files", "costtags report", "costtags query")
ELSEWHERE = ("make test", "make demo", "pulumi ", "aws ", "costtags activate", "costtags preview examples/untagged --",
             *LIVE, *BILLS, "costtags render iam-for-audit iam-for-accounts --out")  # fmt: skip


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
    blocked = "\nBlocked: " in output or command.startswith("costtags impact")
    assert done.returncode == (1 if blocked else 0), done.stderr
    if output:
        assert done.stdout == output


@pytest.mark.parametrize(("place", "command", "output"), [row for row in commands() if row[1].startswith("aws ")])
def test_commands_of_the_aws_cli_are_right(place: str, command: str, output: str) -> None:  # noqa: ARG001
    """A command of the AWS CLI names an operation and options that AWS's model of the service has."""
    _, service, operation, *options = shlex.split(command)
    model = botocore.session.get_session().get_service_model(service)
    name = next(one for one in model.operation_names if botocore.xform_name(one, "-") == operation)
    body: dict[str, object] = {}
    for option, value in zip(options[::2], options[1::2], strict=True):
        members = model.operation_model(name).input_shape.members
        member = next(one for one in members if f"--{botocore.xform_name(one, '-')}" == option)
        body[member] = [dict(pair.split("=") for pair in value.split(","))] if "=" in value else value
    validate(service, name, body)


def test_activate_runs_as_shown(service: Service) -> None:
    """Each command that activates keys runs against a stand-in for Cost Explorer."""
    shown = [command for _, command, _ in commands() if command.startswith("costtags activate")]
    assert len(shown) == 3
    seen(service, "cost-center", "environment", "project", "team")
    codes = [activate(service, *shlex.split(command)[2:])[0] for command in shown]
    assert codes == [1, 0, 0]


def shown_in(document: str, start: str) -> list[str]:
    """Return the commands of a document that begin so."""
    return [command for place, command, _ in commands() if place.startswith(document) and command.startswith(start)]


def test_audit_and_repair_run_as_shown(tmp_path: Path) -> None:
    """FinOps' commands run one after the other, for an organization whose second account has a role."""
    state = MotoAccount(accounts=[ACCOUNT, "111122223333"], regions=["eu-west-1", "us-east-1"])
    state.add(Held("model", "forecast", account="111122223333"))
    shutil.copy(ROOT / "tags.yaml", tmp_path)
    shutil.copy(ROOT / "demo" / "rules.yaml", tmp_path)
    write_sample(sample_cells(schema.load(ROOT / "tags.yaml"), ["2026-09", "2026-10"]), tmp_path / "bill")
    shown = [*shown_in("finops.md", "costtags audit"), *shown_in("finops.md", "costtags repair")]
    codes = []
    with serving(state) as url:
        fill(url, "eu-west-1", "us-east-1")
        for command in shown:
            done = subprocess.run(
                ["bash", "-c", command], cwd=tmp_path, env=logged_in(url, PATH=environment()["PATH"]),
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert "Traceback" not in done.stderr
            codes.append((command.split(" -")[0], done.returncode, done.stderr))
    assert [code for _, code, _ in codes] == [1] * 6 + [1, 1, 0, 0], codes
    assert (tmp_path / "audit.html").is_file()


def test_reports_and_queries_run_as_shown(tmp_path: Path) -> None:
    """What reads a bill runs on the made-up one that the guide begins with, and prints what is shown."""
    shutil.copy(ROOT / "tags.yaml", tmp_path)
    shown = [row for row in commands() if row[1].startswith(BILLS)]
    making = [row for row in shown if row[1].startswith("python ")]
    assert len(making) == 1
    for place, command, output in [*making, *(row for row in shown if row not in making)]:
        if "--athena" in command:
            assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0  # test_cli_query.py
            continue
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{place}: {command}\n{done.stderr}"
        assert not output or done.stdout == output, f"{place}: {command}"
    assert (tmp_path / "report.html").is_file()
    assert (tmp_path / "ml-sales.csv").is_file()


def test_the_demo_prints_what_is_shown() -> None:
    """`make demo` ends well, and the guide has its output: scripts/write_demo.py writes it."""
    (shown,) = (block.text for block in of_language("text") if block.document == "demo.md")
    done = subprocess.run(["make", "demo"], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout == shown


def test_impact_and_doctor_run_as_shown() -> None:
    """What asks AWS runs against stand-ins: no events there, and nothing in place."""
    from .test_doctor import ANSWERS  # slow to import

    (event,) = shown_in("org-admin.md", "costtags impact --since")
    state = AwsAccount()
    state.answers["cloudtrail", "LookupEvents"] = lambda _: {"Events": []}
    with serving(state) as url:
        done = subprocess.run(
            ["bash", "-c", event], cwd=ROOT, env=logged_in(url, PATH=environment()["PATH"]), capture_output=True,
            text=True, timeout=300,
        )  # fmt: skip
    assert (done.returncode, state.writes()) == (0, []), done.stderr
    assert {call.region for call in state.asked("LookupEvents")} == {"eu-west-1", "us-east-1"}
    doctors = [*shown_in("org-admin.md", "costtags doctor"), *shown_in("finops.md", "costtags doctor")]
    assert len(doctors) == 2
    with moto_server() as moto, running(moto) as aws:
        aws.answers |= ANSWERS
        for command in doctors:
            done = subprocess.run(
                ["bash", "-c", command], cwd=ROOT, env=logged_in(aws.url, PATH=environment()["PATH"]),
                capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert done.returncode == 1, done.stdout + done.stderr
            assert "organization" in done.stdout


def test_the_policies_are_written_as_shown(tmp_path: Path) -> None:
    """The files that the commands of the AWS CLI name are those that render writes."""
    (command,) = shown_in("finops.md", "costtags render iam-for-audit iam-for-accounts --out")
    shutil.copy(ROOT / "tags.yaml", tmp_path)
    subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment(), check=True, timeout=60)
    (create,) = shown_in("finops.md", "aws iam create-policy")
    assert (tmp_path / create.rpartition("file://")[2]).is_file()
    rows = re.findall(r"^\| (`iam-for-.*?) \|", (ROOT / "docs" / "finops.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"`(.+?)`", " ".join(rows))) == sorted(PERMISSIONS)


def test_links_lead_somewhere() -> None:
    """Every link of the documents to a file or a heading of this repository has its target."""
    for document in DOCUMENTS:
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.read_text(encoding="utf-8")):
            file, _, heading = link.partition("#")
            target = (document.parent / file).resolve() if file else document
            assert target.exists(), f"{document.name}: {link}"
            if heading:
                titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
                anchors = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles]
                assert heading in anchors, f"{document.name}: {link}"


def test_the_reviewers_commands(tmp_path: Path) -> None:
    """Those that write files run in a copy: blocked with its reports, its debt excused, then passing."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "tags.yaml", tmp_path)
    shown = [command for place, command, _ in commands() if place.startswith("reviewer.md")]
    codes = []
    for command in shown:
        typed = command.replace("pulumi stack export", f"cat {ROOT / 'tests' / 'golden' / 'state-export.json'}")
        typed = re.sub(r"--expires \S+", f"--expires {date.today().replace(day=1) + timedelta(days=90)}", typed)
        done = subprocess.run(
            ["bash", "-c", typed], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=600
        )
        codes.append(done.returncode)
    assert codes == [1, 0, 1]
    assert (tmp_path / "costtags.md").is_file()
    assert (tmp_path / "costtags.sarif").is_file()
    assert (tmp_path / "exemptions.yaml").is_file()


@pytest.mark.parametrize("block", of_language("python"), ids=block_id)
def test_programs_pass_the_preview(block: Block, tmp_path: Path) -> None:
    """A block of Python is judged as a program of the example project, and passes."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "tags.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    role = 'import pulumi_aws as aws\n\nrole = people = aws.iam.Role("people", assume_role_policy="{}")\n'
    (tmp_path / "__main__.py").write_text(role + block.text, encoding="utf-8")
    done = subprocess.run(
        ["costtags", "preview", str(tmp_path), "--stack", "dev"],
        env=environment(), capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_preview_ends_as_the_readme_says() -> None:
    """`make preview` prints the resources of the example and passes."""
    done = subprocess.run(["make", "preview"], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    (ending,) = (block.text for block in of_language("text") if block.document == "README.md")
    assert done.stdout.endswith(ending)
    assert "exploration  aws:sagemaker/notebookInstance:NotebookInstance\n    cost-center  ML-Research\n" in done.stdout


@pytest.mark.engine
@pytest.mark.parametrize("pack", ["policypack", "$(costtags pack)"])
def test_the_real_engine_passes_the_example_as_typed(engine_environment: dict[str, str], pack: str) -> None:
    """`pulumi preview --policy-pack policypack` in the repository passes, with the pack of either command."""
    shown = [command for _, command, _ in commands() if command.startswith("pulumi ")]
    assert "pulumi preview --stack org --policy-pack policypack" in shown  # tests/test_stacks.py runs it
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
    text = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    known = subprocess.run(["costtags", "--help"], env=environment(), capture_output=True, text=True, check=True).stdout
    for name in set(re.findall(r"(?:`|[|] )costtags ([a-z]+)", text)):
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
    if isinstance(data, list) and "match" in data[0]:
        assert len(load_rules(path, "rules.yaml", schema.load(ROOT / "tags.yaml"))) == len(data)
    elif isinstance(data, list):
        assert len(exemptions.load(path, date(2026, 11, 22)).valid) == 1
    elif "version" in data:
        assert schema.load(path).required
    elif "functions" in data:
        assert load_answers(path) == data
    elif "jobs" in data:
        action = YAML(typ="safe", pure=True).load((ROOT / "action.yml").read_text(encoding="utf-8"))
        assert set(data["jobs"]["gate"]["steps"][1]["with"]) <= set(action["inputs"])
    elif block.language == "json":
        assert load_policy_config(path) == json.loads(block.text)
    else:
        assert list(data) == ["config"]
        for key, value in data["config"].items():
            check = {"guardrails": read_settings, "stages": lambda stages: set(stages) <= set(STAGES), "tags": bool}
            assert check[key.split(":")[1]](value)


def test_the_readme_is_short_and_its_schema_has_ten_lines() -> None:
    """The README has under 150 lines, and shows tags.yaml in ten."""
    assert len(README.read_text(encoding="utf-8").splitlines()) < 150
    shown = next(block for block in BLOCKS if block.language == "yaml" and block.document == "README.md")
    assert len(shown.text.splitlines()) <= 10


def test_the_table_of_policies_is_the_packs() -> None:
    """The guide's table names every policy with its default level."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(policy.name, policy.level) for policy in POLICIES]
