"""The ways into CI: what their shell parts do, run for real; the pull request's comment against a stand-in."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
YAML_FILE = YAML(typ="safe", pure=True)
ACTION = YAML_FILE.load(ROOT / "action.yml")
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def environment(**more: str) -> dict[str, str]:
    ours = ("AWS_", "PULUMI_", "COSTTAGS_", "TF_AWS_", "GITHUB_", "RUNNER_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return kept | {"PATH": f"{BIN}{os.pathsep}{kept['PATH']}", **more}


def outputs(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def judge(tmp_path: Path, directory: str, **more: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """Run the Action's step, as Actions runs it."""
    for name in ("output", "summary"):
        (tmp_path / name).write_text("")
    env = environment(
        ACTION_FOLDER=str(ROOT),
        COSTTAGS_IN_DIRECTORY=directory,
        RUNNER_TEMP=str(tmp_path),
        GITHUB_OUTPUT=str(tmp_path / "output"),
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
        **more,
    )
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", STEPS["Judge"]["run"]],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return done, outputs(tmp_path / "output")


def test_a_blocked_program(tmp_path: Path) -> None:
    """Annotations are printed, the reports and the summary written, and the last step fails with the gate's code."""
    done, said = judge(tmp_path, "examples/untagged")
    assert done.returncode == 0, done.stderr
    assert said == {
        "code": "1",
        "verdict": "blocked",
        "reports": str(tmp_path / "costtags"),
        "sarif": str(tmp_path / "costtags" / "costtags.sarif"),
    }
    assert "::error file=examples/untagged/__main__.py,line=5," in done.stdout
    assert json.loads(Path(said["sarif"]).read_text())["version"] == "2.1.0"
    assert (tmp_path / "summary").read_text() == (tmp_path / "costtags" / "costtags.md").read_text()
    last = subprocess.run(["bash", "-c", STEPS["Verdict"]["run"]], env=environment(CODE=said["code"]), check=False)
    assert last.returncode == 1


def test_a_program_that_passes(tmp_path: Path) -> None:
    """Inputs reach the gate, and those that are empty are left out."""
    done, said = judge(tmp_path, ".", COSTTAGS_IN_STACK="dev", COSTTAGS_IN_SCHEMA="", COSTTAGS_IN_ENGINE="embedded")
    assert (done.returncode, said["code"], said["verdict"]) == (0, "0", "passed"), done.stderr


def test_a_program_that_cannot_be_judged(tmp_path: Path) -> None:
    """No report is left from an earlier run, and the code is 2."""
    (tmp_path / "costtags").mkdir()
    (tmp_path / "costtags" / "costtags.sarif").write_text("old")
    done, said = judge(tmp_path, "docs")
    assert (done.returncode, said["code"], said["verdict"]) == (0, "2", "failed")
    assert "sarif" not in said
    assert "is no Pulumi project" in done.stderr


def test_inputs_are_no_code(tmp_path: Path) -> None:
    """No input stands in a script; what a script gets comes by variables, and is never run."""
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
    done, said = judge(tmp_path, "; touch owned", COSTTAGS_IN_STACK="$(touch owned)")
    assert said["verdict"] == "failed"
    assert not (ROOT / "owned").exists()
    assert done.returncode == 0


def test_every_input_is_used() -> None:
    """Each input of the Action is named in a step, and each step's expression names an input that there is."""
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    used = set(re.findall(r"inputs\.([a-z-]+)", text))
    assert used == set(ACTION["inputs"])


class GitHub(ThreadingHTTPServer):
    """A stand-in for the part of GitHub's API that has the comments of a pull request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.refuse = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: GitHub

    def answer(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.calls.append(f"{self.command} {path}")
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        if self.server.refuse:
            return self.reply(403, {"message": "Resource not accessible by integration"})
        assert self.headers["Authorization"] == "Bearer t0ken"
        comments = self.server.comments
        if self.command == "GET":
            page = int(re.search(r"page=(\d+)$", query)[1])  # type: ignore[index]
            return self.reply(200, comments[(page - 1) * 100 : page * 100])
        if self.command == "POST":
            comments.append({"id": len(comments) + 1, "user": {"type": "Bot"}, **body})
            return self.reply(201, comments[-1])
        found = next(one for one in comments if path.endswith(f"/comments/{one['id']}"))
        found.update(body)
        return self.reply(200, found)

    do_GET = do_POST = do_PATCH = answer

    def reply(self, code: int, body: Any) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def comment(github: GitHub, tmp_path: Path, text: str, key: str = ". dev", **more: str) -> str:
    (tmp_path / "costtags.md").write_text(text)
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    given = {
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "acme/ml",
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "REPORTS": str(tmp_path),
        "COSTTAGS_COMMENT_KEY": key,
    }
    env = environment(**(given | more))
    done = subprocess.run(
        ["bash", "-c", STEPS["Comment on the pull request"]["run"]],
        env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "t0ken" not in done.stdout + done.stderr
    return done.stdout


REPORT = "<!-- costtags -->\n<h3>Cost tags: {}</h3>\n"


def test_one_comment_is_updated(github: GitHub, tmp_path: Path) -> None:
    """The first run writes a comment, a later one replaces its text, also behind many others; people's are left."""
    github.comments += [
        {"id": n, "user": {"type": "User"}, "body": "<!-- costtags . dev -->\nmine"} for n in range(1, 151)
    ]
    assert comment(github, tmp_path, REPORT.format("blocked")) == "costtags: comment written\n"
    assert comment(github, tmp_path, REPORT.format("passed")) == "costtags: comment updated\n"
    ours = [one["body"] for one in github.comments[150:]]
    assert ours == ["<!-- costtags . dev -->\n<h3>Cost tags: passed</h3>\n"]
    assert {one["body"] for one in github.comments[:150]} == {"<!-- costtags . dev -->\nmine"}
    assert comment(github, tmp_path, REPORT.format("other"), key="other --> x") == "costtags: comment written\n"
    assert github.comments[-1]["body"].startswith("<!-- costtags other ___ x -->\n")


def test_a_fork_may_not_comment(github: GitHub, tmp_path: Path) -> None:
    """What cannot be written is a warning in one line, and fails nothing."""
    github.refuse = True
    said = comment(github, tmp_path, REPORT.format("blocked"))
    assert said.startswith("::warning title=costtags::no comment on the pull request: GET ")
    assert said.endswith("may only read; else give the job `pull-requests: write`)\n")
    assert said.count("\n") == 1


def test_without_a_pull_request(github: GitHub, tmp_path: Path) -> None:
    """A push has no comment."""
    assert comment(github, tmp_path, "x", GITHUB_EVENT_PATH="/nowhere") == "costtags: no pull request, no comment\n"
    assert github.calls == []


def test_the_gitlab_template(tmp_path: Path) -> None:
    """The script of the job, but for its installation, runs and leaves the reports that it names."""
    job = YAML_FILE.load(ROOT / "ci" / "gitlab.yml")["costtags"]
    (tmp_path / ".costtags").mkdir()
    (tmp_path / ".costtags" / "bin").symlink_to(BIN)
    variables = {**job["variables"], "COSTTAGS_DIRECTORY": str(ROOT / "examples" / "untagged")}
    lines = [line for line in job["script"] if "pip install" not in line and "-m venv" not in line]
    assert len(lines) == len(job["script"]) - 3
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)],
        cwd=tmp_path, env=environment(**variables), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Blocked: 1 resource judged; findings: 3 mandatory." in done.stdout
    named = [job["artifacts"]["reports"]["junit"], *job["artifacts"]["paths"]]
    assert all((tmp_path / name).is_file() for name in named)


def test_the_pre_commit_hooks() -> None:
    """Each hook's command runs; the first is for exactly the files that it reads."""
    hooks = {hook["id"]: hook for hook in YAML_FILE.load(ROOT / ".pre-commit-hooks.yaml")}
    for name in ("tags.yaml", "infra/exemptions.yaml"):
        assert re.search(hooks["costtags-check"]["files"], name)
    assert not re.search(hooks["costtags-check"]["files"], "other-tags.yaml")
    for hook, options in (("costtags-check", ""), ("costtags-preview", " --stack dev")):
        done = subprocess.run(
            ["bash", "-c", hooks[hook]["entry"] + options],
            cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
