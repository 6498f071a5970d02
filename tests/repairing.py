"""What the tests of `costtags repair` share: a tags.yaml, an account, the command in this process."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader
from click.testing import CliRunner, Result

from costtags.cli import main

from .aws_account import AwsAccount, Held, environment, serving

TAGS = """\
version: 1
tags:
  cost-center:
    values: [ML-Marketing, ML-Sales, ML-Research]
    aliases: {ML-Marketing: [Marketing], ML-Research: [RnD]}
    misspellings: [CostCode]
  environment: {values: [dev, prod], default: dev}
  team: {required: false, values: ["ml-*"]}
"""
_LOADER = create_loader()
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:"
RIGHT = {"cost-center": "ML-Sales", "environment": "prod"}


def notebook(name: str, tags: Mapping[str, str] | None = None, **fields: Any) -> Held:
    """Return a notebook instance."""
    return Held("notebook-instance", name, tags=dict(tags or {}), fields=fields)


@dataclass
class Shop:
    """A folder with tags.yaml, and an account behind a URL."""

    folder: Path
    state: AwsAccount
    environment: dict[str, str]

    def run(self, *arguments: str) -> Result:
        """Run `costtags repair`."""
        return CliRunner().invoke(main, ["repair", *arguments], env=self.environment)

    def plan(self, rules: str = "[]", *options: str, code: int | None = None) -> dict[str, Any]:
        """Make a plan and return it as data; nothing may be written meanwhile."""
        (self.folder / "rules.yaml").write_text(rules, encoding="utf-8")
        before = len(self.state.writes())
        if "--audit" not in options:  # only what there is: the fewer lists the faster
            types = sorted({one.type for one in self.state.held.values()})
            options = (*options, *(word for type_ in types for word in ("--type", type_)))
        result = self.run("plan", "--rules", "rules.yaml", "--out", "plan.yaml", "--format", "json", *options)
        assert result.exit_code in ((0, 1) if code is None else (code,)), result.output
        assert len(self.state.writes()) == before
        data: dict[str, Any] = json.loads(result.stdout)
        return data

    def apply(self, *options: str) -> Result:
        """Apply the plan."""
        return self.run("apply", "plan.yaml", *options)

    def read(self, name: str = "plan.yaml") -> str:
        """Return a file's text."""
        return (self.folder / name).read_text(encoding="utf-8")

    def write(self, text: str, name: str = "plan.yaml") -> None:
        """Write a file."""
        (self.folder / name).write_text(text, encoding="utf-8")


@contextmanager
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch, *held: Held, tags: str = TAGS) -> Iterator[Shop]:
    """Yield a folder and an account that holds these."""
    (folder / "tags.yaml").write_text(tags, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("costtags.repair.write.PAUSES", (0.0,) * 6)
    monkeypatch.setattr("botocore.loaders.create_loader", lambda _path=None: _LOADER)  # reads SageMaker's model once
    state = AwsAccount()
    state.add(*held)
    with serving(state) as url:
        yield Shop(folder, state, environment(url))


def sets(plan: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return what a plan sets, by the last part of the ARN."""
    return {
        entry["arn"].removeprefix(ARN): {key: one["value"] for key, one in entry["set"].items()}
        for entry in plan["resources"]
    }


def left(plan: Mapping[str, Any]) -> dict[tuple[str, str | None], str]:
    """Return what a plan leaves, and why."""
    return {(one["arn"].removeprefix(ARN), one.get("key")): one["why"] for one in plan["not_repaired"]}


# Each command is a process of its own, forked from one that has imported everything and read AWS's models: what a
# process needs to begin is most of what one costs that is killed soon after.
_FORKER = """
import gc, json, os, sys, traceback
import botocore.loaders, botocore.session
from costtags.cli import main
from costtags.commands import repair
from costtags.account import run_audit
from costtags.gate.formats import as_json
from costtags.repair import apply, make, plan_file, text, undo
import ruamel.yaml

loader = botocore.loaders.create_loader()
botocore.loaders.create_loader = lambda _path=None: loader
for service in ("sagemaker", "resourcegroupstaggingapi", "sts"):
    botocore.session.Session().create_client(
        service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
gc.freeze()
for line in sys.stdin:
    asked = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        for number, name in ((0, os.devnull), (1, asked["stdout"]), (2, asked["stderr"])):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
        try:
            main(asked["arguments"], prog_name="costtags")
        except SystemExit as end:
            code = end.code or 0
        except BaseException:
            traceback.print_exc()
            code = 70
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass
class Forker:
    """Runs commands of costtags, one at a time, each in a process of its own."""

    _process: "subprocess.Popen[str]"
    _folder: Path

    def run(
        self, url: str, *arguments: str, began: Callable[[int], None] = lambda _pid: None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, its own or by a signal; ``began`` is told the process's id."""
        assert self._process.stdin
        assert self._process.stdout
        outputs = {name: str(self._folder / f".{name}") for name in ("stdout", "stderr")}
        asked = {"arguments": arguments, "cwd": str(self._folder), "env": environment(url), **outputs}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        began(int(self._process.stdout.readline()))
        code = int(self._process.stdout.readline())
        said = [Path(name).read_text(encoding="utf-8") for name in outputs.values()]
        return subprocess.CompletedProcess(arguments, code, *said)


@contextmanager
def forker(folder: Path) -> Iterator[Forker]:
    """Yield what runs commands in a folder."""
    with subprocess.Popen(
        [sys.executable, "-c", _FORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Forker(process, folder)
        assert process.stdin
        process.stdin.close()
