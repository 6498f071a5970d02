"""A repair of a thousand resources, killed at random points: nothing is lost, nothing done twice, all of it undone."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from .aws_account import AwsAccount, Call, Fault, Held, environment, serving
from .repairing import TAGS

COUNT, KILLS = 1000, 20
RULES = """\
- match: {name: "mktg-*"}
  set: {cost-center: ML-Marketing, environment: prod}
- set: {cost-center: ML-Sales, environment: dev}
"""
_TYPES = ("notebook-instance", "endpoint", "model")
_TAGS = ({"owner": "x"}, {"cost-center": "Marketing"}, {"CostCode": "RnD", "owner": "x"}, {"environment": "dev"})


def account() -> AwsAccount:
    state = AwsAccount(page=100)
    for n in range(COUNT):
        name = f"{('mktg', 'sales')[n % 2]}-{n:04}"
        # Most have had tags before, so that GetResources returns them; the rest needs a ListTags.
        state.add(Held(_TYPES[n % 3], name, tags=dict(_TAGS[n // 2 % 4]), tagged_before=n % 10 != 0))
    return state


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "costtags", "repair", *arguments]


def run(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=folder, env=environment(url), capture_output=True, text=True, check=False
    )


def killed(
    folder: Path, url: str, state: AwsAccount, chance: random.Random, needless: list[str], *arguments: str
) -> None:
    """Run a command and kill it with SIGKILL at one of its next calls, before or after AWS acted on it."""
    writes = chance.randint(0, 3)
    calls, after = chance.randint(0, 25), chance.random() < 0.5
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    made = passed = 0

    def fault(call: Call) -> Fault | None:
        nonlocal made, passed
        writing = call.operation in ("TagResources", "UntagResources")
        needless.extend(already(state, call))
        passed += made >= writes
        made += writing
        if passed <= calls and not (writing and passed > 0 and chance.random() < 0.3):
            return None
        process.kill()
        return Fault(None, after_acting=after)

    state.fault = fault
    _, said = process.communicate(timeout=60)
    state.fault = lambda call: needless.extend(already(state, call))
    assert process.returncode == -9, said.decode()


def already(state: AwsAccount, call: Call) -> list[str]:
    """Return the resources of a writing call that are as it wants them before it acts."""
    if call.operation not in ("TagResources", "UntagResources"):
        return []
    tags, keys = call.body.get("Tags", {}), call.body.get("TagKeys", [])
    held = {arn: state.held[arn].tags for arn in call.body["ResourceARNList"]}
    return [arn for arn, has in held.items() if has | tags == has and not any(key in has for key in keys)]


@pytest.mark.parametrize("seed", [6])
def test_killed_twenty_times_and_undone(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    (tmp_path / "tags.yaml").write_text(TAGS, encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    apply = ("apply", "plan.yaml", "--overwrite")
    smooth, state = account(), account()
    before = state.tags()
    needless: list[str] = []
    with serving(smooth) as url:
        made = run(tmp_path, url, "plan", "--rules", "rules.yaml", "--out", "plan.yaml", "--remove-misspelt")
        assert (made.returncode, smooth.writes()) == (0, []), made.stderr
        assert run(tmp_path, url, *apply, "--journal", "smooth.journal").returncode == 0
    with serving(state) as url:
        for _ in range(KILLS):
            killed(tmp_path, url, state, chance, needless, *apply)
        assert state.tags() not in (before, smooth.tags())  # it was killed in the midst of the work
        last = run(tmp_path, url, *apply)
        assert last.returncode == 0, last.stdout + last.stderr
        assert state.tags() == smooth.tags()
        for _ in range(3):
            killed(tmp_path, url, state, chance, needless, "undo", "plan.yaml.journal")
        undone = run(tmp_path, url, "undo", "plan.yaml.journal")
        assert undone.returncode == 0, undone.stdout + undone.stderr
        assert state.tags() == before
    assert needless == []  # no write was made of what was there already
