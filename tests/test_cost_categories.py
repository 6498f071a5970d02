"""The cost categories: which value a cost gets, by its tags, and that AWS would take the requests."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtags.documents.cost_categories import DEFAULT, cost_categories, wrap_cost_categories
from costtags.documents.document import DocumentError, Draft
from costtags.documents.settings import Settings
from costtags.schema import Schema, Tag, load
from costtags.suggest import folded

from .aws_models import validate

ROOT = Path(__file__).parents[1]
Plain = dict[str, Any]


@pytest.fixture
def schema(tmp_path: Path) -> Callable[[str], Schema]:
    """Loads a tags.yaml of these tags."""

    def write(tags: str) -> Schema:
        (tmp_path / "tags.yaml").write_text(f"version: 1\ntags: {{{tags}}}\n")
        return load(tmp_path / "tags.yaml")

    return write


def draft(of: Schema) -> Draft:
    return cost_categories(of, Settings())


def requests(of: Schema) -> list[Plain]:
    made: list[Plain] = wrap_cost_categories(draft(of).pieces)["cost_categories"]
    return made


def counts_as(request: Plain, tags: Mapping[str, str]) -> str:
    """The value of a cost with these tags, as the API describes it: the first rule that matches, else the default."""
    for rule in request["Rules"]:
        if rule["Type"] == "INHERITED_VALUE":
            dimension = rule["InheritedValue"]
            assert dimension["DimensionName"] == "TAG"
            if dimension["DimensionKey"] in tags:
                return tags[dimension["DimensionKey"]]
        else:
            [(kind, condition)] = rule["Rule"].items()
            assert kind == "Tags"  # an Or at the top is refused
            assert condition["MatchOptions"] == ["EQUALS"]
            if tags.get(condition["Key"]) in condition["Values"]:
                return str(rule["Value"])
    return str(request["DefaultValue"])


def test_shipped_schema() -> None:
    """Aliases and misspelt keys of this repository's tags.yaml count as what they mean."""
    category, stage, project, team = requests(load(ROOT / "tags.yaml"))
    assert [one["Name"] for one in (category, stage, project, team)] == [
        "cost-center",
        "environment",
        "project",
        "team",
    ]
    for tags, expected in [
        ({"cost-center": "ML-Sales"}, "ML-Sales"),
        ({"cost-center": "ml-mktg"}, "ML-Marketing"),
        ({"CostCenter": "RnD"}, "ML-Research"),
        ({"CostCode": "ML-Sales"}, "ML-Sales"),
        ({"Cost Centre": "ML-Sales"}, "ML-Sales"),
        ({"cost-center": "ML-Sales", "CostCode": "ML-Marketing"}, "ML-Sales"),
        ({"cost-center": "ml-sales"}, DEFAULT),
        ({"cost-center": ""}, DEFAULT),
        ({"team": "ML-Sales"}, DEFAULT),
        ({}, DEFAULT),
    ]:
        assert counts_as(category, tags) == expected, tags
    assert counts_as(stage, {"ENVIRONMENT": "production"}) == "prod"
    assert counts_as(project, {"project": "churn"}) == "churn"
    assert counts_as(project, {"Project": "churn"}) == "churn"
    assert counts_as(team, {"team": "ml-core", "Team": "data-platform"}) == "ml-core"


def test_requests_are_accepted() -> None:
    """The requests keep within the API's model."""
    for request in requests(load(ROOT / "tags.yaml")):
        validate("ce", "CreateCostCategoryDefinition", request)


def test_what_a_pattern_or_a_star_cannot_say(schema: Callable[..., Schema]) -> None:
    """Where rules cannot tell wrong values, these count as themselves, and the render says so."""
    made = schema('a: {pattern: "[a-z]+"}, b: {values: ["x-*", z]}, c: {}, d: {values: [z]}')
    a, b, c, d = requests(made)
    assert counts_as(a, {"a": "WRONG"}) == "WRONG"
    assert counts_as(b, {"b": "WRONG"}) == "WRONG"
    assert counts_as(c, {"c": "any"}) == "any"
    assert counts_as(d, {"d": "WRONG"}) == DEFAULT
    assert draft(made).left_out[:-2] == (
        '"a": wrong values count as themselves, not as "unallocated": a rule knows no patterns.',
        '"b": wrong values count as themselves, not as "unallocated": a rule knows no *.',
    )


def test_aliases_of_a_pattern(schema: Callable[..., Schema]) -> None:
    """Values that only a pattern allows have aliases too."""
    [category] = requests(schema('a: {pattern: "[a-z]+", aliases: {churn: [Churn, CHURN]}}'))
    assert counts_as(category, {"A": "Churn"}) == "churn"
    assert counts_as(category, {"a": "other"}) == "other"


def test_a_key_of_another_tag_is_no_misspelling(schema: Callable[..., Schema]) -> None:
    """A spelling that another tag has is not taken for this one."""
    cost_center, code = requests(schema("cost-center: {values: [x], misspellings: [code-id]}, code: {values: [x]}"))
    assert counts_as(cost_center, {"code": "x"}) == DEFAULT
    assert counts_as(cost_center, {"code-id": "x"}) == "x"
    assert counts_as(code, {"code-id": "x"}) == DEFAULT


def test_names_that_aws_does_not_take(schema: Callable[..., Schema]) -> None:
    """Keys and values with other characters than a cost category has, or too long, get another name, and it is said."""
    long = "v" * 60
    made = schema(f"'team:id': {{values: [a.b, a-b, a_b, a/b, {long}, {long}x, unallocated]}}")
    [category] = requests(made)
    validate("ce", "CreateCostCategoryDefinition", category)
    assert category["Name"] == "team-id"
    names = [counts_as(category, {"team:id": value}) for value in made.tags["team:id"].values or ()]
    assert names == ["a-b-2", "a-b", "a_b", "a-b-3", "v" * 50, f"{'v' * 45}-2", "unallocated-2"]
    assert draft(made).left_out[:3] == (
        '"team:id": its cost category is named "team-id": AWS takes at most 50 letters, digits, spaces, - and _.',
        '"team:id": "a.b" counts as "a-b-2": AWS takes at most 50 letters, digits, spaces, - and _.',
        '"team:id": "a/b" counts as "a-b-3": AWS takes at most 50 letters, digits, spaces, - and _.',
    )
    assert draft(made).left_out[-3] == (
        '"team:id": "unallocated" counts as "unallocated-2", apart from what has no right value.'
    )


@pytest.mark.parametrize(
    ("values", "keys", "inherits"), [(166, 3, False), (167, 2, False), (300, 1, False), (500, 1, False), (501, 3, True)]
)
def test_many_values(schema: Callable[..., Schema], values: int, keys: int, inherits: bool) -> None:
    """Where 500 rules are too few, spellings of the key are dropped, and then the values themselves are inherited."""
    made = schema(f"env: {{values: [{', '.join(f'v{n}' for n in range(values))}], aliases: {{v7: [seven]}}}}")
    [category] = requests(made)
    validate("ce", "CreateCostCategoryDefinition", category)
    assert [counts_as(category, {key: "v0"}) for key in ("env", "Env", "ENV")] == [
        "v0" if index < keys else DEFAULT for index in range(3)
    ]
    assert counts_as(category, {"env": "seven"}) == "v7"
    assert counts_as(category, {"env": "WRONG"}) == ("WRONG" if inherits else DEFAULT)
    said = draft(made).left_out
    assert any("the spellings" in line for line in said) is (keys < 3)
    assert any("there are more values than the 500 rules" in line for line in said) is inherits


def test_too_many_aliases() -> None:
    """More values that need a rule than AWS allows are an error."""
    aliases = {f"v{number}": (f"alias{number}",) for number in range(501)}
    tag = Tag("a", True, None, tuple(aliases), None, aliases, (), None, 1)
    with pytest.raises(DocumentError) as caught:
        cost_categories(Schema("tags.yaml", {"a": tag}, None, ("aws:sagemaker/*",), ()), Settings())
    assert caught.value.messages == (
        'cost-categories: tag "a" has 501 values that need a rule (they have aliases, or AWS does not take them as '
        "names); AWS allows 500 rules",
    )


TEXT = st.text("aAbB019 _.:/=+-@é中", min_size=1, max_size=60).filter(lambda text: text == text.strip())


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Schemas with any keys, values and aliases that tags.yaml lets through."""
    tags = {}
    for key in draw(st.lists(TEXT, min_size=1, max_size=4, unique_by=folded)):
        values = draw(st.lists(TEXT, min_size=1, max_size=8, unique=True))
        wrong = draw(st.lists(TEXT, max_size=3, unique=True).map(lambda found, v=values: set(found) - set(v)))
        aliases = {values[0]: tuple(sorted(wrong))} if wrong else {}
        tags[key] = Tag(key, True, None, tuple(values), None, aliases, (), None, 1)
    return Schema("tags.yaml", tags, None, ("aws:sagemaker/*",), ())


@given(schemas(), TEXT)
@settings(max_examples=60, deadline=None)
def test_any_schema(made: Schema, value: str) -> None:
    """Each allowed value counts as itself alone, an alias as what it means, and any other as nothing."""
    all_requests = requests(made)
    assert len({request["Name"] for request in all_requests}) == len(made.tags)
    for tag, request in zip(made.tags.values(), all_requests, strict=True):
        validate("ce", "CreateCostCategoryDefinition", request)
        named = {one: counts_as(request, {tag.key: one}) for one in tag.values or ()}
        assert len({*named.values(), DEFAULT}) == len(named) + 1
        expected = named.get(tag.meaning.get(value, value), DEFAULT)
        assert counts_as(request, {tag.key: value}) == expected
        for key in {rule["Rule"]["Tags"]["Key"] for rule in request["Rules"]} - {tag.key}:
            assert made.meant_key(key) == tag.key
            assert counts_as(request, {key: value}) == expected


def test_stops_says_it() -> None:
    """Each piece says what counts as what."""
    first, _, third, _ = draft(load(ROOT / "tags.yaml")).pieces
    assert first.stops == (
        'Stops no one: costs count by "cost-center", else by one of 14 wrong spellings of it, aliases as what they '
        'mean; the rest is "unallocated".'
    )
    assert "other values as themselves" in third.stops
