"""Tags in the forms of the tools that take them: each form, read back as its tool reads it, is what was given."""

import ast
import json
import shlex
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from costtags.tagforms import FORMS, as_arguments, as_list, as_yaml

HOSTILE = st.text(st.characters(), max_size=20) | st.text(
    "'\"$`\\\n\r\t !#&*{}[]:,;|<>%@\x7f\x85\u2028\ufeff\x00", max_size=20
)
TAGS = st.dictionaries(HOSTILE, HOSTILE, max_size=4)
PLAIN = {"cost-center": "ML-Sales", "größe": "R D"}


def from_list(text: str) -> dict[str, str]:
    """Read the list of Key and Value as JSON."""
    return {row["Key"]: row["Value"] for row in json.loads(text)}


def test_the_forms():
    """The forms of plain tags, to the letter."""
    rows = '[{"Key": "cost-center", "Value": "ML-Sales"}, {"Key": "größe", "Value": "R D"}]'
    assert {name: form(PLAIN) for name, form in FORMS.items()} == {
        "sdk": rows,
        "boto3": rows,
        "cli": f"--tags '{rows}'",
        "yaml": '"cost-center": "ML-Sales"\n"größe": "R D"',
    }


@given(TAGS)
@example({"a'b\"c$d`e\nf": "'; rm -rf / #", "\ud800": "😀\x7f"})
def test_sdk_form(tags):
    """The list is JSON, and a Python literal."""
    assert from_list(as_list(tags)) == tags
    assert {row["Key"]: row["Value"] for row in ast.literal_eval(as_list(tags))} == tags


@given(TAGS)
@example({"a'b\"c$d`e\nf": "'; rm -rf / #"})
def test_cli_form(tags):
    """A shell takes the arguments apart into --tags and the JSON form."""
    option, rows = shlex.split(as_arguments(tags))
    assert option == "--tags"
    assert from_list(rows) == tags


@pytest.mark.parametrize("value", ["'", "$(touch /tmp/no)", "`id`", "a\nb", "!!", "\\", '"', "~", "*"])
def test_cli_form_in_a_real_shell(value):
    """What a shell hands on is the value, unexpanded."""
    script = f"printf '%s\\0' {as_arguments({'k': value})}"
    printed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert from_list(printed.split("\0")[1]) == {"k": value}


@given(TAGS.filter(lambda tags: not any("\ud800" <= c <= "\udfff" for text in (*tags, *tags.values()) for c in text)))
@example({"no": "yes", "1": "2024-01-31", "": "~"})
@example({"\x85": "\u2028", "\ufeff": "\x7f\x9f\ufffe"})
def test_yaml_form(tags):
    """The mapping is YAML in which every key and value is text."""
    assert (YAML(typ="safe", pure=True).load(as_yaml(tags)) or {}) == tags


@given(TAGS)
def test_every_form_can_be_printed(tags):
    """Every form is UTF-8 text without control characters but the line ends of YAML."""
    for form in FORMS.values():
        text = form(tags)
        text.encode()
        assert not {c for c in text if c < " " or "\x7f" <= c <= "\x9f"} - {"\n"}
