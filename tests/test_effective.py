"""The tags that a resource will be created with, each with its source."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costtags.catalog import TagProperty
from costtags.effective import (
    UNKNOWN,
    EffectiveTags,
    ProviderTags,
    Secret,
    TagValue,
    effective_tags,
    environment_tags,
    ignored_keys,
    provider_tags,
    tag_text,
)

MAP = TagProperty("tags", "map")
LIST = TagProperty("tags", "list")
AWS = "aws:sagemaker/domain:Domain"
NATIVE = "aws-native:sagemaker:Domain"


def own(tags, **provider) -> EffectiveTags:
    """Return the effective tags of an aws resource with these own tags and this provider."""
    return effective_tags(AWS, MAP, {"tags": tags}, provider_tags(provider))


def native(tags, **provider) -> EffectiveTags:
    """Return the effective tags of an aws-native resource with these own tags and this provider."""
    return effective_tags(NATIVE, LIST, {"tags": tags}, provider_tags(provider))


def rows(tags: dict) -> list[dict]:
    """Write a map as aws-native does."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def test_own_tags_lie_over_the_providers_and_these_over_the_environments():
    """The nearest source of a key wins, and each tag says where it comes from."""
    found = effective_tags(
        AWS,
        MAP,
        {"tags": {"a": "own"}},
        provider_tags({"defaultTags": {"tags": {"a": "provider", "b": "provider"}}}),
        {"TF_AWS_DEFAULT_TAGS_a": "env", "TF_AWS_DEFAULT_TAGS_b": "env", "TF_AWS_DEFAULT_TAGS_c": "env", "X_d": "no"},
    )
    assert found == EffectiveTags(
        {"a": TagValue("own", "resource"), "b": TagValue("provider", "provider"), "c": TagValue("env", "environment")}
    )


@pytest.mark.parametrize("tags", [None, {}, [], Secret(None), "text", 5])
def test_no_tags(tags):
    """No tags, empty ones and what is no map hold nothing, and nothing unknown."""
    assert own(tags) == EffectiveTags()


def test_absent_property():
    """A resource without the property has its provider's tags only."""
    found = effective_tags(AWS, MAP, {}, provider_tags({"defaultTags": {"tags": {"a": "x"}}}))
    assert found == EffectiveTags({"a": TagValue("x", "provider")})


def test_none_is_no_value():
    """A tag set to None is dropped by the SDK: the provider's value stays."""
    found = own({"a": None, "b": Secret(None)}, defaultTags={"tags": {"a": "x"}})
    assert found == EffectiveTags({"a": TagValue("x", "provider")})


def test_empty_text_is_a_value():
    """An empty value is set, over the provider's too."""
    assert own({"a": ""}, defaultTags={"tags": {"a": "x"}}).tags == {"a": TagValue("", "resource")}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.0, "1"),
        (1.5, "1.5"),
        (-0.25, "-0.25"),
        (10**400, "1" + "0" * 400),
        (float("inf"), "inf"),
        (["x"], None),
        ({"x": "y"}, None),
        (None, None),
    ],
)
def test_text_of_other_values(value, text):
    """Booleans and numbers become the text that a provider makes of them; lists and maps are no values."""
    assert tag_text(value) == text


def test_values_that_are_no_text():
    """What is no value of a tag is known, and None."""
    assert own({"a": ["x"]}).tags == {"a": TagValue(None, "resource")}


@pytest.mark.parametrize("value", [UNKNOWN, f"team-{UNKNOWN}", Secret(UNKNOWN)])
def test_unknown_values(value):
    """A value is unknown too if only a part of it is."""
    tag = own({"a": value}).tags["a"]
    assert (tag.value, tag.known, tag.secret) == (None, False, isinstance(value, Secret))


@pytest.mark.parametrize("tags", [UNKNOWN, Secret(UNKNOWN), {UNKNOWN: "x"}, [UNKNOWN], rows({UNKNOWN: "x"})])
def test_unknown_maps(tags):
    """Where a map or one of its keys is unknown, the map of the resource is named as unknown."""
    assert own(tags).unknown == {"resource"}


def test_what_is_known_of_an_unknown_map_stays():
    """Keys that are known are read though another one is not, and the provider's tags stay."""
    found = own({"a": "x", UNKNOWN: "y"}, defaultTags={"tags": {"b": "z"}})
    assert found.tags == {"a": TagValue("x", "resource"), "b": TagValue("z", "provider")}
    assert own(UNKNOWN, defaultTags={"tags": {"b": "z"}}).tags == {"b": TagValue("z", "provider")}


@pytest.mark.parametrize(
    "default_tags",
    [
        {"tags": {"a": "x"}},
        '{"tags": {"a": "x"}}',
        json.dumps({"tags": {"a": "x"}, "other": 1}),
    ],
)
def test_default_tags_as_text_and_as_map(default_tags):
    """The provider's inputs hold the default tags as JSON text or as a map."""
    assert own({}, defaultTags=default_tags).tags == {"a": TagValue("x", "provider")}


def test_secret_default_tags():
    """A secret mark on the whole, on the map or on a value makes the value secret."""
    secret = {"a": TagValue("x", "provider", secret=True)}
    assert own({}, defaultTags=Secret('{"tags": {"a": "x"}}')).tags == secret
    assert own({}, defaultTags=Secret({"tags": {"a": "x"}})).tags == secret
    assert own({}, defaultTags={"tags": Secret({"a": "x"})}).tags == secret
    assert own({}, defaultTags={"tags": {"a": Secret("x")}}).tags == secret


@pytest.mark.parametrize("default_tags", [UNKNOWN, Secret(UNKNOWN), {"tags": UNKNOWN}, "no JSON"])
def test_unknown_default_tags(default_tags):
    """Default tags that cannot be read are unknown, not absent."""
    assert own({"a": "x"}, defaultTags=default_tags) == EffectiveTags(
        {"a": TagValue("x", "resource")}, frozenset({"provider"})
    )


@pytest.mark.parametrize("default_tags", [None, "null", "{}", {}, {"tags": None}, "[]", Secret("{}")])
def test_empty_default_tags(default_tags):
    """Default tags without tags add nothing."""
    assert own({"a": "x"}, defaultTags=default_tags) == EffectiveTags({"a": TagValue("x", "resource")})


def test_one_unknown_default_tag():
    """In default tags that come as a map, an unknown value is one unknown tag."""
    assert own({}, defaultTags={"tags": {"a": UNKNOWN, "b": "x"}}) == EffectiveTags(
        {"a": TagValue(None, "provider", known=False), "b": TagValue("x", "provider")}
    )


def test_types_that_default_tags_do_not_reach():
    """Where the provider adds no default tags, there are only the own ones."""
    shape = TagProperty("tags", "map", default_tags=False)
    provider = provider_tags({"defaultTags": {"tags": {"a": "x"}}})
    environment = {"TF_AWS_DEFAULT_TAGS_b": "x"}
    found = effective_tags(AWS, shape, {"tags": {"c": "y"}}, provider, environment)
    assert found == EffectiveTags({"c": TagValue("y", "resource")})


def test_native_lists():
    """aws-native's lists are read as maps; its default tags are among them already and keep their source."""
    found = native(rows({"a": "own", "b": "x", "c": "mine"}), defaultTags={"tags": {"b": "x", "c": "theirs", "d": "y"}})
    assert found.tags == {
        "a": TagValue("own", "resource"),
        "b": TagValue("x", "provider"),
        "c": TagValue("mine", "resource"),
        "d": TagValue("y", "provider"),
    }


def test_native_has_no_environment():
    """The variables of the Terraform provider do not reach aws-native."""
    found = effective_tags(NATIVE, LIST, {}, ProviderTags(), {"TF_AWS_DEFAULT_TAGS_a": "x"})
    assert found == EffectiveTags()


def test_odd_rows_of_a_list():
    """Rows without a key or that are no rows are no tags; secret marks of a row or a key are those of the value."""
    found = native([{"value": "x"}, {"key": None, "value": "x"}, "text", {"key": "a"}, {"key": "b", "value": None}])
    assert found == EffectiveTags()
    assert native([Secret({"key": "a", "value": "x"}), {"key": Secret("b"), "value": "y"}]).tags == {
        "a": TagValue("x", "resource", secret=True),
        "b": TagValue("y", "resource", secret=True),
    }


def test_environment_tags():
    """A variable of that prefix is a tag, in the case of its name; the bare prefix is none."""
    found = environment_tags({"TF_AWS_DEFAULT_TAGS_Cost-Center": "x", "TF_AWS_DEFAULT_TAGS_": "y", "AWS_b": "z"})
    assert found == {"Cost-Center": "x"}


def test_ignored_keys():
    """Keys are ignored by name and by prefix, by the provider's inputs in either spelling and by the environment."""
    provider = provider_tags({"ignoreTags": json.dumps({"keys": ["a"], "keyPrefixes": ["b-"]})})
    keys = ["a", "aa", "b-1", "b", "c", "d-1", "e"]
    environment = {"TF_AWS_IGNORE_TAGS_KEYS": "c, ,x", "TF_AWS_IGNORE_TAGS_KEY_PREFIXES": "d-"}
    assert ignored_keys(keys, provider, environment) == ("a", "b-1", "c", "d-1")
    assert ignored_keys(keys, ProviderTags(ignore_tags={"key_prefixes": ["b-"]}), {}) == ("b-1",)
    assert ignored_keys(keys, ProviderTags(ignore_tags=Secret({"keys": Secret([Secret("a"), UNKNOWN])})), {}) == ("a",)
    assert ignored_keys(keys, ProviderTags(ignore_tags=UNKNOWN), {}) == ()
    assert ignored_keys(keys, ProviderTags(), {}) == ()


KEYS = st.sampled_from(["a", "b", "c", "Env"])
PLAIN = st.text(max_size=4) | st.none() | st.just(UNKNOWN) | st.booleans() | st.integers()
VALUES = PLAIN | PLAIN.map(Secret)
MAPS = st.dictionaries(KEYS, VALUES, max_size=4)


def present(tags: dict) -> set[str]:
    """Return the keys that have a value, known or not."""
    return {key for key, value in tags.items() if value is not None and value != Secret(None)}


@given(MAPS, MAPS, st.dictionaries(KEYS, st.text(max_size=3)))
def test_laws_of_overlaying(mine, theirs, variables):
    """No key is lost or made up, the nearest source is the one named, and nothing is unknown as a whole."""
    environment = {f"TF_AWS_DEFAULT_TAGS_{key}": value for key, value in variables.items()}
    found = effective_tags(AWS, MAP, {"tags": mine}, provider_tags({"defaultTags": {"tags": theirs}}), environment)
    assert set(found.tags) == present(mine) | present(theirs) | set(variables)
    assert not found.unknown
    for key, tag in found.tags.items():
        source = "resource" if key in present(mine) else "provider" if key in present(theirs) else "environment"
        value = {"resource": mine, "provider": theirs, "environment": variables}[source][key]
        assert (tag.source, tag.secret) == (source, isinstance(value, Secret))
        content = value.value if isinstance(value, Secret) else value
        assert tag.known is (content != UNKNOWN)
        assert tag.value == (tag_text(content) if tag.known else None)


@given(MAPS, st.sampled_from([UNKNOWN, Secret(UNKNOWN)]))
def test_the_providers_tags_are_never_lost(theirs, mine):
    """With own tags unknown, all of the provider's are there, and the resource's map is said to be unknown."""
    found = own(mine, defaultTags={"tags": theirs})
    assert set(found.tags) == present(theirs)
    assert found.unknown == {"resource"}


@given(MAPS, MAPS)
def test_maps_and_lists_are_read_alike(mine, theirs):
    """Own tags give the same as a map and as a list, but for source and secret mark of what aws-native has merged."""
    by_map = own(mine, defaultTags={"tags": theirs})
    by_list = native(rows(mine), defaultTags={"tags": theirs})
    assert {key: (tag.value, tag.known) for key, tag in by_map.tags.items()} == {
        key: (tag.value, tag.known) for key, tag in by_list.tags.items()
    }
    # An equal value may be the default tag's, merged before its mark could be seen: it stays secret.
    assert all(by_list.tags[key].secret for key, tag in by_map.tags.items() if tag.secret)
