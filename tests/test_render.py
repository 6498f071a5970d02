"""`costtags render`: documents as AWS takes them, within its quotas or refused, and explained."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costtags.documents.document import DocumentError
from costtags.documents.settings import read
from costtags.documents.table import BY_NAME, DOCUMENTS, PERMISSIONS, render
from costtags.schema import Schema, load
from costtags.suggest import folded
from costtags.tagtext import key_problems, value_problems
from costtags.yamlfile import FileProblems

from .evaluator import Evaluator
from .test_decisions import ALLOW_ALL, GUARDED, PERSON, RESOURCES, SETTINGS, TAGGER, Asked, case

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "documents"
COSTTAGS = Path(sys.executable).parent / "costtags"

Run = Callable[..., subprocess.CompletedProcess[str]]


def run(*args: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("COSTTAGS_", "PULUMI_"))}
    return subprocess.run([COSTTAGS, "render", *args], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)


def project(folder: Path, schema: str, stacks: dict[str, str] | None = None) -> Path:
    (folder / "tags.yaml").write_text(schema, encoding="utf-8")
    if stacks is not None:
        (folder / "Pulumi.yaml").write_text("name: p\nruntime: nodejs\n", encoding="utf-8")
    for name, text in (stacks or {}).items():
        (folder / f"Pulumi.{name}.yaml").write_text(text, encoding="utf-8")
    return folder


SMALL = "version: 1\ntags:\n  team: {values: [ml, bi]}\n"
GUARDRAILS = """config:
  p:guardrails:
    breakGlass: ["arn:aws:iam::*:role/BreakGlass"]
    deployers: ["arn:aws:iam::*:role/Deploy"]
    taggers: ["arn:aws:iam::*:role/Repair"]
"""


def test_every_document_of_the_shipped_schema(tmp_path: Path) -> None:
    """Each document is the reviewed one, and what AWS gets is the same, minified."""
    done = run("--out", str(tmp_path / "pretty"), "--pretty")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "principals and tags from Pulumi.org.yaml\n"
    made = {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "pretty").iterdir()}
    expected = {file.name: file.read_text(encoding="utf-8") for file in GOLDEN.glob("*.json")}
    assert made == expected
    assert run("--out", str(tmp_path / "plain")).returncode == 0
    for file in (tmp_path / "plain").iterdir():
        text = file.read_text(encoding="utf-8")
        assert json.loads(text) == json.loads(expected[file.name])
        assert text == json.dumps(json.loads(text), separators=(",", ":"))


def test_the_list(tmp_path: Path) -> None:
    """The list names every document with its sizes, all within AWS's limits."""
    done = run("--list")
    assert done.returncode == 0
    assert done.stdout == (GOLDEN / "list.txt").read_text(encoding="utf-8")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [*(row.name for row in DOCUMENTS), *PERMISSIONS]
    project(tmp_path, SMALL)
    done = run("--list", cwd=tmp_path)
    assert done.returncode == 0
    assert "scp-require-tags                        -  SCP" in done.stdout
    assert "\n\nscp-require-tags: no breakGlass principal is excepted: nobody could act" in done.stdout


@pytest.mark.parametrize("name", ["scp-require-tags", "scp-protect-tags", "iam-abac", "iam-deny-new-spend"])
def test_the_explanation(name: str) -> None:
    """It says of each statement whom it stops and why, and what is left out and why."""
    done = run("--explain", name)
    assert done.returncode == 0
    assert done.stdout == (GOLDEN / f"{name}.explained.txt").read_text(encoding="utf-8")
    (document,) = render([name], load(ROOT / "tags.yaml"), SETTINGS)
    for part in document.parts:
        for statement in part["Statement"]:
            assert f"\n{statement['Sid']}\n    Stops " in done.stdout


def test_one_document_goes_to_the_terminal() -> None:
    """One name prints it, a part a line where it is split; several need a folder."""
    done = run("scp-protect-tags")
    assert json.loads(done.stdout) == json.loads((GOLDEN / "scp-protect-tags.json").read_text(encoding="utf-8"))
    assert done.stdout.count("\n") == 1
    assert run("iam-require-tags").stdout.count("\n") == 2
    done = run("iam-abac", "tag-policy")
    assert done.returncode == 2
    assert "several documents: name one, or a folder for them with --out (--list lists them)" in done.stderr


def test_what_is_asked_for_must_exist(tmp_path: Path) -> None:
    """Unknown names, stacks and options that name nobody are errors with exit code 2, all at once."""
    done = run("nothing")
    assert done.returncode == 2
    assert 'no document "nothing"; there are: iam-require-tags, iam-protect-tags,' in done.stderr
    done = run("iam-for-doctr")
    assert done.returncode == 2
    assert done.stderr.endswith('no document "iam-for-doctr"; did you mean "iam-for-doctor"?\n')
    done = run("--stack", "prod", "iam-abac")
    assert done.returncode == 2
    assert done.stderr == 'costtags: no config of a stack "prod"; stacks here: dev, org\n'
    project(tmp_path, SMALL)
    done = run(
        "scp-require-tags", "--break-glass", "arn:aws:sts::111122223333:assumed-role/Admin/me",
        "--deployer", "arn:aws:iam::*:role/*", "--tagger", "Repair",
        "--include", "CreateModelPackage", "--include", "CreateModle", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'costtags: options: breakGlass: "arn:aws:sts::111122223333:assumed-role/Admin/me" is a session; name its role: '
        '"arn:aws:iam::111122223333:role/Admin"',
        'options: deployers: "arn:aws:iam::*:role/*" would except everyone: name the role',
        'options: taggers: "Repair" is no ARN of a role or user, such as "arn:aws:iam::*:role/BreakGlass" '
        "(* stands for anything)",
        'options: include: "CreateModelPackage" must not be guarded: A version in a model package group takes the '
        "group's tags and may not bring its own, so every registration would be denied.",
        'options: include: "CreateModle" is no SageMaker action that creates what can be tagged; did you mean '
        '"CreateModel"?',
    ]


def test_principals_come_from_the_stack_that_has_them(tmp_path: Path) -> None:
    """Without --stack it is the only one with guardrails; where several have them, one must be named."""
    project(tmp_path, SMALL, {"dev": "config: {}\n", "org": GUARDRAILS})
    done = run("scp-protect-tags", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == "principals and tags from Pulumi.org.yaml\n"
    assert "role/Deploy" in done.stdout
    project(tmp_path, SMALL, {"org2": GUARDRAILS})
    done = run("scp-protect-tags", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "costtags: several stacks have p:guardrails: name one with --stack (org, org2)\n"
    assert run("scp-protect-tags", "--stack", "org2", cwd=tmp_path).returncode == 0
    project(tmp_path, SMALL, {"org2": "config: {p:guardrails: {brakeGlass: [], scpSize: 20000, deployers: x}}\n"})
    done = run("scp-protect-tags", "--stack", "org2", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'costtags: Pulumi.org2.yaml: p:guardrails: unknown setting "brakeGlass"; did you mean "breakGlass"? '
        "(there are: breakGlass, deployers, taggers, include, abacKeys, scpSize, scpSlots)",
        "Pulumi.org2.yaml: p:guardrails: scpSize must be a number from 500 to 10240",
        "Pulumi.org2.yaml: p:guardrails: deployers must be a list of texts",
    ]


def test_a_smaller_limit_splits(tmp_path: Path) -> None:
    """The limit of before May 2026 can be asked for, and parts of an earlier rendering go."""
    project(tmp_path, SMALL, {"org": GUARDRAILS})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "scp-require-tags-7.json").write_text("{}", encoding="utf-8")
    (tmp_path / "out" / "notes.json").write_text("{}", encoding="utf-8")
    project(tmp_path, SMALL, {"org": f"{GUARDRAILS}    scpSize: 1500\n"})
    done = run("scp-require-tags", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == ["notes.json", *(f"scp-require-tags-{number}.json" for number in (1, 2, 3))]
    assert "out/scp-require-tags-7.json: removed, it belonged to an earlier rendering" in done.stdout
    assert all(len(file.read_text(encoding="utf-8")) <= 1500 for file in (tmp_path / "out").iterdir())
    project(tmp_path, SMALL, {"org": GUARDRAILS})
    done = run("scp-require-tags", "--out", "out", cwd=tmp_path)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["notes.json", "scp-require-tags.json"]


def many(keys: int, values: int, length: int = 18) -> str:
    lines = ["version: 1", "tags:"]
    for i in range(keys):
        listed = ", ".join(f"v{i:02}-{j:03}-".ljust(length, "x") for j in range(values))
        lines.append(f"  key-number-{i}: {{values: [{listed}]}}")
    return "\n".join(lines) + "\n"


QUOTAS = {"iam-": (6_144, 10), "scp-": (10_240, 9), "tag-": (10_000, 10)}


def within(schema: Schema, names: Iterator[str] | None = None, **changes: Any) -> dict[str, tuple[dict[str, Any], ...]]:
    documents = render(names or [name for name in BY_NAME if name[:4] in QUOTAS], schema, replace(SETTINGS, **changes))
    for document in documents:
        size, parts = QUOTAS[document.name[:4]]
        assert len(document.parts) <= parts
        assert all(len(text) <= size and text.isascii() for text in document.texts)
    return {document.name: document.parts for document in documents}


def test_ten_required_keys_with_forty_values_each(tmp_path: Path, evaluator: Evaluator) -> None:
    """They are split over several policies that together decide as one would."""
    (tmp_path / "tags.yaml").write_text(many(10, 40), encoding="utf-8")
    schema = load(tmp_path / "tags.yaml")
    parts = within(schema)
    assert {name: len(made) for name, made in parts.items() if len(made) > 1} == {
        "iam-require-tags": 5,
        "iam-abac": 2,
        "scp-require-tags": 3,
        "tag-policy": 3,
        "tag-policy-report": 2,
    }
    check_decisions(evaluator, schema, list(parts["scp-require-tags"]), list(parts["iam-require-tags"]))


def test_what_cannot_fit_is_refused(tmp_path: Path) -> None:
    """A list of values too long for one statement, or too many policies: an error that says what to do."""
    (tmp_path / "tags.yaml").write_text(many(1, 60, 256), encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        render(["scp-require-tags", "tag-policy"], load(tmp_path / "tags.yaml"), SETTINGS)
    assert caught.value.messages == (
        "scp-require-tags: ValuesKeyNumber0 does not fit: its smallest part has 15902 characters, and a service "
        "control policy takes 10240; shorten that tag's list of values in tags.yaml (a * in a value stands for many)",
        "tag-policy: key-number-0 does not fit: its smallest part has 16868 characters, and a tag policy takes 10000; "
        "shorten that tag's list of values in tags.yaml (a * in a value stands for many)",
    )
    (tmp_path / "tags.yaml").write_text(many(30, 60, 40), encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        render(["iam-require-tags"], load(tmp_path / "tags.yaml"), SETTINGS)
    assert caught.value.messages == (
        "iam-require-tags: needs 36 policies of at most 6144 characters, and a role takes at most 10 of them; shorten "
        "the lists of values in tags.yaml, require fewer tags, or include fewer actions",
    )


@pytest.mark.parametrize(
    "value", ["${aws:username}", "a?b", 'a"b', "a\\b", "**", "a*b*c", "x" * 257, "$", "a'b", "a\nb"]
)
def test_values_that_would_mean_something_else_are_refused(tmp_path: Path, value: str) -> None:
    """What a policy would read as a variable, a wildcard or a quote never comes so far."""
    (tmp_path / "tags.yaml").write_text(
        f"version: 1\ntags:\n  team: {{values: [{json.dumps(value)}]}}\n", encoding="utf-8"
    )
    with pytest.raises(FileProblems) as caught:
        load(tmp_path / "tags.yaml")
    assert caught.value.problems[0].line == 3


# What AWS takes in tags, letters beyond ASCII too; U+2028 is no character that the evaluator's * matches.
_TEXT = st.text(st.sampled_from("aZ09_.:/=+-@ äßЖ漢é"), min_size=1)


def _keys() -> st.SearchStrategy[list[str]]:
    one = _TEXT.filter(lambda text: len(text) <= 40 and not list(key_problems(text)))
    return st.lists(one, min_size=1, max_size=6, unique_by=folded)


def _values() -> st.SearchStrategy[list[str]]:
    exact = _TEXT.filter(lambda text: not list(value_problems(text)))
    long = st.integers(1, 256).map(lambda length: "v" * length)
    glob = exact.map(lambda text: f"{text}*")
    return st.lists(st.one_of(exact, long, glob), min_size=1, max_size=12, unique=True)


@st.composite
def schemas(draw: st.DrawFn) -> str:
    tags: dict[str, Any] = {}
    for key in draw(_keys()):
        rule: dict[str, Any] = {"required": draw(st.booleans())}
        if draw(st.booleans()):
            rule["values"] = draw(_values())
        tags[key] = rule
    other = draw(st.sampled_from(["allowed", "denied", {"allow": ["org:*"]}]))
    return _yaml({"version": 1, "tags": tags, "other_keys": other})


def _yaml(data: Any) -> str:
    # JSON is YAML; flow style, one long line.
    return json.dumps(data, ensure_ascii=False)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=schemas())
def test_any_schema_renders_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, evaluator: Evaluator, text: str
) -> None:
    """Whatever the schema, documents are within their quotas and decide rightly, or there is a reason."""
    path = tmp_path_factory.mktemp("schema") / "tags.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        schema = load(path)
    except FileProblems:
        return  # refused with a line for each reason: tests/test_schema.py
    try:
        names = iter(["iam-require-tags", "iam-protect-tags", "scp-require-tags", "scp-protect-tags", "tag-policy"])
        parts = within(schema, names)
    except DocumentError:
        return  # refused: the messages are those of the tests above
    check_decisions(evaluator, schema, list(parts["scp-require-tags"]), list(parts["iam-require-tags"]))
    protecting = list(parts["scp-protect-tags"])
    right = right_tags(schema)
    resource = RESOURCES["CreateEndpoint"]
    for key in right:
        old = {**right, key: "old"}
        asked = [
            case("DeleteTags", resource, Asked({key: ""}, old)),
            case("AddTags", resource, Asked({key: right[key]}, old)),
            case("AddTags", resource, Asked({key: right[key]}, right)),
            case("AddTags", resource, Asked({key: right[key]}, {})),
            case("AddTags", resource, Asked({key: right[key]}, old, on_creation=True)),
            case("DeleteTags", resource, Asked({key: ""}, old, TAGGER)),
        ]
        decided = evaluator.decide([ALLOW_ALL], protecting, asked, PERSON)
        assert [one.allowed for one in decided] == [False, False, True, True, True, True], key


def right_tags(schema: Schema) -> dict[str, str]:
    return {key: (tag.values[0].replace("*", "x") if tag.values else "any") for key, tag in schema.tags.items()}


def check_decisions(evaluator: Evaluator, schema: Schema, scps: list[Any], identity: list[Any]) -> None:
    """The right tags pass, and each kind of wrong ones is stopped, by either kind of policy."""
    right = right_tags(schema)
    asked = [("right", Asked(right), True), ("Studio's", Asked({**right, "sagemaker:domain-arn": "arn"}), True)]
    asked.append(("another key", Asked({**right, "zz-other": "x"}), schema.other_keys is None))
    for key, tag in schema.tags.items():
        rest = {other: value for other, value in right.items() if other != key}
        asked.append((f"without {key}", Asked(rest), not tag.required))
        asked.append((f"{key} empty", Asked({**right, key: ""}), False))
        if key.swapcase() != key and key.swapcase().swapcase() == key and key.swapcase().lower() == key.lower():
            asked.append((f"case of {key}", Asked({**rest, key.swapcase(): right[key]}), False))
        for value in tag.values or ():
            asked.append((f"{key}={value}", Asked({**right, key: value.replace("*", "")}), bool(value.strip("*"))))
        if tag.values and not tag.allows("no such value"):
            asked.append((f"{key} wrong", Asked({**right, key: "no such value"}), False))
    cases = [case(action, RESOURCES[action], one) for action in sorted(GUARDED)[:3] for _, one, _ in asked]
    expected = [allowed for _ in range(3) for _, _, allowed in asked]
    for ours, theirs in (([ALLOW_ALL], scps), ([ALLOW_ALL, *identity], None)):
        decided = evaluator.decide(ours, theirs, cases, PERSON)
        wrong = [
            (asked[index % len(asked)][0], one.denied_by)
            for index, (one, allowed) in enumerate(zip(decided, expected, strict=True))
            if one.allowed != allowed
        ]
        assert wrong == []


def test_settings_are_read_whole() -> None:
    """Every setting of a stack's config has its place."""
    read_whole = read(
        {
            "breakGlass": ["arn:aws:iam::111122223333:root"],
            "deployers": ["arn:aws-cn:iam::*:role/team/Deploy*"],
            "taggers": ["arn:*:iam::*:user/repair"],
            "include": ["sagemaker:CreateModel", "CreateApp"],
            "abacKeys": ["team"],
            "scpSize": 5120,
            "scpSlots": "4",
        }
    )
    assert read_whole.include == ("CreateModel", "CreateApp")
    assert (read_whole.scp_size, read_whole.scp_slots, read_whole.abac_keys) == (5120, 4, ("team",))
    with pytest.raises(DocumentError) as caught:
        render(["iam-abac"], load(ROOT / "tags.yaml"), replace(read_whole, abac_keys=("teem",)))
    assert str(caught.value).startswith('iam-abac: abacKeys names "teem", which is no tag of ')
    assert str(caught.value).endswith('tags.yaml; did you mean "team"?')
