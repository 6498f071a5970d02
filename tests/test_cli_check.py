"""The commands check and tags as a user runs them: output, messages on stderr, exit codes, no traceback."""

import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("costtags"))
TODAY = datetime.now(tz=UTC).date()
SCHEMA = """version: 1
tags:
  environment: {values: [dev, prod], aliases: {prod: [live]}}
  project: {pattern: "[a-z]+"}
  owner: {required: false}
"""
RIGHT = ["environment=prod", "project=churn"]


def run(folder: Path, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run the console script in a folder; return exit code, stdout and stderr."""
    kept = {name: value for name, value in os.environ.items() if name != "COSTTAGS_SCHEMA"}
    done = subprocess.run(
        [COMMAND, *arguments], cwd=folder, env=kept | variables, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return a folder with a tags.yaml."""
    (tmp_path / "tags.yaml").write_text(SCHEMA)
    return tmp_path


def exemption(days: int) -> str:
    """Return an entry of exemptions.yaml that expires in some days."""
    expires = TODAY + timedelta(days=days)
    return f"- {{resource: 'urn:pulumi:*', policies: [required-tags], owner: me, reason: why, expires: {expires}}}\n"


def test_check(folder):
    """A file that is right is summed up."""
    assert run(folder, "check") == (0, "tags.yaml: 3 tags, 2 required; 0 budgets\n", "")


def test_check_from_a_folder_below(folder):
    """The nearest file upwards counts; it is named by its path where it lies outside the working directory."""
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    assert run(below, "check") == (0, f"{folder / 'tags.yaml'}: 3 tags, 2 required; 0 budgets\n", "")


def test_check_counts_exemptions(folder):
    """Valid and expired exemptions are counted, and the expired ones named."""
    (folder / "exemptions.yaml").write_text(exemption(30) + exemption(-1) + exemption(0))
    assert run(folder, "check") == (
        0,
        "tags.yaml: 3 tags, 2 required; 0 budgets\n"
        "exemptions.yaml: 2 exemptions, 1 more expired\n"
        f"exemptions.yaml:2: expired on {TODAY - timedelta(days=1)}: excuses nothing any more\n",
        "",
    )


def test_check_tells_all_errors_of_both_files(folder):
    """Errors of tags.yaml and exemptions.yaml come together, on stderr, sorted by file and line."""
    (folder / "tags.yaml").write_text("version: 2\ntags:\n  aws:x: {values: [no]}\n")
    (folder / "exemptions.yaml").write_text("- resource: x\n")
    code, out, err = run(folder, "check")
    assert (code, out) == (2, "")
    assert [line.split(": ", 1)[0] for line in err.splitlines()] == [
        *["exemptions.yaml:1"] * 5,
        "tags.yaml:1",
        "tags.yaml:3",
        "tags.yaml:3",
    ]
    assert err.splitlines()[5:] == [
        'tags.yaml:1: "version" must be 1, the only version of this file\'s format',
        'tags.yaml:3: "tags.aws:x.values[0]": no is a boolean to some YAML readers: write it in quotes, "no"',
        'tags.yaml:3: tag key "aws:x": keys that begin with "aws:" are reserved for AWS',
    ]


def test_check_tells_errors_of_exemptions_alone(folder):
    """With a right tags.yaml, wrong exemptions fail all the same."""
    (folder / "exemptions.yaml").write_text("none\n")
    message = 'exemptions.yaml:1: must hold a list of entries, each beginning with "- resource:"\n'
    assert run(folder, "check") == (2, "", message)


@pytest.mark.parametrize("command", [["check"], ["tags", *RIGHT]])
def test_no_file(tmp_path, command):
    """Without a tags.yaml anywhere above, the message says how to name one."""
    code, out, err = run(tmp_path, *command)
    assert (code, out) == (2, "")
    assert f"no tags.yaml in {tmp_path} or above it; name one with --schema" in " ".join(err.split())


@pytest.mark.parametrize("command", [["check"], ["tags", *RIGHT]])
def test_named_files(folder, command):
    """--schema comes before COSTTAGS_SCHEMA, and that before the nearest file; one that is not there is an error."""
    (folder / "other.yaml").write_text("version: 1\ntags: {other: {}}\n")
    assert run(folder, *command, "--schema", "nope.yaml", COSTTAGS_SCHEMA="other.yaml") == (
        2,
        "",
        "nope.yaml:1: cannot be read: No such file or directory\n",
    )
    assert run(folder, *command, COSTTAGS_SCHEMA="nope.yaml")[0] == 2
    assert run(folder, *command, "--schema", "tags.yaml", COSTTAGS_SCHEMA="nope.yaml")[0] == 0
    assert run(folder, *command, COSTTAGS_SCHEMA="")[0] == 0
    assert "other.yaml" in "".join(run(folder, *command, COSTTAGS_SCHEMA="other.yaml")[1:])


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"- a\n", b"\xff\xfe", b"a: \x00\n", b"[" * 5000, b"x" * 1_000_001, b'a: "\\U00110000"',
        b'tags: {"\\ud800": {}}',
    ],
)  # fmt: skip
def test_check_of_hostile_files(folder, raw):
    """Whatever the file holds, there is a message with its line, exit code 2 and no traceback."""
    (folder / "tags.yaml").write_bytes(raw)
    code, out, err = run(folder, "check")
    assert (code, out) == (2, "")
    assert all(line.startswith("tags.yaml:") for line in err.splitlines())


def test_check_takes_no_arguments(folder):
    """What the command does not know is refused with its usage."""
    code, out, err = run(folder, "check", "tags.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("Usage: costtags check")


ROWS = '[{"Key": "environment", "Value": "prod"}, {"Key": "project", "Value": "churn"}]'


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ([], ROWS),
        (["--format", "sdk"], ROWS),
        (["--format", "boto3"], ROWS),
        (["--format", "cli"], f"--tags {shlex.quote(ROWS)}"),
        (["--format", "yaml"], '"environment": "prod"\n"project": "churn"'),
    ],
)
def test_tags(folder, form, expected):
    """Right tags are printed in the form that was asked for, in the order given, and nothing else."""
    assert run(folder, "tags", *RIGHT, *form) == (0, f"{expected}\n", "")


@pytest.mark.parametrize("value", ["it's $HOME", '"`id`"', "a\nb", "   "])
def test_tags_that_aws_would_refuse(folder, value):
    """A value that AWS does not accept is refused here, also where the schema allows any text."""
    code, out, err = run(folder, "tags", *RIGHT, f"owner={value}")
    assert (code, out) == (1, "")
    fault = "has a value with characters that AWS does not accept in tags" if value.strip() else "is empty"
    assert err.startswith(f'tag "owner" {fault}; allowed: any text but the empty one\n')


@pytest.mark.parametrize("value", ["a=b", "a:b/c+d@e-f_g.h i", "größe 東京"])
def test_tags_with_odd_values(folder, value):
    """Everything behind the first = is the value."""
    code, out, _ = run(folder, "tags", *RIGHT, f"owner={value}")
    assert code == 0
    assert json.loads(out)[2] == {"Key": "owner", "Value": value}


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (["project=churn"], ['tag "environment" is missing; allowed: dev, prod']),
        (
            ["environment=live", "project=churn"],
            ['tag "environment" has a value that is not allowed; allowed: dev, prod; did you mean "prod"?'],
        ),
        (["Environment=prod", "project=churn"], ['tag "Environment" must be spelled "environment"']),
        (
            ["environment=", "project=Churn"],
            [
                'tag "environment" is empty; allowed: dev, prod',
                'tag "project" has a value that is not allowed; allowed: what matches [a-z]+',
            ],
        ),
    ],
)
def test_wrong_tags(folder, pairs, expected):
    """Wrong tags are told on stderr, all of them, with the file judged by; nothing is printed to paste."""
    code, out, err = run(folder, "tags", *pairs)
    assert (code, out) == (1, "")
    # At least these lines, so that lines to paste may be added to them.
    assert [line for line in err.splitlines() if line in expected] == expected
    assert err.splitlines()[-1] == "judged by tags.yaml"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["environment"], '"environment" is no KEY=VALUE'),
        ([*RIGHT, "project=x"], '"project" is given twice'),
        ([], "Missing argument 'KEY=VALUE...'"),
        ([*RIGHT, "--format", "xml"], "'xml' is not one of 'sdk', 'boto3', 'cli', 'yaml'"),
    ],
)
def test_tags_that_are_none(folder, arguments, message):
    """What cannot be read as tags, or as a form, is a usage error."""
    code, out, err = run(folder, "tags", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_tags_of_a_wrong_schema(folder):
    """Nothing is judged by a tags.yaml that has errors."""
    (folder / "tags.yaml").write_text("version: 1\ntags: {environment: {valeus: [dev]}}\n")
    code, out, err = run(folder, "tags", *RIGHT)
    assert (code, out) == (2, "")
    assert err.startswith('tags.yaml:2: unknown key "tags.environment.valeus"; did you mean "values"?')


@pytest.mark.parametrize("command", ["check", "tags"])
def test_help(tmp_path, command):
    """Help needs no file."""
    code, out, err = run(tmp_path, command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: costtags {command} ")


def test_bytes_that_are_no_text(folder):
    """Arguments that are not UTF-8 end with a message, not with a traceback."""
    done = subprocess.run([COMMAND, "tags", *RIGHT, b"owner=\xff"], cwd=folder, capture_output=True, timeout=60)
    assert b"Traceback" not in done.stderr
