"""The real engine can be driven here, and `run_program` ends as Pulumi's own runner does."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2_grpc, resource_pb2, resource_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN, _special_secret_sig, _special_sig_key

from costtags.gate import placeholders
from costtags.gate.native_tags import merge_default_tags, parse_default_tags

from . import drive

TWO_RESOURCES = """\
import pulumi
import pulumi_aws as aws

def add_a_tag(args):
    if args.type_ == "aws:sagemaker/notebookInstance:NotebookInstance":
        args.props["tags"] = {**args.props["tags"], "via": "transform"}
        return pulumi.ResourceTransformResult(args.props, args.opts)

pulumi.runtime.register_resource_transform(add_a_tag)
role = aws.iam.Role("role", assume_role_policy="{}")
notebook = aws.sagemaker.NotebookInstance(
    "notebook", instance_type="ml.t3.medium", role_arn=role.arn, tags={"owner": role.unique_id, "team": "ml"}
)
pulumi.export("arn", notebook.arn)
"""

PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def name_tags(args, report):
    if args.resource_type == "aws:sagemaker/notebookInstance:NotebookInstance":
        report("tags: " + ", ".join(sorted(args.props["tags"])))

PolicyPack(
    "tiny",
    enforcement_level=EnforcementLevel.ADVISORY,
    policies=[ResourceValidationPolicy("name-tags", "Names the tags.", name_tags)],
)
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 0.1.0\n")
    (folder / "__main__.py").write_text(PACK)
    return folder


@pytest.mark.engine
def test_preview_runs_the_program_its_transforms_and_the_pack(project, pack, engine_environment):
    """A preview shows the pack the tags that a stack transform added, and leaves the stack's file alone."""
    folder = project(TWO_RESOURCES)
    stack_file = (folder / "Pulumi.dev.yaml").read_text()
    done = drive.preview(folder, env=engine_environment, policy_pack=pack)
    assert done.exit_code == 0, done.output
    assert "tags: owner, team, via" in done.stdout
    assert "+ 3 to create" in done.stdout
    assert (folder / "Pulumi.dev.yaml").read_text() == stack_file


@pytest.mark.engine
def test_policy_config_decides_whether_a_violation_blocks(project, pack, engine_environment):
    """The same violation, mandatory by the policy config, fails the preview."""
    done = drive.preview(
        project(TWO_RESOURCES),
        env=engine_environment,
        policy_pack=pack,
        policy_config={"name-tags": "mandatory"},
    )
    assert done.exit_code == 1, done.output
    assert "[mandatory]  name-tags" in done.stdout


@pytest.mark.engine
def test_json_preview_has_inputs_and_places(project, engine_environment):
    """`--json` gives each resource with its inputs and the line that made it."""
    done = drive.preview(project(TWO_RESOURCES), env=engine_environment, as_json=True)
    states = [step["newState"] for step in done.json["steps"]]
    (notebook,) = [state for state in states if state["urn"].endswith("::notebook")]
    assert notebook["sourcePosition"] == "project:///__main__.py#11"
    assert set(notebook["inputs"]["tags"]) == {"owner", "team", "via"}


@pytest.mark.engine
def test_up_creates_without_an_account_and_gives_the_outputs_asked_for(project, pack, engine_environment):
    """A deployment with dry providers knows the outputs that a preview did not."""
    environment = engine_environment | {
        "COSTTAGS_DRY_OUTPUTS": json.dumps({"aws:iam/role:Role": {"uniqueId": "AROA1"}})
    }
    done = drive.up(project(TWO_RESOURCES), env=environment, policy_pack=pack)
    assert done.exit_code == 0, done.output
    assert "tags: owner, team, via" in done.stdout
    assert "arn:aws:sagemaker:eu-west-1:123456789012:notebookinstance/notebook" in done.stdout


@pytest.mark.engine
def test_a_program_that_raises_ends_the_preview_with_its_own_frames(project, engine_environment):
    """The engine's error is the user's traceback, once, without frames of the runner."""
    done = drive.preview(project('def f():\n    raise ValueError("bad")\n\nf()\n'), env=engine_environment)
    assert done.exit_code == 1
    # In the plain display, once as it happens (its first line) and once in the summary.
    _, _, summary = done.stdout.partition("Diagnostics:")
    assert summary.count("Traceback (most recent call last)") == 1
    assert "ValueError: bad" in summary
    assert "run_program" not in done.output
    assert "runpy" not in done.output


@pytest.mark.engine
def test_provider_functions_are_answered_or_named(project, engine_environment):
    """A provider function without an answer ends the preview with an error that names it."""
    known = "import pulumi, pulumi_aws as aws\npulumi.export('it', aws.get_caller_identity().account_id)\n"
    done = drive.preview(project(known), env=engine_environment)
    assert f'it: "{placeholders.ACCOUNT}"' in done.stdout, done.output
    tagged = "import pulumi_aws as aws\naws.iam.Role('r', assume_role_policy='{}', tags={'a': %s})\n"
    done = drive.up(project(tagged % "aws.get_caller_identity().account_id"), env=engine_environment)
    assert done.exit_code == 0, done.output  # a placeholder is unknown in a preview, never in a deployment
    unknown = "import pulumi_aws as aws\naws.ec2.get_ami(owners=['self'])\n"
    done = drive.preview(project(unknown), env=engine_environment)
    assert done.exit_code == 1
    assert "aws:ec2/getAmi:getAmi would ask an account" in done.output


@pytest.mark.engine
def test_native_default_tags_are_in_the_inputs(project, engine_environment):
    """The dry aws-native provider merges default tags into the inputs, as the real one does."""
    config = "config:\n  aws-native:region: eu-west-1\n  aws-native:defaultTags: {tags: {team: ml}}\n"
    program = (
        "import pulumi_aws_native as native\n"
        "native.sagemaker.Domain('d', auth_mode='IAM', default_user_settings={'execution_role': 'x'},\n"
        "                        tags=[{'key': 'owner', 'value': 'me'}])\n"
    )
    done = drive.preview(project(program, config), env=engine_environment, as_json=True)
    states = [step["newState"] for step in done.json["steps"]]
    (domain,) = [state for state in states if state["urn"].endswith("::d")]
    assert domain["inputs"]["tags"] == [{"key": "owner", "value": "me"}, {"key": "team", "value": "ml"}]


# ---- run_program alone, against a monitor that accepts everything ----


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    def __init__(self) -> None:
        self.registered: list[str] = []

    def SupportsFeature(self, _request, _context):
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def RegisterResource(self, request, _context):
        self.registered.append(request.name)
        return resource_pb2.RegisterResourceResponse(urn=f"urn:pulumi:s::p::{request.type}::{request.name}")

    def RegisterResourceOutputs(self, _request, _context):
        return Empty()

    def SignalAndWaitForShutdown(self, _request, _context):
        return Empty()


class Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self) -> None:
        self.errors: list[str] = []

    def Log(self, request, _context):
        if request.severity == 3:
            self.errors.append(request.message)
        return Empty()


@pytest.fixture
def run_program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Runs a program's text by `costtags.gate.run_program`; the result also has `errors` and `registered`."""
    server = grpc.server(ThreadPoolExecutor(4))
    monitor, log = Monitor(), Engine()
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(log, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    folder = tmp_path / "program"
    folder.mkdir()

    def run(program: str, *flags: str, name: str = "__main__.py") -> subprocess.CompletedProcess:
        (folder / name).write_text(program)
        target = folder if name == "__main__.py" else folder / name
        command = [sys.executable, "-u", "-m", "costtags.gate.run_program"]
        command += ["--monitor", address, "--engine", address, "--project", "p", "--stack", "s"]
        command += ["--organization", "o", "--root-directory", str(folder), "--dry-run", "true"]
        command += ["--parallel", "4", *flags, str(target)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        done.errors, done.registered = log.errors, monitor.registered
        return done

    yield run
    server.stop(None)


def test_a_good_program_ends_with_0(run_program, tmp_path):
    """The program has its own folder as cwd and first on the path, and the settings it was started with."""
    (tmp_path / "program" / "sibling.py").write_text("VALUE = 7\n")
    done = run_program(
        "import os, sys, pulumi, sibling\n"
        "print(os.getcwd(), sys.path[0], sys.argv, sibling.VALUE)\n"
        "print(pulumi.get_project(), pulumi.get_stack(), pulumi.get_organization(), __name__)\n"
        "print(pulumi.runtime.is_dry_run(), pulumi.runtime.get_root_directory())\n"
        "print([name for name in ('click', 'rich', 'boto3', 'pydantic') if name in sys.modules])\n"
    )
    folder = tmp_path / "program"
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"{folder} {folder} ['{folder}'] 7",
        "p s o __main__",
        f"True {folder}",
        "[]",
    ]
    assert done.returncode == 0
    assert done.registered == ["p-s"]


def test_a_file_can_be_the_program(run_program, tmp_path):
    """A project's `main` may name a file; its siblings are importable all the same."""
    (tmp_path / "program" / "sibling.py").write_text("VALUE = 7\n")
    done = run_program("import sibling\nprint(sibling.VALUE)\n", name="infra.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "7\n", "")


def test_a_module_of_the_caller_s_folder_hides_nothing(run_program, tmp_path):
    """The folder that costtags was called in is not on the program's path."""
    (tmp_path / "yaml.py").write_text("raise SystemExit('the wrong yaml')\n")
    done = run_program("import yaml\n")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_exception_shows_the_user_s_frames_alone(run_program, tmp_path):
    """The traceback starts in the user's file and ends at the user's line."""
    done = run_program("def f():\n    raise ValueError('bad')\n\nf()\n")
    file = tmp_path / "program" / "__main__.py"
    assert done.returncode == 1
    assert done.stderr == (
        "Traceback (most recent call last):\n"
        f'  File "{file}", line 4, in <module>\n'
        "    f()\n"
        f'  File "{file}", line 2, in f\n'
        "    raise ValueError('bad')\n"
        "ValueError: bad\n"
    )


def test_an_exception_s_cause_is_trimmed_too(run_program):
    """Each exception of a chain starts in the user's file."""
    done = run_program("try:\n    {}['x']\nexcept KeyError as error:\n    raise ValueError('bad') from error\n")
    assert "KeyError: 'x'" in done.stderr
    assert "The above exception was the direct cause" in done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("  File")] == [
        line for line in done.stderr.splitlines() if "program/__main__.py" in line
    ]


def test_a_syntax_error_names_the_line(run_program):
    """No frame of ours stands before the place of a syntax error."""
    done = run_program("x = (\n")
    assert done.returncode == 1
    assert "SyntaxError: '(' was never closed" in done.stderr
    assert "__main__.py" in done.stderr
    assert "runpy" not in done.stderr


def test_an_exception_in_an_apply_ends_like_a_raise(run_program):
    """An error that comes while outputs resolve shows the user's line."""
    done = run_program("import pulumi\n\npulumi.Output.from_input('x').apply(lambda value: value['no'])\n")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('program/__main__.py", line 3, in <lambda>')
    assert lines[-1].startswith("TypeError: string indices must be integers")


def test_a_run_error_is_its_message(run_program):
    """`pulumi.RunError` is meant for people: its message, and nothing else."""
    done = run_program("import pulumi\nraise pulumi.RunError('set the region')\n")
    assert (done.returncode, done.stderr) == (1, "set the region\n")


@pytest.mark.parametrize("code", ["", "0", "None"])
def test_sys_exit_0_is_a_normal_end(run_program, code):
    """A program may leave early; what it made is registered all the same."""
    done = run_program(f"import sys, pulumi\npulumi.ComponentResource('a:b:C', 'made')\nsys.exit({code})\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.registered == ["p-s", "made"]


@pytest.mark.parametrize(("code", "expected"), [("3", 3), ("256", 1), ("'no'", 1), ("-1", 255)])
def test_other_sys_exits_say_where(run_program, tmp_path, code, expected):
    """Any other `sys.exit` fails, with the place of the call."""
    done = run_program(f"import sys\nsys.exit({code})\n")
    assert done.returncode == expected
    assert done.stderr == f"the program called sys.exit({code}) at {tmp_path / 'program' / '__main__.py'}:2\n"


def test_log_errors_sends_the_error_to_the_engine(run_program):
    """The real engine shows what it is told, so stderr stays empty."""
    done = run_program("raise ValueError('bad')\n", "--log-errors")
    assert (done.returncode, done.stderr) == (1, "")
    (error,) = done.errors
    assert error.startswith("Traceback")
    assert error.rstrip().endswith("ValueError: bad")


def test_a_folder_without_a_program_is_said_to_be_one(run_program, tmp_path):
    """No traceback of ours for a wrong path."""
    done = run_program("", name="other.py")
    assert done.returncode == 0
    command = [sys.executable, "-m", "costtags.gate.run_program", "--monitor=x", "--engine=x"]
    command += ["--project=p", "--stack=s", str(tmp_path / "program")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path / 'program'}: no Python program here (no __main__.py)\n"


# ---- what the dry provider adds ----


def test_default_tags_of_aws_native_yield_to_the_resource_s_own():
    """Own tags come first and win; default tags follow in order of their keys."""
    own = {"tags": [{"key": "team", "value": "own"}, {"key": "late", "value": UNKNOWN}], "name": "n"}
    assert merge_default_tags(own, {"team": "ml", "zone": "z", "area": "a"}) == {
        "name": "n",
        "tags": [*own["tags"], {"key": "area", "value": "a"}, {"key": "zone", "value": "z"}],
    }
    assert merge_default_tags({}, {"team": "ml"}) == {"tags": [{"key": "team", "value": "ml"}]}
    assert merge_default_tags({"tags": {"team": "own"}}, {"team": "ml", "a": "1"}) == {
        "tags": {"team": "own", "a": "1"}
    }


def test_default_tags_of_aws_native_leave_unknown_tags_alone():
    """Wholly unknown tags stay as they are; a secret list is an error, as with the provider."""
    assert merge_default_tags({"tags": UNKNOWN}, {"team": "ml"}) == {"tags": UNKNOWN}
    secret = {_special_sig_key: _special_secret_sig, "value": []}
    with pytest.raises(ValueError, match="expected tags to be an array but found secret"):
        merge_default_tags({"tags": secret}, {"team": "ml"})


def test_default_tags_of_aws_native_are_read_from_json():
    """The provider's input is JSON with the tags under `tags`."""
    assert parse_default_tags('{"tags": {"team": "ml"}}') == {"team": "ml"}
    assert parse_default_tags(None) == {}
    with pytest.raises(ValueError, match="must be a string"):
        parse_default_tags('{"tags": {"team": 1}}')


def test_policy_documents_are_real():
    """The one function that needs no account gives the policy that the provider would."""
    found = placeholders.answer(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        {
            "statements": [
                {
                    "sid": "S",
                    "actions": ["sts:AssumeRole", "sts:TagSession"],
                    "principals": [{"type": "Service", "identifiers": ["sagemaker.amazonaws.com"]}],
                    "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1", "2"]}],
                }
            ],
            "sourcePolicyDocuments": [
                '{"Statement": [{"Sid": "S", "Effect": "Deny"}, {"Effect": "Allow", "Action": "s3:*"}]}'
            ],
        },
    )
    assert json.loads(found["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "S",
                "Effect": "Allow",
                "Action": ["sts:TagSession", "sts:AssumeRole"],
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": ["1", "2"]}},
            },
            {"Effect": "Allow", "Action": "s3:*"},
        ],
    }
    assert json.loads(found["minifiedJson"]) == json.loads(found["json"])
