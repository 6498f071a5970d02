"""Random programs of a fixed seed: both engines say the same of each. `make fuzz` tries more, of other seeds."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import pytest

from .fuzz import generate, render
from .fuzz.batches import SEED, batches
from .fuzz.coverage import features
from .fuzz.runner import Engines
from .fuzz.shrink import shrink

PROGRAMS = 200
# What must occur among them, each at least so often: the generator may change, its reach may not.
OCCURS = {
    **{f"do {step}": 10 for step in ("resource", "provider", "component", "tagged", "read", "document", "stack")},
    **{f"value {kind}": 5 for kind in generate.VALUES if kind != "deep"},
    **{f"form {form}": 3 for form in set(generate.FORMS)},
    **{f"how {how}": 3 for how in ("loop", "apply", "apply-unknown", "apply-secret")},
    **{f"act {act}": 1 for act in ("add", "add-soon", "drop", "set", "delete", "none", "spoil", "move", "give")},
    **{f"api {api}": 20 for api in ("old", "new")},
    **{f"option {name}": 3 for name in ("parent", "provider", "providers", "aliases", "protect", "ignore_changes")},
    **{f"package {name}": 50 for name in ("aws", "native")},
    "config defaultTags": 1,
    "environment TF_AWS_DEFAULT_TAGS_": 1,
    "policy default-tags": 1,
}


@pytest.mark.engine
def test_both_engines_agree_on_random_programs(
    engine_environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status, findings, what the CLI prints, inputs after transforms and remediation: all the same."""
    engines = Engines(engine_environment, tmp_path)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda batch: engines.run(*batch), batches(SEED, PROGRAMS)))
    for result in results:
        for disagreement in result.disagreements:
            pytest.fail(f"{disagreement}\n\n{render.program_text(result.batch)}")
    failed = sum(result.failed for result in results)
    programs = sum(len(result.batch["programs"]) for result in results)
    codes = sum((result.counts for result in results), Counter())
    assert programs >= PROGRAMS
    assert all(not result.failed or len(result.batch["programs"]) == 1 for result in results)
    assert failed <= programs / 50
    assert len(codes) >= 12, codes
    with capsys.disabled():
        print(
            f"\nfuzz: both engines agree on {programs} random programs in {len(results)} previews, "
            f"{failed} of which failed; {codes.total()} findings of {len(codes)} kinds (seed {SEED})"
        )


def test_random_programs_hold_what_they_should() -> None:
    """Among the programs of the fixed seed there is enough of everything, and a seed always means the same."""
    made = [batch for batch, _ in batches(SEED, PROGRAMS)]
    found = sum(map(features, made), Counter())
    assert {name: found[name] for name in OCCURS if found[name] < OCCURS[name]} == {}
    assert made == [batch for batch, _ in batches(SEED, PROGRAMS)]
    for batch in made:
        compile(render.program_text(batch), "program", "exec")


def test_shrinking_keeps_only_what_shows_a_disagreement() -> None:
    """What has nothing to do with it goes; a program stays one that can be written."""
    batch = generate.batch("shrinking", 8)
    before = deepcopy(batch)
    step = next(step for program in batch["programs"] for step in program["steps"] if step["do"] == "provider")

    def shows(candidate: generate.Data) -> bool:
        compile(render.program_text(candidate), "program", "exec")
        steps = [step for program in candidate["programs"] for step in program["steps"]]
        return any(one["do"] == "provider" and one["package"] == step["package"] for one in steps)

    small = shrink(batch, shows, most=1000)
    assert batch == before
    [program] = small["programs"]
    assert [one["do"] for one in program["steps"]] == ["provider"]
    assert small["config"] == small["environment"] == small["policies"] == {}
    assert program["steps"][0]["default"]["tags"] == []
