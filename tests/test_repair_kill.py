"""A repair of a thousand resources, killed at random points: nothing is lost, nothing done twice, all of it undone."""

import os
import random
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from .aws_account import AwsAccount, Call, Fault, Held, serving
from .repairing import TAGS, Forker, forker

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


def killed(
    forks: Forker, url: str, state: AwsAccount, chance: random.Random, needless: list[str], *arguments: str
) -> None:
    """Run a command and kill it with SIGKILL at one of its next calls, before or after AWS acted on it."""
    writes = chance.randint(0, 3)
    calls, after = chance.randint(0, 25), chance.random() < 0.5
    pids: list[int] = []
    made = passed = 0

    def fault(call: Call) -> Fault | None:
        nonlocal made, passed
        writing = call.operation in ("TagResources", "UntagResources")
        needless.extend(already(state, call))
        passed += made >= writes
        made += writing
        if passed <= calls and not (writing and passed > 0 and chance.random() < 0.3):
            return None
        with suppress(ProcessLookupError):  # a call of another thread of it was before this one
            os.kill(pids[0], signal.SIGKILL)
        return Fault(None, after_acting=after)

    state.fault = fault
    ended = forks.run(url, "repair", *arguments, began=pids.append)
    state.fault = lambda call: needless.extend(already(state, call))
    assert ended.returncode == -signal.SIGKILL, ended.stderr


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
    with forker(tmp_path) as forks:

        def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
            return forks.run(url, "repair", *arguments)

        with serving(smooth) as url:
            made = run("plan", "--rules", "rules.yaml", "--out", "plan.yaml", "--remove-misspelt")
            assert (made.returncode, smooth.writes()) == (0, []), made.stderr
            assert run(*apply, "--journal", "smooth.journal").returncode == 0
        with serving(state) as url:
            for _ in range(KILLS):
                killed(forks, url, state, chance, needless, *apply)
            assert state.tags() not in (before, smooth.tags())  # it was killed in the midst of the work
            last = run(*apply)
            assert last.returncode == 0, last.stdout + last.stderr
            assert state.tags() == smooth.tags()
            for _ in range(3):
                killed(forks, url, state, chance, needless, "undo", "plan.yaml.journal")
            undone = run("undo", "plan.yaml.journal")
            assert undone.returncode == 0, undone.stdout + undone.stderr
            assert state.tags() == before
    assert needless == []  # no write was made of what was there already
