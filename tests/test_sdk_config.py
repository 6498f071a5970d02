"""The defaults file of the SageMaker SDK: what it holds, and that the SDK would take it."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from costtags.documents.document import DocumentError, assembled
from costtags.documents.sdk_config import TAGGED_PATHS, config, sdk_config, wrap_sdk_config
from costtags.documents.settings import Settings
from costtags.schema import load
from costtags.tagtext import bad_characters

ROOT = Path(__file__).parents[1]
GIVEN = {"cost-center": "ML-Research", "project": "churn"}


def made(tags: dict[str, str], schema: Path = ROOT / "tags.yaml") -> Any:
    draft = sdk_config(load(schema), Settings(tags=tags))
    return json.loads(assembled("sdk-config", draft, wrap_sdk_config, None).texts[0])


def refused(tags: dict[str, str], schema: Path = ROOT / "tags.yaml") -> tuple[str, ...]:
    with pytest.raises(DocumentError) as caught:
        made(tags, schema)
    return caught.value.messages


def first(tags: dict[str, str], schema: Path = ROOT / "tags.yaml") -> Any:
    """The tags at one of the places."""
    return made(tags, schema)["SageMaker"]["TrainingJob"]["Tags"]


def tagged(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inside in document.items():
        if name == "Tags":
            yield path, inside
        elif isinstance(inside, dict):
            yield from tagged(inside, (*path, name))


# --- what the SDK's schema says of tags (sagemaker 2.257.7 and sagemaker-core 2.27.0, config_schema.py), as facts: the
# paths are TAGGED_PATHS; no other keys beside those it knows; and of a list of tags:

TAGS = {
    "type": "array",
    "maxItems": 50,
    "items": {
        "type": "object",
        "required": ["Key", "Value"],
        "additionalProperties": False,
        "properties": {
            "Key": {"type": "string", "pattern": r"^[\w\s\d_.:/=+\-@]*$", "minLength": 1, "maxLength": 128},
            "Value": {"type": "string", "pattern": r"^[\w\s\d_.:/=+\-@]*$", "maxLength": 256},
        },
    },
}


def test_paths() -> None:
    """Every place where the SDK takes tags gives the same ones, and nothing else is in the file."""
    document = made(GIVEN)
    expected = [{"Key": key, "Value": value} for key, value in made_tags().items()]
    assert document.pop("SchemaVersion") == "1.0"
    assert list(document) == ["SageMaker"]
    places = dict(tagged(document["SageMaker"]))
    assert sorted(places) == sorted(TAGGED_PATHS)
    assert all(tags == expected for tags in places.values())
    jsonschema.validate(expected, TAGS)


def made_tags() -> dict[str, str]:
    return {"cost-center": "ML-Research", "environment": "dev", "project": "churn"}


@pytest.mark.parametrize("module", ["sagemaker.core.config.config_schema", "sagemaker.config.config_schema"])
def test_real_schema(module: str) -> None:
    """The SDK's own schema accepts the file, and takes tags at no other place; where the SDK is not installed, skip."""
    try:
        found = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        pytest.skip("the SageMaker SDK is not installed: pip install sagemaker-core (450 MB)")
    real = importlib.import_module(module).SAGEMAKER_PYTHON_SDK_CONFIG_SCHEMA
    jsonschema.validate(made(GIVEN), real)
    assert sorted(_real_paths(real)) == sorted(("SageMaker", *path) for path in TAGGED_PATHS)


def _real_paths(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, inside in schema.get("properties", {}).items():
        if name == "Tags":
            yield path
        yield from _real_paths(inside, (*path, name))


# --- which tags


def test_stack_tags_go_over_defaults(tmp_path: Path) -> None:
    """The stack's tags take the place of the schema's defaults; tags outside the schema come last."""
    assert first({**GIVEN, "environment": "prod", "zz": "1", "b": "2"}) == [
        {"Key": "cost-center", "Value": "ML-Research"},
        {"Key": "environment", "Value": "prod"},
        {"Key": "project", "Value": "churn"},
        {"Key": "b", "Value": "2"},
        {"Key": "zz", "Value": "1"},
    ]
    (tmp_path / "tags.yaml").write_text("version: 1\ntags: {a: {values: [dev, prod], default: prod}}\n")
    assert first({}, tmp_path / "tags.yaml") == [{"Key": "a", "Value": "prod"}]


HOW = (
    "sdk-config: it gives the same tags to all that the SDK creates: name them by "
    'costtags render sdk-config --tag KEY=VALUE, or as "tags" in the stack\'s config'
)


def test_missing_tags() -> None:
    """Without a required tag there is no file, and the message says how to give it."""
    assert refused({"project": "churn"}) == (
        'sdk-config: tag "cost-center" is missing; allowed: ML-Marketing, ML-Sales, ML-Research',
        HOW,
    )


def test_no_tags_at_all(tmp_path: Path) -> None:
    """Where nothing is required and nothing given, there is nothing to write."""
    (tmp_path / "tags.yaml").write_text("version: 1\ntags: {a: {required: false}}\n")
    assert refused({}, tmp_path / "tags.yaml") == (HOW,)


def test_wrong_tags() -> None:
    """Wrong values and spellings are refused in the words of the check, all at once."""
    assert refused({"CostCenter": "ML-Research", "environment": "prd", "project": "churn"}) == (
        'sdk-config: tag "environment" has a value that is not allowed; allowed: dev, staging, prod; '
        'did you mean "prod"?',
        'sdk-config: tag "CostCenter" must be spelled "cost-center"',
    )


def test_letters_that_yaml_would_break() -> None:
    """A letter beyond U+FFFF is refused: of JSON's two escapes, the SDK's YAML makes two halves of a letter."""
    assert refused({**GIVEN, "b": "\U0001d49c"}) == (
        'sdk-config: tag "b" has a character beyond U+FFFF, which the SDK does not read from its file',
    )
    assert yaml.safe_load(json.dumps("\U0001d49c")) != "\U0001d49c"


LEGAL = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda text: not bad_characters(text)
)


@given(LEGAL, LEGAL)
def test_yaml_reads_what_was_meant(key: str, value: str) -> None:
    """Whatever AWS accepts in a tag, the SDK's YAML reads as it stands, and its schema accepts it."""
    document = yaml.safe_load(json.dumps(config({key: value})))
    places = dict(tagged(document["SageMaker"]))
    assert all(tags == [{"Key": key, "Value": value}] for tags in places.values())
    jsonschema.validate(places[("TrainingJob",)], TAGS)


def test_what_is_left_out_is_said() -> None:
    """The render says who does not read the file, and who wins."""
    draft = sdk_config(load(ROOT / "tags.yaml"), Settings(tags=GIVEN))
    assert any("boto3" in line for line in draft.left_out)
    assert draft.pieces[0].stops == (
        "Stops no one: gives cost-center, environment, project to what the SDK creates, where the user's code does not."
    )
