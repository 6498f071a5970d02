"""The two example stacks on both engines: they pass, deploy and go; what a user reads where something is wrong."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .engine import drive

ROOT = Path(__file__).parents[1]
COSTTAGS = Path(sys.executable).with_name("costtags")
STACKS = ("dev", "org")
# What the dry provider does not make up, and a deployment needs.
OUTPUTS = {
    "aws:athena/workgroup:Workgroup": {"name": "bill-1a2b3c4"},
    "aws:cloudwatch/logGroup:LogGroup": {"name": "alerts-1a2b3c4"},
    "aws:dynamodb/table:Table": {"name": "digest-1a2b3c4"},
    "aws:iam/role:Role": {"name": "role-1a2b3c4"},
    "aws:lambda/function:Function": {"name": "alerts-1a2b3c4"},
    "aws:s3/bucket:Bucket": {"bucket": "bill-1a2b3c4", "region": "us-east-1"},
    "aws:sagemaker/domain:Domain": {"url": "https://example.com"},
    "aws:sagemaker/endpoint:Endpoint": {"name": "churn-1a2b3c4"},
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": {"name": "churn-1a2b3c4"},
    "aws:sagemaker/model:Model": {"name": "churn-1a2b3c4"},
    "aws:sagemaker/notebookInstance:NotebookInstance": {"name": "exploration-1a2b3c4", "url": "https://example.com"},
    "aws:sqs/queue:Queue": {"url": "https://example.com"},
    "aws:cloudformation/stack:Stack": {"outputs": {"Arn": "arn:aws:ce::123456789012:anomalymonitor/x"}},
}

Edit = tuple[str, str, str]
Copied = Callable[..., Path]


def embedded(folder: Path, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Judge a stack on the embedded engine."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_", "TF_AWS_", "COSTTAGS_"))}
    command = [COSTTAGS, "preview", "--stack", stack, *arguments]
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=300)


def real(folder: Path, stack: str, env: dict[str, str], **options: Any) -> drive.Run:
    """Judge a stack on the real engine, as a user types it."""
    return drive.preview(folder, stack, env=env, policy_pack=Path("policypack"), **options)


@pytest.fixture
def env(engine_environment: dict[str, str]) -> dict[str, str]:
    """The real engine's environment, with what it needs to deploy."""
    return {**engine_environment, "COSTTAGS_DRY_OUTPUTS": json.dumps(OUTPUTS)}


@pytest.fixture
def copied(tmp_path: Path) -> Copied:
    """Copies the program of the repository, and replaces a text of a file by another one for each edit.

    The real engine writes into a stack's file: tests that run at the same time must not see that.
    """

    def copy(*edits: Edit) -> Path:
        folder = tmp_path / "program"
        folder.mkdir()
        for pattern in ("*.py", "Pulumi*.yaml", "tags.yaml", "exemptions.yaml"):
            for file in ROOT.glob(pattern):
                shutil.copy(file, folder)
        shutil.copytree(ROOT / "policypack", folder / "policypack", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / ".venv").symlink_to(sys.prefix)
        for name, old, new in edits:
            edit(folder / name, old, new)
        return folder

    return copy


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new), encoding="utf-8")


def line_of(file: Path, text: str) -> int:
    """Return the number of the line in which a text begins."""
    before, _, _ = file.read_text(encoding="utf-8").partition(text)
    return before.count("\n") + 1


def error(done: drive.Run) -> list[str]:
    """Return the lines of the error that the engine shows of the program, without their indentation."""
    lines = iter(done.output.split("Diagnostics:")[1].splitlines())
    first = next(line for line in lines if line.startswith("    error: "))
    rest = iter(lambda: next(lines, "").strip(), "")
    return [first.removeprefix("    error: "), *rest]


# --- as they are


@pytest.mark.parametrize("stack", STACKS)
def test_the_stacks_pass(stack: str) -> None:
    """Both stacks of the repository pass the embedded engine, without a word on stderr."""
    done = embedded(ROOT, stack)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].endswith("findings: none.")


PEOPLE = {"people", "people-AmazonSageMakerFullAccess"}
RIGHTS = {
    "aws:sagemaker/domain:Domain studio": PEOPLE,
    "aws:sagemaker/notebookInstance:NotebookInstance exploration": PEOPLE,
    "aws:sagemaker/model:Model churn": {
        "serving",
        "serving-AmazonEC2ContainerRegistryReadOnly",
        "serving-AmazonS3ReadOnlyAccess",
        "serving-CloudWatchAgentServerPolicy",
    },
}


@pytest.mark.engine
@pytest.mark.parametrize("stack", STACKS)
def test_the_stacks_deploy(copied: Copied, env: dict[str, str], stack: str) -> None:
    """Both stacks pass the pack on the real engine, deploy, show no change afterwards, and can be destroyed.

    What SageMaker makes with a role depends on the role's rights: they come before it, and are deleted after it.
    """
    folder = copied()
    for done in (
        real(folder, stack, env),
        drive.up(folder, stack, env=env, policy_pack=Path("policypack")),
        real(folder, stack, env, extra=["--expect-no-changes"]),
    ):
        assert done.exit_code == 0, done.output
        assert "✅ costtags@v" in done.output
        assert "[mandatory]" not in done.output
        assert "can't run policy" not in done.output
    depends = dependencies(folder, stack, env)
    for name, rights in RIGHTS.items() if stack == "dev" else ():
        assert rights <= depends[name]
    assert drive.run(["destroy", "--yes", "--stack", stack], folder, env).exit_code == 0


def dependencies(folder: Path, stack: str, env: dict[str, str]) -> dict[str, set[str]]:
    """Return the names of what each resource of a deployed stack depends on."""
    exported = drive.run(["stack", "export", "--stack", stack], folder, env).json
    return {
        " ".join(one["urn"].split("::")[2:]).split("$")[-1]: {
            urn.split("::")[-1] for urn in one.get("dependencies", [])
        }
        for one in exported["deployment"]["resources"]
    }


@pytest.mark.engine
def test_a_document_that_splits(copied: Copied, env: dict[str, str]) -> None:
    """What a further policy takes over it has, attached, before the first loses it; no policy is made anew."""
    folder = copied()
    assert drive.up(folder, "org", env=env).exit_code == 0
    edit(folder / "Pulumi.org.yaml", "  costtags-example:stages:", "    scpSize: 5000\n  costtags-example:stages:")

    def steps() -> dict[str, str]:
        found = real(folder, "org", env, as_json=True).json["steps"]
        return {one["urn"].split("::")[-1]: one["op"] for one in found if one["op"] != "same"}

    second, target = "costtags-scp-require-tags-2", "ou-ab12-11111111"
    first, new = {"costtags-scp-require-tags": "update"}, (second, f"{second}-{target}")
    assert steps() == {**first, **dict.fromkeys(new, "create")}
    assert drive.up(folder, "org", env=env).exit_code == 0
    depends = dependencies(folder, "org", env)
    assert depends["aws:organizations/policy:Policy costtags-scp-require-tags"] == {f"{second}-{target}"}
    edit(folder / "Pulumi.org.yaml", "    scpSize: 5000\n", "")
    assert steps() == {**first, **dict.fromkeys(new, "delete")}
    assert drive.up(folder, "org", env=env).exit_code == 0
    assert drive.run(["destroy", "--yes", "--stack", "org"], folder, env).exit_code == 0


@pytest.mark.engine
def test_a_target_that_moves_on(copied: Copied, env: dict[str, str]) -> None:
    """Moving a target from one stage to the next attaches what is new and detaches only what the next one lacks."""
    folder = copied()
    assert drive.up(folder, "org", env=env).exit_code == 0
    edit(folder / "Pulumi.org.yaml", "report: [r-ab12]\n    protect: []", "report: []\n    protect: [r-ab12]")
    found = real(folder, "org", env, as_json=True).json["steps"]
    steps = [(one["op"], one["urn"].split("::")[-1]) for one in found if one["op"] != "same"]
    assert sorted(steps) == [
        ("create", "costtags-scp-protect-tags-r-ab12"),
        ("create", "costtags-tag-policy-r-ab12"),
        ("delete", "costtags-tag-policy-report"),
        ("delete", "costtags-tag-policy-report-r-ab12"),
    ]
    assert drive.run(["destroy", "--yes", "--stack", "org"], folder, env).exit_code == 0


# --- where something is wrong: both engines refuse, and say what to do


Refused = Callable[..., list[str]]


@pytest.fixture
def refused(copied: Copied, request: pytest.FixtureRequest) -> Refused:
    """Returns what the program says on the embedded engine, and asserts that the real one shows the same."""

    def lines(stack: str, *edits: Edit) -> list[str]:
        folder = copied(*edits)
        done = embedded(folder, stack)
        assert done.returncode == 2
        assert done.stdout == ""
        *said, ending = done.stderr.splitlines()
        assert ending == "costtags: the program failed (exit code 1); what it said stands above"
        said = [line.strip() for line in said]
        shown = real(folder, stack, request.getfixturevalue("engine_environment"))
        assert shown.exit_code != 0
        assert error(shown) == said
        assert "Traceback" not in shown.output
        return said

    return lines


NO_BREAK_GLASS = ("Pulumi.org.yaml", '    breakGlass: ["arn:aws:iam::*:role/BreakGlass"]\n', "")


@pytest.mark.engine
def test_no_break_glass(refused: Refused) -> None:
    """(a) Without break-glass principals there is no policy for whole accounts; the message says where to name one."""
    title, *lines = refused("org", NO_BREAK_GLASS)
    line = line_of(ROOT / "organization.py", "    policies = OrganizationTagPolicies(")
    assert title == f'organization.py:{line}: OrganizationTagPolicies "costtags" cannot be made:'
    for document, said in zip(("scp-require-tags", "scp-protect-tags"), lines, strict=True):
        assert said.startswith(
            f"{document}: no breakGlass principal is excepted: nobody could act if it stopped the wrong ones. Name "
            'one, such as arn:aws:iam::*:role/NAME, under "breakGlass" of the stack\'s guardrails config'
        )


OWN_SCP = (
    "organization.py",
    '    return {"policyIds"',
    """\
    import json, pulumi_aws as aws
    deny = {"Sid": "RequireTag", "Effect": "Deny", "Action": ["sagemaker:CreateTrainingJob"], "Resource": "*"}
    deny["Condition"] = {"Null": {"aws:RequestTag/cost-center": "true"}}
    aws.organizations.Policy("own", content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    return {"policyIds\"""",
)
OWN_BUDGET = (
    "environment.py",
    "    return {\n        ",
    """\
    filters = [{"name": "TagKeyValue", "values": ["user:cost-centre$ML-Sales"]}]
    limit = {"limit_amount": "100", "limit_unit": "USD", "time_unit": "MONTHLY"}
    aws.budgets.Budget("own", budget_type="COST", cost_filters=filters, **limit)
    return {
        """,
)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("stack", "own", "policy", "messages"),
    [
        pytest.param(
            "org",
            OWN_SCP,
            "organization-policy",
            [
                'statement "RequireTag" excepts nobody: if it stops the wrong ones, no one can act',
                '"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BREAK-GLASS"}',
            ],
            id="(b)",
        ),
        pytest.param(
            "dev",
            OWN_BUDGET,
            "budget-tag-filter",
            [
                'the budget filters by tag "cost-centre", which tags.yaml does not name: it would count nothing; did '
                'you mean "cost-center"?',
                'write "user:cost-center$..."',
            ],
            id="(c)",
        ),
    ],
)
def test_what_the_program_deploys_itself(
    copied: Copied, engine_environment: dict[str, str], stack: str, own: Edit, policy: str, messages: list[str]
) -> None:
    """(b, c) A policy without exception, and a budget by a key that is none, are blocked, with what to write."""
    folder = copied(own)
    done = embedded(folder, stack, "--format", "text", "--format", f"json={folder / 'report.json'}")
    assert (done.returncode, done.stderr) == (1, "")
    (finding,) = json.loads((folder / "report.json").read_text())["findings"]
    assert (finding["policy"], finding["level"]) == (policy, "mandatory")
    assert (finding["file"], finding["urn"].split("::")[-1]) == (own[0], "own")
    shown = real(folder, stack, engine_environment)
    assert shown.exit_code != 0
    assert shown.output.count("[mandatory]") == 1
    assert f"- [mandatory]  {policy}  (aws:" in shown.output
    for message in messages:
        assert message in done.stdout
        assert message in shown.output


@pytest.mark.engine
def test_a_misspelt_key_in_the_schema(copied: Copied, engine_environment: dict[str, str]) -> None:
    """(c) A budget of tags.yaml by a key that the file does not have is an error with file and line."""
    folder = copied(("tags.yaml", "tags: {cost-center: ML-Marketing}", "tags: {cost-centre: ML-Marketing}"))
    line = line_of(folder / "tags.yaml", "    tags: {cost-centre")
    message = (
        f'tags.yaml:{line}: budget "ml-marketing" filters by tag "cost-centre", which this file does not name; did you '
        'mean "cost-center"?'
    )
    done = embedded(folder, "dev")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{message}\n")
    shown = real(folder, "dev", engine_environment)
    assert shown.exit_code != 0
    assert f"{folder}/{message}" in shown.output
    assert "Traceback" not in shown.output


EMAILS = "  costtags-example:alertEmails: [finops@example.com]\n"


@pytest.mark.engine
@pytest.mark.parametrize(
    ("stack", "setting", "text"),
    [
        ("dev", "accountId", '  costtags-example:accountId: "111122223333"\n'),
        ("dev", "alertEmails", EMAILS),
        ("org", "alertEmails", EMAILS),
        ("org", "accountId", '  costtags-example:accountId: "444455556666"\n'),
    ],
)
def test_a_setting_that_is_missing(refused: Refused, stack: str, setting: str, text: str) -> None:
    """(d) A setting that is missing is named, with the command that sets it."""
    name = f"costtags-example:{setting}"
    assert refused(stack, (f"Pulumi.{stack}.yaml", text, "")) == [
        f"Missing required configuration variable '{name}'",
        f"please set a value using the command `pulumi config set {name} <value>`",
    ]


@pytest.mark.engine
def test_settings_that_are_wrong(refused: Refused) -> None:
    """(d) An account id and an address that cannot be right are said together."""
    title, *lines = refused(
        "dev",
        ("Pulumi.dev.yaml", '"111122223333"', "1111222"),
        ("Pulumi.dev.yaml", "[finops@example.com]", "[finops]"),
    )
    assert title.endswith('TagBudgets "budgets" cannot be made:')
    assert lines == [
        '"account_id" must be the twelve digits of an account, not "1111222"',
        '"finops" is no e-mail address',
    ]


NO_ROLES = ("environment.py", '            "roles": [people.name],\n', "")
NO_POLICY = ("environment.py", '{"roles": {"people": people.name}}', '{"policies": ["iam-require-tags"]}')


@pytest.mark.engine
def test_an_action_without_whom_or_what(refused: Refused) -> None:
    """(e) A budget's action without roles, and without the policy that it attaches, is an error that names both."""
    title, *lines = refused("dev", NO_ROLES, NO_POLICY)
    line = line_of(ROOT / "environment.py", "    budgets = TagBudgets(")
    assert title == f'environment.py:{line}: TagBudgets "budgets" cannot be made:'
    what = 'budget "ml-marketing" has the action deny-new-spend'
    assert lines == [
        f'{what}: argument "deny_policy_arn" is missing',
        f'{what}: nobody to stop is named in "roles" or "groups" or "users"',
    ]
