"""The levels of policies, and what is misspelt in their configuration."""

import json

import pytest

from costtags.policies import LEVELS, POLICIES
from costtags.policyconfig import config_problems, levels, load
from costtags.yamlfile import FileProblems

NAMES = ", ".join([*(policy.name for policy in POLICIES), "all"])
ALLOWED = ", ".join(LEVELS)
MEANT = f'{ALLOWED}; did you mean "advisory"?'
DEFAULTS = {policy.name: policy.level for policy in POLICIES}


def errors(tmp_path, text: str | bytes) -> list[str]:
    """Return "LINE: message" of everything that is wrong with a file."""
    path = tmp_path / "policies.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FileProblems) as caught:
        load(path)
    assert {problem.file for problem in caught.value.problems} == {str(path)}
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("config", "changed"),
    [
        ({}, {}),
        ({"tag-values": "advisory"}, {"tag-values": "advisory"}),
        ({"tag-values": {"enforcementLevel": "disabled"}}, {"tag-values": "disabled"}),
        ({"tag-values": {}}, {}),
        ({"default-tags": "remediate"}, {"default-tags": "remediate"}),
        ({"all": "disabled"}, dict.fromkeys(DEFAULTS, "disabled")),
        ({"all": "disabled", "tag-values": {}}, dict.fromkeys(DEFAULTS, "disabled")),
        (
            {"tag-values": "mandatory", "all": {"enforcementLevel": "advisory"}},
            dict.fromkeys(DEFAULTS, "advisory") | {"tag-values": "mandatory"},
        ),
    ],
)
def test_levels(tmp_path, config, changed):
    """A policy has its own level, else that of "all", else its default."""
    path = tmp_path / "policies.json"
    path.write_text(json.dumps(config))
    assert levels(load(path)) == DEFAULTS | changed


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"required-tag": "advisory"},
         [f'unknown policy "required-tag"; did you mean "required-tags"? policies: {NAMES}']),
        ({"zzz": "advisory"}, [f'unknown policy "zzz"; policies: {NAMES}']),
        ({"tag-values": "Advisory"}, [f'"tag-values": "Advisory" is no level; allowed: {MEANT}']),
        ({"tag-values": "zzz"}, [f'"tag-values": "zzz" is no level; allowed: {ALLOWED}']),
        ({"tag-values": None}, [f'"tag-values": null is no level; allowed: {ALLOWED}']),
        ({"tag-values": 5}, [f'"tag-values": 5 is no level; allowed: {ALLOWED}']),
        ({"tag-values": ["advisory"]}, [f'"tag-values": ["advisory"] is no level; allowed: {MEANT}']),
        ({"all": {"enforcementLevel": True}}, [f'"all": true is no level; allowed: {ALLOWED}']),
        (
            {"tag-values": {"enforcmentLevel": "advisory"}},
            ['"tag-values" takes no property "enforcmentLevel": only "enforcementLevel"'],
        ),
        (
            {"zzz": "loud", "tag-values": {"a": 1, "enforcementLevel": "loud"}},
            [
                '"tag-values" takes no property "a": only "enforcementLevel"',
                f'"tag-values": "loud" is no level; allowed: {ALLOWED}',
                f'unknown policy "zzz"; policies: {NAMES}',
                f'"zzz": "loud" is no level; allowed: {ALLOWED}',
            ],
        ),
    ],
)  # fmt: skip
def test_misspelt_configurations(tmp_path, config, expected):
    """What the engine would accept silently is refused, all of it, with what is allowed."""
    assert config_problems(config) == expected
    assert errors(tmp_path, json.dumps(config)) == [f"1: {message}" for message in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", ['1: must hold an object: {"required-tags": "advisory"}']),
        ('"advisory"', ['1: must hold an object: {"required-tags": "advisory"}']),
        ("", ["1: is not JSON: Expecting value"]),
        ('{"tag-values":\n  advisory}', ["2: is not JSON: Expecting value"]),
        ('{"all": "advisory", "all": "mandatory"}', ['1: duplicate key "all"']),
        ('{"all": {"enforcementLevel": "advisory", "enforcementLevel": "x"}}', ['1: duplicate key "enforcementLevel"']),
        ("[" * 200_000, ["1: is nested too deeply"]),
        ('{"all": "advisory"}'.encode("utf-16"), ["1: is not UTF-8 text"]),
    ],
)
def test_files_that_hold_no_configuration(tmp_path, text, expected):
    """What is not JSON, or not an object, is an error with its line."""
    assert errors(tmp_path, text) == expected


def test_a_file_that_is_not_there(tmp_path):
    """A configuration that was named must be there."""
    with pytest.raises(FileProblems) as caught:
        load(tmp_path / "nope.json")
    assert str(caught.value) == f"{tmp_path / 'nope.json'}:1: cannot be read: No such file or directory"
