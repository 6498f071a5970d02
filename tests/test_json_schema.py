"""tags.schema.json, by which editors check tags.yaml, against an independent validator."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(__file__).resolve().parent / "data" / "schema"

# What is wrong in their structure, other than in what JSON Schema or a YAML loader cannot see (lines, quotes, other
# entries of the file).
STRUCTURE = """
    unknown-key version-missing version-2 list-at-the-top text-at-the-top null empty only-comments
    not-text tag-not-entries tags-nothing tags-empty tags-list values-empty value-twice values-and-pattern too-long
    unquoted-dates unquoted-numbers unquoted-null unquoted-booleans other-keys-word other-keys-no
    other-keys-list-without-allow other-keys-misspelt other-keys-globs enforce-empty budgets-amounts budgets-alerts
    budgets-limits budgets-names budgets-not-a-list everything-at-once
"""


@cache
def validator() -> Draft202012Validator:
    """Return a validator by the committed file."""
    return Draft202012Validator(json.loads((ROOT / "tags.schema.json").read_text(encoding="utf-8")))


def errors(data: Any) -> list[str]:
    """Return what is wrong with data as an editor would show it."""
    return [error.message for error in validator().iter_errors(data)]


def content(path: Path) -> Any:
    """Load a YAML file as editors do: YAML 1.2, later duplicates aside."""
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True
    return yaml.load(path.read_bytes())


def test_is_current():
    """The committed file is what `costtags json-schema` prints."""
    command = [str(Path(sys.executable).with_name("costtags")), "json-schema"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == (ROOT / "tags.schema.json").read_text(encoding="utf-8")


def test_is_json_schema():
    """The file is itself valid JSON Schema."""
    Draft202012Validator.check_schema(validator().schema)


def test_shipped_file():
    """The tags.yaml of this project is valid."""
    assert errors(content(ROOT / "tags.yaml")) == []


@pytest.mark.parametrize("path", sorted(DATA.glob("*-fine.yaml")), ids=lambda path: path.stem)
def test_accepts_what_is_fine(path):
    """No editor complains of a file that `costtags check` accepts."""
    assert errors(content(path)) == []


@pytest.mark.parametrize("name", STRUCTURE.split())
def test_refuses_wrong_structure(name):
    """An editor marks what is wrong in the structure of a file."""
    assert errors(content(DATA / f"{name}.yaml"))


def test_every_entry_is_described():
    """Editors can show what each entry of a tag means."""
    properties = validator().schema["$defs"]["TagModel"]["properties"]
    assert [name for name, entry in properties.items() if not entry.get("description")] == []
