"""Lines to paste: in every language they read back as the key and the value that they were written from."""

import ast
import json
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from costtags.check import check
from costtags.effective import EffectiveTags, TagValue
from costtags.gate.fixes import Config, ConfigFile, Language, Tag, entry, fix, language_of, parsed, written
from costtags.schema import load

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TAGS = st.builds(Tag, TEXT, TEXT, TEXT)
ODD = Tag('a"b\\', "\n\r\t\x00\x85\u2028\u202e\U000e0001'#:", "*/ \n- x // # \x07")


@given(TAGS)
@example(ODD)
@example(Tag("no", "null", "1"))
@example(Tag("a:b", "...", "what matches [a-z]"))
def test_python(tag: Tag) -> None:
    """A line in Python is an entry of a dict."""
    assert ast.literal_eval("{" + one_line(written(tag, "python")) + "\n}") == {tag.key: tag.value}


@given(TAGS)
@example(ODD)
@example(Tag("no", "null", "1"))
@example(Tag("Yes", "2026-01-01", ""))
@example(Tag("~", "...", "what matches [a-z]"))
def test_yaml(tag: Tag) -> None:
    """A line in YAML is an entry of a map, and its value is text to readers of 1.1 and 1.2 alike."""
    text = "tags:\n  " + one_line(written(tag, "yaml")) + "\n"
    for version in ((1, 1), (1, 2)):
        reader = YAML(typ="safe", pure=True)
        reader.version = version  # type: ignore[assignment]
        assert reader.load(text) == {"tags": {tag.key: tag.value}}


@given(TAGS)
@example(ODD)
def test_typescript(tag: Tag) -> None:
    """A line in TypeScript is an entry of an object: JSON, but for a comment and escapes of what lies above U+FFFF."""
    line = one_line(written(tag, "typescript"))
    text = r'"(?:[^"\\]|\\.)*"'
    found = re.fullmatch(rf"({text}): ({text}),(?:  // .*)?", line)
    assert found is not None
    above = re.compile(r"\\u\{(\w+)\}|\\.")
    plain = [above.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[0], one) for one in found.groups()]
    assert [json.loads(one, strict=False) for one in plain] == [tag.key, tag.value]


@given(TAGS)
@example(ODD)
def test_json(tag: Tag) -> None:
    """A line for config that is written as JSON has no comment."""
    assert json.loads("{" + one_line(written(tag, "json")) + "}") == {tag.key: tag.value}


@given(st.builds(Tag, st.from_regex(r"[\w:./=+@-]+", fullmatch=True), st.from_regex(r"[\w:./=+@ -]*", fullmatch=True)))
def test_shell(tag: Tag) -> None:
    """A line for a shell is one word."""
    assert shlex.split(one_line(written(tag, "shell"))) == [f"{tag.key}={tag.value}"]


def one_line(line: str) -> str:
    assert line.isprintable()
    return line


SCHEMA = (
    "version: 1\ntags:\n  cost-center: {values: [ML-Marketing, ML-Sales]}\n  project: {pattern: '[a-z\"#]+'}\n"
    "  owner: {}\n  environment: {values: [dev, prod], default: dev}\n"
)


def said(folder: Path, **tags: str) -> list[str]:
    (folder / "tags.yaml").write_text(SCHEMA)
    found = check(
        load(folder / "tags.yaml"), EffectiveTags({key: TagValue(value, "resource") for key, value in tags.items()})
    )
    return [finding.fix for finding in found]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "python",
            [
                '"cost-center": "...",  # one of ML-Marketing, ML-Sales',
                '"project": "...",  # what matches [a-z"#]+',
                '"owner": "...",',
                '"environment": "dev",  # or prod',
            ],
        ),
        (
            "typescript",
            [
                '"cost-center": "...",  // one of ML-Marketing, ML-Sales',
                '"project": "...",  // what matches [a-z"#]+',
                '"owner": "...",',
                '"environment": "dev",  // or prod',
            ],
        ),
        (
            "yaml",
            [
                "cost-center: ...  # one of ML-Marketing, ML-Sales",
                'project: ...  # what matches [a-z"#]+',
                "owner: ...",
                "environment: dev  # or prod",
            ],
        ),
    ],
)
def test_what_the_check_says_in_each_language(tmp_path: Path, language: Language, lines: list[str]) -> None:
    """Every line of the check is known for what it is, whatever the pattern in its comment."""
    wrong = said(tmp_path, environment="production")
    assert all(parsed(one) for one in wrong)
    assert [fix(one, "missing", language) for one in wrong] == lines


def test_words_stay_as_they_are() -> None:
    """What is no tag to paste is the same in every language, below the line that says where."""
    assert fix('rename "A" to "a"', "wrong-case", "yaml", "in x:") == 'in x:\n    rename "A" to "a"'
    assert fix('"key": "cost-center"', "filter-key", "yaml") == '"key": "cost-center"'
    assert fix('"a": "b"', "missing", "yaml") == '"a": "b"'
    assert fix("", "unknown-value", "python", "in x:") == ""
    assert fix('tag_propagation="ENABLED"', "no-propagation", "typescript") == 'tagPropagation: "ENABLED",'
    assert fix('tag_propagation="ENABLED"', "no-propagation", "yaml") == "tagPropagation: ENABLED"
    assert fix('tag_propagation="ENABLED"', "no-propagation") == 'tag_propagation="ENABLED"'


def test_languages_by_file() -> None:
    """The file's name says the language; of those that the gate does not write, the line stays the pack's."""
    names = {"a.py": "python", "a.ts": "typescript", "a.MJS": "typescript", "Pulumi.dev.yaml": "yaml", "a.yml": "yaml"}
    assert {name: language_of(name) for name in names} == names
    assert language_of("main.go") == language_of(None) == "python"


def test_entries_of_the_config() -> None:
    """The stack's file wins over the project's, which may declare; what is answered stands in neither."""
    stack = ConfigFile("Pulumi.dev.yaml", {"tags": {"a": "x"}, "aws:one": "{}"}, len)
    project = ConfigFile("Pulumi.yaml", {"p:two": {"type": "object"}, "aws:three": {"value": {"a": "y"}}}, len, True)
    config = Config("p", (stack, project), frozenset({"p:four"}))
    found = entry(config, "p:tags", "a")
    assert (found.file, found.line, found.path, found.language, found.value) == (
        ("Pulumi.dev.yaml", 3, "config > tags", "yaml", "x")
    )
    assert entry(config, "aws:one", "a").language == "json"
    assert entry(config, "aws:three", "a").path == "config > aws:three > value"
    assert entry(config, "p:four") is None
    absent = entry(config, "p:two", "tags", "a")
    assert (absent.file, absent.line, absent.path) == ("Pulumi.dev.yaml", None, "config > p:two > tags")
    assert entry(Config("p"), "p:tags") is None


def test_the_pack_prints_what_it_did() -> None:
    """The real engine prints the check's own lines: the gate rewrites only what it reports itself."""
    rules = (Path(__file__).parents[1] / "policypack" / "rules.py").read_text()
    assert "gate" not in re.findall(r"from costtags\.(\w+)", rules)
