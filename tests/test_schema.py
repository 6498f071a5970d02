"""tags.yaml as a Schema, and every error of such a file; most cases are files in data/schema with their errors."""

import subprocess
import sys
import time
import unicodedata
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtags import schema
from costtags.schema import Action, Alert, Schema, find, load
from costtags.suggest import folded, nearest
from costtags.tagtext import bad_characters, whole_match
from costtags.yamlfile import FileProblems

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(__file__).resolve().parent / "data" / "schema"
CASES = sorted(DATA.glob("*.yaml"))


def loaded(folder: Path, text: str) -> Schema:
    """Load a tags.yaml with this text."""
    path = folder / "tags.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def with_tag(folder: Path, definition: str) -> schema.Tag:
    """Load the definition of one tag, written as a YAML flow mapping."""
    return loaded(folder, f"version: 1\ntags:\n  env: {definition}\n").tags["env"]


def errors(path: Path) -> str:
    """Return the errors of a file as they are shown, nothing for a file that is fine."""
    try:
        load(path)
    except FileProblems as error:
        return f"{error}\n"
    return ""


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_errors(case, monkeypatch):
    """Each file has the errors that stand beside it, every one with its line, in the order of the lines."""
    monkeypatch.chdir(DATA)
    expected = case.with_suffix(".txt").read_text(encoding="utf-8")
    assert errors(Path(case.name)) == expected
    assert case.stem.endswith(("is-fine", "are-fine")) is (expected == "")


def test_every_expectation_has_its_file():
    """No expectation is left behind by a file that was renamed."""
    assert {path.stem for path in DATA.glob("*.txt")} == {path.stem for path in CASES}


def test_a_file_of_10_mb(tmp_path):
    """A file that is too large is refused at once, unread."""
    path = tmp_path / "tags.yaml"
    path.write_bytes(b"version: 1\ntags: {env: {}}\n" + b"# filler\n" * 1_200_000)
    start = time.perf_counter()
    assert errors(path) == f"{path}:1: is larger than 1 MB: is it the right file?\n"
    assert time.perf_counter() - start < 1


def test_deep_nesting(tmp_path):
    """Deep nesting is an error with a line, not the end of the interpreter's stack."""
    path = tmp_path / "tags.yaml"
    path.write_text("version: 1\ntags: " + "{a: " * 20_000 + "}" * 20_000)
    assert errors(path) == f"{path}:2: is nested more than 50 levels deep\n"


def test_a_file_that_is_not_there(tmp_path):
    """The reason why a file cannot be read is named."""
    assert errors(tmp_path / "tags.yaml") == f"{tmp_path / 'tags.yaml'}:1: cannot be read: No such file or directory\n"


def test_the_shipped_file():
    """The tags.yaml of this project says what the design says."""
    shipped = load(ROOT / "tags.yaml")
    assert list(shipped.tags) == ["cost-center", "environment", "project", "team"]
    assert [tag.key for tag in shipped.required] == ["cost-center", "environment", "project"]
    assert shipped.tags["environment"].default == "dev"
    assert shipped.tags["team"].line == 21
    assert shipped.resources == ("aws:sagemaker/*", "aws-native:sagemaker:*")
    everything, marketing = shipped.budgets
    assert (everything.tags, everything.services) == ({}, ("Amazon SageMaker",))
    assert (marketing.amount, marketing.unit, marketing.period) == (Decimal(5000), "USD", "monthly")
    assert marketing.tags == {"cost-center": ("ML-Marketing",)}
    assert marketing.alerts == (Alert("actual", Decimal(80), True), Alert("forecasted", Decimal(100), True))
    assert marketing.action == Action(Alert("actual", Decimal(100), True), "deny-new-spend", "manual")


def test_what_is_left_out(tmp_path):
    """The least file: required tags with any value, any other key, SageMaker's types of both providers, no budgets."""
    least = loaded(tmp_path, "version: 1\ntags:\n  project:\n")
    tag = least.tags["project"]
    assert (tag.required, tag.values, tag.pattern, tag.default, tag.line) == (True, None, None, None, 3)
    assert least.other_keys is None
    assert least.resources == ("aws:sagemaker/*", "aws-native:sagemaker:*")
    assert least.budgets == ()


def test_budget_values(tmp_path):
    """One value or several, percentages and amounts, are read alike."""
    made = loaded(
        tmp_path,
        "version: 1\ntags: {env: {values: [dev, prod]}}\nbudgets:\n  - name: hours\n    tags: {env: [dev, prod]}\n"
        '    limit: {amount: "100.50", unit: hours, period: daily}\n    alerts: [{when: actual, above: 12.5}]\n'
        "    usage_types: [Train:ml.m5.large]\n",
    )
    (budget,) = made.budgets
    assert budget.tags == {"env": ("dev", "prod")}
    assert budget.usage_types == ("Train:ml.m5.large",)
    assert (budget.amount, budget.unit, budget.period) == (Decimal("100.50"), "hours", "daily")
    assert budget.alerts == (Alert("actual", Decimal("12.5"), False),)
    assert budget.line == 4


@pytest.mark.parametrize(
    ("definition", "right", "wrong"),
    [
        ("{values: [dev, 'ml-*']}", ["dev", "ml-", "ml-x"], ["", "Dev", "dev ", " dev", "xml-x", "dev\n"]),
        ("{pattern: 'a|bc'}", ["a", "bc"], ["", "ab", "abc", "xa", "a\n", "bcx"]),
        ("{pattern: '(?i)prod'}", ["PROD", "prod"], ["prods"]),
        ("{pattern: '(?m)^a$'}", ["a"], ["a\nb", "b\na"]),
        ("{pattern: '[a-z]*'}", ["a"], ["A"]),
        ("{pattern: '\\d+'}", ["12"], ["12a"]),
        ("{}", ["x", " ", "é"], [""]),
    ],
)
def test_allows(tmp_path, definition, right, wrong):
    """Values are exact but for a star; a pattern is for the whole value; without either all but the empty one is."""
    tag = with_tag(tmp_path, definition)
    assert [value for value in right if not tag.allows(value)] == []
    assert [value for value in wrong if tag.allows(value)] == []


@pytest.mark.parametrize(
    ("definition", "words", "example"),
    [
        ("{values: [dev, prod]}", "allowed: dev, prod", "..."),
        ("{values: [dev]}", "allowed: dev", "dev"),
        ("{values: ['ml-*', data]}", "allowed: ml-*, data", "..."),
        ("{values: ['ml-*']}", "allowed: ml-*", "..."),
        ("{values: [dev, prod], default: prod}", "allowed: dev, prod", "prod"),
        ("{pattern: '[a-z]+'}", "allowed: what matches [a-z]+", "..."),
        ("{}", "allowed: any text but the empty one", "..."),
        (
            "{values: [v01, v02, v03, v04, v05, v06, v07, v08, v09, v10, v11, v12, v13, v14]}",
            "allowed: v01, v02, v03, v04, v05, v06, v07, v08, v09, v10, v11, v12 and 2 more",
            "...",
        ),
    ],
)
def test_what_is_allowed_in_words(tmp_path, definition, words, example):
    """A message can say what is allowed, and a value to paste."""
    tag = with_tag(tmp_path, definition)
    assert (tag.allowed, tag.example) == (words, example)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("PROD", "prod"),
        ("prod ", "prod"),
        ("prd", "prod"),
        ("pro_d", "prod"),
        ("live", "prod"),
        ("Live", "prod"),
        ("bc", "dev"),
        ("zzz", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_meant_by(tmp_path, wrong, meant):
    """An alias as listed comes first, then the nearest value or alias; what is far from all means nothing."""
    tag = with_tag(tmp_path, "{values: [dev, prod, 'ml-*', b-c], aliases: {prod: [live], dev: [bc]}}")
    assert tag.meant_by(wrong) == meant


def test_keys(tmp_path):
    """A key is meant by its spellings in other case and with other separators, and by its listed misspellings."""
    made = loaded(tmp_path, "version: 1\ntags:\n  cost-center: {misspellings: [CostCode]}\n  straße: {}\n")
    spellings = ["Cost-Center", "COST_CENTER", "costcenter", "cost center ", "costcode", "cost_code", "ＣＯＳＴ-center"]
    assert {made.meant_key(key) for key in spellings} == {"cost-center"}
    assert made.meant_key("STRASSE") == "straße"
    assert made.meant_key("cost-center") is None
    assert made.meant_key("cost:center") is None
    assert made.meant_key("") is None


@pytest.mark.parametrize(
    ("other_keys", "allowed", "refused"),
    [
        ("allowed", ["any", "", "aws:x", "sagemaker:domain-arn"], []),
        ("denied", ["aws:x", "sagemaker:domain-arn"], ["any", "AWS:x", "xaws:"]),
        ("{allow: ['app:*', Name]}", ["app:", "app:x", "Name", "aws:x", "sagemaker:x"], ["name", "Names", "xapp:"]),
        ("{allow: []}", ["aws:x"], ["any"]),
    ],
)
def test_other_keys(tmp_path, other_keys, allowed, refused):
    """Other keys are allowed by glob; SageMaker's and AWS's own always are."""
    made = loaded(tmp_path, f"version: 1\ntags: {{env: {{}}}}\nother_keys: {other_keys}\n")
    assert [key for key in allowed if not made.allows_other_key(key)] == []
    assert [key for key in refused if made.allows_other_key(key)] == []


def test_find(tmp_path):
    """The nearest tags.yaml upwards is found; a folder of that name is none."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "tags.yaml").touch()
    (tmp_path / "a" / "tags.yaml").mkdir()
    assert find(inner) == (tmp_path / "tags.yaml").resolve()
    (inner / "tags.yaml").touch()
    assert find(inner) == (inner / "tags.yaml").resolve()


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*a){20}", "([a-z]+)*[0-9]"])
def test_no_pattern_takes_exponential_time(pattern):
    """Patterns that hang other engines decide at once; run apart, so that a hang is a failure and not a hang."""
    code = (
        "import sys; from costtags.tagtext import whole_match\n"
        "matches = whole_match(sys.argv[1])\n"
        "print(*(matches('a' * size + '!') for size in (30, 255, 100_000)))"
    )
    run = subprocess.run([sys.executable, "-c", code, pattern], capture_output=True, text=True, timeout=20, check=True)
    assert run.stdout == "False False False\n"


def test_patterns_match_whole_values_only():
    """Alternatives and line ends do not get a pattern out of its anchors; halves of characters match nothing."""
    assert whole_match("a|b")("b")
    assert not whole_match("a|b")("ab")
    assert not whole_match("a")("a\n")
    assert not whole_match(".*")("\ud800")


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("", ""),
        ("aZ09 _.:/=+-@", ""),
        ("Zürich 東京 ½ \u3000", ""),
        ("b*a*", "*"),
        ("a\tb\n", "\t\n"),
        ("😀,$", "$,😀"),
    ],
)
def test_bad_characters(text, bad):
    """Letters, numbers and spaces of any language and nine signs are accepted; others are named once, in order."""
    assert bad_characters(text) == bad


WORDS = st.text("abcPRD-_ ", max_size=8)


@given(WORDS, st.lists(WORDS, max_size=5))
def test_nearest_is_one_of_the_candidates(wrong, allowed):
    """A suggestion is always one of what is allowed, the same each time, and finds differences in case alone."""
    found = nearest(wrong, allowed)
    assert found is None or found in allowed
    assert found == nearest(wrong, iter(allowed))
    if any(folded(candidate) == folded(wrong) for candidate in allowed):
        assert found is not None
        assert folded(found) == folded(wrong)


@given(st.text(max_size=20))
def test_folded_spellings_are_one(text):
    """Neither the Unicode form nor separators change what a text is folded to."""
    assert folded(unicodedata.normalize("NFD", text)) == folded(unicodedata.normalize("NFC", text))
    assert folded(f"-_{text}-_\t ") == folded(text)
