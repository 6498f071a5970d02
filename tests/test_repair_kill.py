"""A repair of a thousand resources, killed at random points: nothing is lost, nothing done twice, all of it undone."""

import random
import subprocess
import sys
from collections import Counter
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


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "costtags", "repair", *arguments]


def run(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, *arguments), cwd=folder, env=environment(url), capture_output=True, text=True, check=False
    )


def killed(folder: Path, url: str, state: AwsAccount, chance: random.Random, *arguments: str) -> None:
    """Run a command and kill it with SIGKILL at one of its next calls, before or after AWS acted on it."""
    writes = len(state.writes()) + chance.randint(0, 3)
    calls, after = chance.randint(0, 25), chance.random() < 0.5
    process = subprocess.Popen(
        command(folder, *arguments),
        cwd=folder,
        env=environment(url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    passed = 0

    def fault(call: Call) -> Fault | None:
        nonlocal passed
        writing = call.operation in ("TagResources", "UntagResources")
        passed += len(state.writes()) - writing >= writes
        if passed <= calls and not (writing and passed > 0 and chance.random() < 0.3):
            return None
        process.kill()
        return Fault(None, after_acting=after)

    state.fault = fault
    _, said = process.communicate(timeout=60)
    state.fault = None
    assert process.returncode == -9, said.decode()


def writes_by_resource(state: AwsAccount) -> Counter[tuple[str, str]]:
    return Counter((call.operation, arn) for call in state.writes() for arn in call.body["ResourceARNList"])


@pytest.mark.parametrize("seed", [6])
def test_killed_twenty_times_and_undone(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    (tmp_path / "tags.yaml").write_text(TAGS, encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    apply = ("apply", "plan.yaml", "--overwrite")
    smooth, state = account(), account()
    before = state.tags()
    with serving(smooth) as url:
        made = run(tmp_path, url, "plan", "--rules", "rules.yaml", "--out", "plan.yaml", "--remove-misspelt")
        assert (made.returncode, smooth.writes()) == (0, []), made.stderr
        assert run(tmp_path, url, *apply, "--journal", "smooth.journal").returncode == 0
    with serving(state) as url:
        for _ in range(KILLS):
            killed(tmp_path, url, state, chance, *apply)
        assert state.tags() not in (before, smooth.tags())  # it was killed in the midst of the work
        last = run(tmp_path, url, *apply)
        assert last.returncode == 0, last.stdout + last.stderr
        assert state.tags() == smooth.tags()
        # A write that was in flight when its process died may not have arrived: only those are made again.
        lost = KILLS * 20
        twice = {one for one, count in writes_by_resource(state).items() if count > 1}
        assert len(twice) <= lost
        assert not needless(state)
        for _ in range(3):
            killed(tmp_path, url, state, chance, "undo", "plan.yaml.journal")
        undone = run(tmp_path, url, "undo", "plan.yaml.journal")
        assert undone.returncode == 0, undone.stdout + undone.stderr
        assert state.tags() == before


def needless(state: AwsAccount) -> list[tuple[str, str]]:
    """Return the writes of tags that their resource had already: recorded by the stand-in as it acted."""
    return getattr(state, "needless", [])
