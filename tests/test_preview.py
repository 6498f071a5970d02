"""`costtags preview` as a process: what it prints, how it ends, and what stands in for an account."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COSTTAGS = Path(sys.executable).with_name("costtags")
GOLDEN = Path(__file__).parent / "golden"

TAGS = """\
version: 1
tags:
  cost-center: {values: [ML-Marketing, ML-Sales]}
  environment: {values: [dev, staging, prod], default: dev}
  project: {pattern: "[a-z][a-z0-9-]{1,30}", required: false}
"""
HEAD = """\
import os, sys, time
import pulumi, pulumi_aws as aws
RIGHT = {"cost-center": "ML-Sales", "environment": "dev"}
def model(name, tags=RIGHT, **options):
    return aws.sagemaker.Model(name, execution_role_arn="role", tags=tags, **options)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_", "TF_AWS_", "COSTTAGS_"))}
    return kept | more


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Write a project around a program and judge it; ``config`` is Pulumi.dev.yaml."""

    def judge(
        program: str,
        *arguments: str,
        config: str = "config: {aws:region: eu-west-1}\n",
        project: str = "name: ml\nruntime: python\n",
        files: dict[str, str] | None = None,
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        contents = {"Pulumi.yaml": project, "Pulumi.dev.yaml": config, "tags.yaml": TAGS, "__main__.py": program}
        for name, text in (contents | (files or {})).items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return subprocess.run(
            [COSTTAGS, "preview", *arguments],
            cwd=tmp_path,
            env=environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return judge


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return json.loads(done.stdout)


def tags_of(done: subprocess.CompletedProcess[str], name: str) -> dict[str, Any]:
    return next(r["tags"] for r in report(done)["resources"] if r["urn"].endswith(f"::{name}"))


BLOCKED = """\
import pulumi
import pulumi_aws as aws

provider = aws.Provider("tagged", default_tags={"tags": {"cost-center": "ML-Sales"}})
bucket = aws.s3.Bucket("data")
aws.sagemaker.Model(
    "by-provider",
    execution_role_arn="role",
    tags={"environment": "dev"},
    opts=pulumi.ResourceOptions(provider=provider),
)
aws.sagemaker.NotebookInstance(
    "research",
    instance_type="ml.t3.medium",
    role_arn="role",
    tags={"Environment": "dev", "project": "X", "made-by": bucket.arn, "token": pulumi.Output.secret("hush")},
)
"""


@pytest.mark.parametrize(("form", "file"), [("text", "preview.txt"), ("json", "preview.json")])
def test_a_blocked_program_prints_the_golden_file(run: Run, form: str, file: str) -> None:
    """A blocked program exits 1 and prints what the golden file holds, the same bytes each time."""
    first, second = run(BLOCKED, "--format", form), run(BLOCKED, "--format", form)
    assert first.returncode == 1
    assert first.stderr == ""
    assert first.stdout == (GOLDEN / file).read_text(encoding="utf-8")
    assert second.stdout == first.stdout


def test_the_json_has_exactly_the_fields_of_the_contract(run: Run) -> None:
    """The JSON is a stable contract: these fields and no others."""
    made = report(run(BLOCKED, "--format", "json"))
    assert list(made) == ["version", "engine", "project", "stack", "schema", "verdict", "resources", "findings"]
    assert {tuple(resource) for resource in made["resources"]} == {("urn", "type", "tags")}
    tag_fields = {tuple(tag) for resource in made["resources"] for tag in resource["tags"].values()}
    assert tag_fields == {("value", "known", "secret", "source")}
    finding = ("urn", "type", "policy", "level", "code", "tag", "message", "fix", "file", "line")
    assert {tuple(each) for each in made["findings"]} == {finding}


def test_a_secret_tag_value_appears_nowhere(run: Run) -> None:
    """A secret value is printed in no format, though the tag is listed."""
    for form in ("text", "json"):
        done = run(BLOCKED, "--format", form)
        assert "hush" not in done.stdout + done.stderr
        assert "token" in done.stdout


def test_a_right_program_passes(run: Run) -> None:
    """A program with nothing wrong exits 0."""
    done = run(HEAD + 'model("m")')
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "Passed: 1 resource judged; findings: none."


def test_what_the_program_prints_does_not_reach_stdout(run: Run) -> None:
    """The program's own output goes to stderr, so that stdout stays machine-readable."""
    done = run(HEAD + 'print("hello")\npulumi.log.warn("look")\nmodel("m")', "--format", "json")
    assert report(done)["verdict"] == "passed"
    assert done.stderr == "hello\nwarning: look\n"


def test_several_formats_at_once(run: Run, tmp_path: Path) -> None:
    """A format can go to a file while another is printed."""
    done = run(HEAD + 'model("m")', "--format", "text", "--format", "json=out.json")
    assert done.stdout.endswith("findings: none.\n")
    assert json.loads((tmp_path / "out.json").read_text())["verdict"] == "passed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "sarf"), 'Error: unknown format "sarf"; formats: text, json'),
        (("--format", "text", "--format", "json"), "Error: only one format can go to the terminal"),
        (("nowhere",), "Error: Invalid value for '[DIRECTORY]': Directory 'nowhere' does not exist."),
    ],
)
def test_wrong_arguments(run: Run, arguments: tuple[str, ...], message: str) -> None:
    """Wrong arguments exit 2 with a message."""
    done = run("", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


# ---- how programs end


def test_a_program_that_raises(run: Run, tmp_path: Path) -> None:
    """The user's traceback ends at their line and holds none of ours."""
    done = run("def build():\n    raise ValueError('boom')\n\nbuild()\n")
    file = tmp_path / "__main__.py"
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "Traceback (most recent call last):\n"
        f'  File "{file}", line 4, in <module>\n'
        "    build()\n"
        f'  File "{file}", line 2, in build\n'
        "    raise ValueError('boom')\n"
        "ValueError: boom\n"
        "costtags: the program failed (exit code 1); what it said stands above\n"
    )


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("model('m').tags.apply(lambda tags: tags['nope'])", ["in <lambda>", "KeyError: 'nope'"]),
        ("def (", ["line 6\n    def (", "SyntaxError: invalid syntax"]),
        ("import nothing_of_the_kind", ["ModuleNotFoundError: No module named 'nothing_of_the_kind'"]),
        ("sys.exit(3)", ["the program called sys.exit(3) at ", "__main__.py:6", "failed (exit code 3)"]),
        ("sys.exit('no')", ["the program called sys.exit('no') at ", "__main__.py:6", "failed (exit code 1)"]),
        ("os._exit(0)", ["ended its process before Pulumi was finished", "nothing can be judged"]),
        ("os.kill(os.getpid(), 11)", ["the program was ended by signal 11 (SIGSEGV)"]),
        ("pulumi.Config().require('x')", ["Missing required configuration variable 'ml:x'"]),
        ("raise pulumi.RunError('plainly')", ["plainly\ncosttags: the program failed"]),
        ("model('m'); model('m')", ["__main__.py:5: a second resource with the URN urn:pulumi:dev::ml::aws:"]),
    ],
)
def test_programs_that_fail(run: Run, program: str, said: list[str]) -> None:
    """A program that does not come to its end exits 2, says why, and shows no frame of ours."""
    done = run(HEAD + program)
    assert (done.returncode, done.stdout) == (2, "")
    for text in said:
        assert text in done.stderr
    assert "costtags/gate" not in done.stderr
    assert "runpy" not in done.stderr
    assert "importlib" not in done.stderr


def test_sys_exit_0_is_a_normal_end(run: Run) -> None:
    """A program may end itself with success; what it registered is judged."""
    done = run(HEAD + "model('m', tags={})\nsys.exit(0)")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "Blocked: 1 resource judged; findings: 2 mandatory."


def test_a_program_that_never_ends(run: Run, tmp_path: Path) -> None:
    """A program over its time is ended, with all that it started."""
    marker = tmp_path / "child"
    started = time.monotonic()
    done = run(
        HEAD
        + f"import subprocess\nsubprocess.Popen(['sh', '-c', 'sleep 8; touch {marker}'])\nwhile True: time.sleep(1)",
        *("--timeout", "3"),
    )
    assert done.returncode == 2
    assert done.stderr == (
        "costtags: the program did not end within 3 seconds (--timeout); it had registered no resource yet\n"
    )
    time.sleep(max(0.0, 10 - (time.monotonic() - started)))
    assert not marker.exists()


def test_an_interrupted_preview_leaves_no_process(tmp_path: Path) -> None:
    """Ctrl-C ends the preview, the program and the pack."""
    for name, text in {
        "Pulumi.yaml": "name: ml\nruntime: python\n",
        "tags.yaml": TAGS,
        "__main__.py": "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n",
    }.items():
        (tmp_path / name).write_text(text)
    process = subprocess.Popen(
        [COSTTAGS, "preview"],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 30
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr == "interrupted\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


# ---- what stands in for an account


def test_a_function_without_an_answer_is_named(run: Run) -> None:
    """A provider function that has no placeholder is an error that shows how to answer it."""
    done = run(HEAD + "aws.ec2.get_instance(instance_id='i-1')")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "costtags: aws:ec2/getInstance:getInstance would ask an account: give its answer in a file for --answers: "
        '{"functions": {"aws:ec2/getInstance:getInstance": {"property": "value"}}}'
    )


def test_answers_are_used(run: Run) -> None:
    """Answers for functions, stacks, encrypted config and ESC environments reach the program as they are."""
    program = HEAD + (
        "c = pulumi.Config()\n"
        "image = aws.ec2.get_instance(instance_id='i-1').ami\n"
        "other = pulumi.StackReference('acme/net/dev').require_output('project')\n"
        "model('m', {**RIGHT, 'project': other, 'image': image, 'key': c.require_secret('key'),\n"
        "            'esc': os.environ['FROM_ESC'], 'esc-config': c.require('fromEsc')})\n"
    )
    answers = {
        "functions": {"aws:ec2/getInstance:getInstance": {"ami": "ami-1"}},
        "stacks": {"acme/net/dev": {"project": "churn"}},
        "config": {"ml:key": "answered"},
        "environments": {"acme/dev": {"config": {"fromEsc": "yes"}, "variables": {"FROM_ESC": "set"}}},
    }
    config = "config: {ml:key: {secure: AAAB}}\nenvironment: [acme/dev]\n"
    done = run(
        program, "--answers", "answers.json", "--format", "json",
        config=config, files={"answers.json": json.dumps(answers)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    made = {key: (tag["value"], tag["known"], tag["secret"]) for key, tag in tags_of(done, "m").items()}
    assert made == {
        "cost-center": ("ML-Sales", True, False),
        "environment": ("dev", True, False),
        "esc": ("set", True, False),
        "esc-config": ("yes", True, False),
        "image": ("ami-1", True, False),
        "key": (None, True, True),
        "project": ("churn", True, False),
    }


def test_placeholders_are_stated_and_never_judged(run: Run) -> None:
    """A tag made from a placeholder is unknown, not wrong, and the output says what was not asked."""
    program = HEAD + (
        "c = pulumi.Config()\n"
        "who = aws.get_caller_identity()\n"
        "out = pulumi.StackReference('acme/net/dev').get_output('x')\n"
        "model('a', {**RIGHT, 'project': who.account_id, 'environment': f'x-{c.require(\"key\")}'})\n"
        "model('b', {'cost-center': out, 'environment': c.require_secret('key')})\n"
    )
    done = run(program, "--format", "json", config="config: {ml:key: {secure: AAAB}}\n")
    assert done.returncode == 0
    assert done.stderr == (
        "note: placeholders stand for aws:index/getCallerIdentity:getCallerIdentity, config ml:key, "
        "outputs of stack acme/net/dev (answer with --answers FILE)\n"
    )
    unknown = [(f["urn"].split("::")[-1], f["code"], f["tag"], f["level"]) for f in report(done)["findings"]]
    assert unknown == [
        ("a", "unknown-value", "environment", "advisory"),
        ("a", "unknown-value", "project", "advisory"),
        ("b", "unknown-value", "cost-center", "advisory"),
        ("b", "unknown-value", "environment", "advisory"),
    ]


def test_a_program_that_trips_over_a_placeholder_is_told_so(run: Run) -> None:
    """Where a placeholder makes a program fail, the error names it."""
    done = run(HEAD + "pulumi.Config().require_int('key')", config="config: {ml:key: {secure: AAAB}}\n")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Configuration 'ml:key' value '[placeholder]' is not a valid 'int'",
        "costtags: the program failed (exit code 1); what it said stands above; placeholders stood for config ml:key: "
        "give real values with --answers FILE",
    ]


def test_an_unanswered_environment_is_named(run: Run) -> None:
    """A stack that imports an ESC environment needs an answer for it."""
    done = run("", config="environment: [acme/dev]\n")
    assert done.returncode == 2
    assert done.stderr == (
        "Pulumi.dev.yaml:1: imports the Pulumi ESC environment acme/dev, which cannot be opened without credentials: "
        "give what it sets in the answers file, environments: {acme/dev: {config: {...}, variables: {...}}}\n"
    )


def test_misspelt_answers_are_refused(run: Run) -> None:
    """A misspelt section of the answers would answer nothing: it is an error."""
    done = run("", "--answers", "a.yaml", files={"a.yaml": "function: {}\nstacks: [x]\nconfig: {a: 1}\n"})
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'a.yaml:1: unknown key "function"; did you mean "functions"? '
        "allowed here: functions, stacks, config, environments",
        'a.yaml:1: "stacks" must hold entries (key: value)',
    ]


# ---- which project, stack and schema


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ("runtime: python\n", 'Pulumi.yaml:1: "name" is missing'),
        ("name: ml\n", 'Pulumi.yaml:1: "runtime" is missing'),
        ("name: ml\nruntime: nodejs\n", 'its runtime is "nodejs": the embedded engine runs Python programs'),
        ("name: [ml\n", "Pulumi.yaml:2: is not YAML: expected ',' or ']', but got '<stream end>'"),
        ("- ml\n", "Pulumi.yaml:1: must hold entries (key: value)"),
    ],
)
def test_projects_that_cannot_be_read(run: Run, project: str, message: str) -> None:
    """A project file that is wrong is an error with its place."""
    done = run("", project=project)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_several_stacks_must_be_chosen_from(run: Run) -> None:
    """With several stacks one must be named, and a name must be one of them."""
    files = {"Pulumi.prod.yaml": "config: {ml:stage: prod}\n"}
    program = HEAD + 'model("m", {**RIGHT, "environment": pulumi.Config().get("stage") or "dev"})'
    done = run(program, files=files)
    assert (done.returncode, done.stderr.split(": ", 1)[1]) == (
        2,
        "has several stacks: name one with --stack (dev, prod)\n",
    )
    done = run(program, "--stack", "acme/ml/prod", "--format", "json", files=files)
    assert tags_of(done, "m")["environment"]["value"] == "prod"
    assert report(done)["stack"] == "prod"
    done = run(program, "--stack", "test", files=files)
    assert done.returncode == 2
    assert 'Pulumi.test.yaml:1: there is no such file; stacks of "ml": dev, prod' in done.stderr


def test_config_reaches_the_program_as_from_the_cli(run: Run) -> None:
    """Config values arrive as the CLI hands them over: text, JSON for lists and maps, project defaults below."""
    project = (
        "name: ml\nruntime: python\nconfig:\n  plain: from-project\n  stage: {type: string, default: staging}\n"
        "  aws:region: {value: us-east-1}\n"
    )
    config = "config:\n  ml:plain: from-stack\n  ml:number: 5\n  ml:flag: true\n  ml:list: [a, {b: 1.5}]\n"
    program = HEAD + (
        "c = pulumi.Config()\n"
        "print(c.require('plain'), c.require('stage'), c.require_int('number'), c.require_bool('flag'),\n"
        "      c.require_object('list'), pulumi.Config('aws').require('region'))\n"
    )
    done = run(program, config=config, project=project)
    assert (done.returncode, done.stderr) == (0, "from-stack staging 5 True ['a', {'b': 1.5}] us-east-1\n")


def test_the_schema_is_the_one_named_else_the_variables_else_the_nearest(run: Run, tmp_path: Path) -> None:
    """--schema wins over COSTTAGS_SCHEMA, which wins over the nearest tags.yaml; the output names the one used."""
    files = dict.fromkeys(("a.yaml", "b.yaml"), "version: 1\ntags: {owner: {}}\n")
    program = HEAD + 'model("m")'
    for arguments, variable, used in [
        (("--schema", "a.yaml"), "b.yaml", "a.yaml"),
        ((), "b.yaml", "b.yaml"),
        ((), "", "tags.yaml"),
    ]:
        done = run(program, *arguments, "--format", "json", files=files, env={"COSTTAGS_SCHEMA": variable})
        assert report(done)["schema"] == used
        assert [f["tag"] for f in report(done)["findings"]] == ([] if used == "tags.yaml" else ["owner"])
    (tmp_path / "tags.yaml").unlink()
    inner = tmp_path / "inner"
    inner.mkdir()
    done = subprocess.run(
        [COSTTAGS, "preview"], cwd=inner, env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "no tags.yaml in" in done.stderr


def test_a_wrong_schema_is_reported_whole(run: Run) -> None:
    """Errors in tags.yaml stop the preview, all of them listed."""
    done = run("", files={"tags.yaml": "version: 1\ntags:\n  a: {valuse: [x]}\n  b: {default: ''}\n  aws:c: {}\n"})
    assert done.returncode == 2
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == ["3", "4", "5"]


def test_another_virtualenv_is_mentioned(run: Run, tmp_path: Path) -> None:
    """A project that names another virtual environment is told that its program runs in this one."""
    (tmp_path / "venv").mkdir()
    project = "name: ml\nruntime: {name: python, options: {virtualenv: venv}}\n"
    done = run(HEAD + 'model("m")', project=project)
    assert done.returncode == 0
    assert done.stderr == f"note: the project names {tmp_path / 'venv'}; its program runs in {sys.prefix} here\n"


def test_text_from_the_program_cannot_act_on_a_terminal(run: Run) -> None:
    """Control characters and direction marks in names and tags are written out."""
    program = HEAD + 'model("a\\x1b[2Jb", {**RIGHT, "k\\u202ey": "v\\x07\\n"})'
    done = run(program)
    assert done.returncode == 0
    assert "a\\x1b[2Jb" in done.stdout
    assert "k\\u202ey" in done.stdout
    assert not set("\x1b\x07\u202e") & set(done.stdout)


# ---- what goes wrong around a program


def running(tmp_path: Path) -> list[int]:
    """Return the processes that still have this test's folder in their command line or as working directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == tmp_path:
                found.append(int(process.name))
        except OSError:
            continue  # it has just ended
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_preview_that_is_killed_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    """However a preview ends, program and pack end with it: CI systems cancel jobs by signals."""
    for name, text in {
        "Pulumi.yaml": "name: ml\nruntime: python\n",
        "tags.yaml": TAGS,
        "__main__.py": "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n",
    }.items():
        (tmp_path / name).write_text(text)
    process = subprocess.Popen(
        [COSTTAGS, "preview"], cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 30
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(number)
    process.wait(timeout=30)
    until = time.monotonic() + 10
    while left := running(tmp_path):
        assert time.monotonic() < until, left
        time.sleep(0.2)


def test_resources_are_judged_with_their_default_provider(run: Run) -> None:
    """Default tags of the stack's config count however the program's threads are scheduled."""
    delay = (
        "monitor = pulumi.runtime.settings.get_monitor()\ntell = monitor._tell\n"
        "monitor._tell = lambda r: (time.sleep(0.02) if 'providers' in r.type else None, tell(r))[1]\n"
        "for number in range(20): model(f'm{number}', {})\n"
    )
    config = "config: {aws:defaultTags: {tags: {cost-center: ML-Sales, environment: dev}}}\n"
    assert run(HEAD + delay, config=config).returncode == 0


def test_a_pack_that_dies_while_it_remediates_is_named(run: Run) -> None:
    """The program waits for an answer that no one will give: it is ended, and the pack named."""
    program = HEAD + (
        "import subprocess\ntime.sleep(6)  # the pack takes a moment to start, more on a busy machine\n"
        "subprocess.run(['pkill', '-9', '-P', str(os.getppid()), '-f', 'pulumi.policy'], check=True)\n"
        "time.sleep(0.5)\nmodel('m', {})\n"
    )
    done = run(program, "--policy-config", "p.json", files={"p.json": '{"default-tags": "remediate"}'})
    assert done.returncode == 2
    assert "costtags: the policy pack ended with exit code -9" in done.stderr


def test_a_reader_that_goes_away_does_not_hold_the_preview(run: Run, tmp_path: Path) -> None:
    """`costtags preview 2>&1 | head -1` ends soon, though the program prints on."""
    run(HEAD)
    (tmp_path / "__main__.py").write_text("for number in range(200_000): print('line', number)\n")
    started = time.monotonic()
    subprocess.run(["bash", "-c", f"{COSTTAGS} preview 2>&1 | head -1"], cwd=tmp_path, env=environment(), check=True)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("closing", ["sys.stdout.close()", "sys.stdout = None", "os.close(1)"])
def test_a_program_that_closes_its_output(run: Run, closing: str) -> None:
    """What a program does to its streams is its own affair."""
    assert run(HEAD + f"model('m')\n{closing}\n").returncode == 0


def test_threads_and_exit_handlers_of_the_program_run(run: Run) -> None:
    """The program's threads are waited for and its exit handlers called, as by the interpreter."""
    program = HEAD + (
        "import atexit, threading\natexit.register(lambda: print('handler'))\n"
        "threading.Thread(target=lambda: (time.sleep(0.5), print('thread'))).start()\n"
    )
    assert run(program).stderr == "thread\nhandler\n"


def test_output_goes_into_what_is_there(run: Run, tmp_path: Path) -> None:
    """A format's file may be a link or a pipe: the link stays one, and the pipe is written to."""
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    run(HEAD + 'model("m")', "--format", "json=link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text())["verdict"] == "passed"
    command = f"{COSTTAGS} preview --format json=>(cat >piped.json; touch done)"
    subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment(), check=True)
    until = time.monotonic() + 10
    while not (tmp_path / "done").exists():
        assert time.monotonic() < until
        time.sleep(0.1)
    assert json.loads((tmp_path / "piped.json").read_text())["verdict"] == "passed"


def test_components_speak_for_themselves_where_a_policy_is_relaxed(run: Run) -> None:
    """A level that lets pass what a component would refuse in the deployment does not let the preview pass."""
    program = (
        "from costtags.components import TaggedNotebookInstance\n"
        'TaggedNotebookInstance("n", {"instance_type": "ml.t3.medium", "role_arn": "r",\n'
        '    "tags": {"cost-center": "ML-Sales", "environment": "production"}})\n'
    )
    done = run(program, "--format", "json")
    assert (done.returncode, [f["code"] for f in report(done)["findings"]]) == (1, ["wrong-value"])
    done = run(program, "--policy-config", "p.json", files={"p.json": '{"tag-values": "advisory"}'})
    assert done.returncode == 2
    assert '__main__.py:2: TaggedNotebookInstance "n" breaks the rules for tags' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('"n", None', 'arguments go into one dict, {"instance_type": ...}, not nothing'),
        (
            '"n", {"instance_type": "t", "role_arn": "r", "tags": [{"Key": "a"}]}',
            '"tags" must be a map of keys to values',
        ),
        ('"n", {"instance_type": "t", "role_arn": "r", "tags": pulumi.Output.from_input(["x"])}', "tags must be a map"),
    ],
)
def test_components_used_wrongly(run: Run, arguments: str, message: str) -> None:
    """Arguments of a wrong shape are an error that says what they should be."""
    done = run(
        f"import pulumi\nfrom costtags.components import TaggedNotebookInstance\nTaggedNotebookInstance({arguments})"
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_variables_of_an_esc_environment_reach_the_judging(run: Run) -> None:
    """Default tags that an ESC environment sets by variables count, as they do for the real CLI's plugins."""
    variables = {"TF_AWS_DEFAULT_TAGS_cost-center": "ML-Sales"}
    answers = json.dumps({"environments": {"acme/dev": {"variables": variables}}})
    done = run(
        HEAD + 'model("m", {"environment": "dev"})', "--answers", "a.json", "--format", "json",
        config="environment: [acme/dev]\n", files={"a.json": answers},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert tags_of(done, "m")["cost-center"]["source"] == "environment"


def test_answers_that_nothing_asked_for_are_named(run: Run) -> None:
    """A misspelt answer would leave the placeholder in place: it is named."""
    answers = json.dumps({"functions": {"aws:index/getRegoin:getRegion": {"region": "x"}}, "stacks": {"a/b/c": {}}})
    done = run(HEAD + 'model("m")', "--answers", "a.json", files={"a.json": answers})
    assert done.returncode == 0
    assert done.stderr == (
        "note: the program asked for none of these answers: functions aws:index/getRegoin:getRegion, stacks a/b/c\n"
    )
