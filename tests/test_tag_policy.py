"""The tag policies: what they say, and what becomes of them where several are attached."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtags import catalog
from costtags.documents.document import Document, DocumentError, Draft, Quota, assembled
from costtags.documents.settings import Settings
from costtags.documents.tag_policy import tag_policy, tag_policy_report, wrap_tag_policy
from costtags.glob import matcher
from costtags.schema import Schema, Tag, load

ROOT = Path(__file__).parents[1]
Plain = dict[str, Any]
QUOTA = Quota(10_000, 10, "a tag policy", "a target takes at most 10 of them")


# --- how AWS merges tag policies, by its documentation:
# https://docs.aws.amazon.com/organizations/latest/userguide/policy-operators.html
# https://docs.aws.amazon.com/organizations/latest/userguide/inheritance-examples.html

CHILD_CONTROL = "@@operators_allowed_for_child_policies"
OPERATORS = ("@@assign", "@@append", "@@remove")


def effective(*levels: Sequence[Plain]) -> Plain:
    """The effective policy of an account: ``levels`` are the policies attached to the root, to an OU ... to itself."""
    tags: dict[str, Plain] = {}
    allowed: dict[tuple[str, str], set[str]] = {}
    for level in levels:
        limits: dict[tuple[str, str], set[str]] = {}
        assigned: dict[tuple[str, str], Any] = {}
        for policy in level:
            for key, settings_ in policy["tags"].items():
                whole = set(settings_.get(CHILD_CONTROL, ["@@all"]))
                for name, operators in settings_.items():
                    if name == CHILD_CONTROL:
                        continue
                    at = (key.lower(), name)  # the policy key's case does not count
                    may = allowed.get(at, {"@@all"})
                    for operator in OPERATORS:
                        if operator in operators and ("@@all" in may or operator in may):
                            if operator == "@@assign":
                                # What two policies of one target assign to one setting, AWS does not document.
                                assert assigned.setdefault(at, operators[operator]) == operators[operator]
                            _apply(tags.setdefault(key.lower(), {}), name, operator, operators[operator])
                    own = set(operators.get(CHILD_CONTROL, ["@@all"]))
                    limits[at] = _stricter(limits.get(at, {"@@all"}), _stricter(whole, own))
        for at, limit in limits.items():
            allowed[at] = _stricter(allowed.get(at, {"@@all"}), limit)  # a child cannot lift what its parent set
    return {"tags": tags}


def _apply(setting: Plain, name: str, operator: str, value: Any) -> None:
    before = setting.get(name, [])
    setting[name] = {
        "@@assign": lambda: value,
        "@@append": lambda: [*before, *(one for one in value if one not in before)],
        "@@remove": lambda: [one for one in before if one not in value],
    }[operator]()


def _stricter(one: set[str], other: set[str]) -> set[str]:
    if "@@all" in one:
        return other
    return one if "@@all" in other else one & other


COST_CENTER = {"tag_key": {"@@assign": "CostCenter"}, "tag_value": {"@@assign": ["Development", "Support"]}}


@pytest.mark.parametrize(
    ("root", "child", "expected"),
    [
        # The examples of AWS's page: overwrite, append, remove, restrict.
        (
            COST_CENTER,
            {"tag_value": {"@@assign": ["Sandbox"]}, "enforced_for": {"@@assign": ["redshift:*"]}},
            {"tag_key": "CostCenter", "tag_value": ["Sandbox"], "enforced_for": ["redshift:*"]},
        ),
        (
            COST_CENTER,
            {"tag_value": {"@@append": ["Marketing"]}},
            {"tag_key": "CostCenter", "tag_value": ["Development", "Support", "Marketing"]},
        ),
        (
            COST_CENTER,
            {"tag_value": {"@@remove": ["Support"]}},
            {"tag_key": "CostCenter", "tag_value": ["Development"]},
        ),
        (
            {"tag_key": {CHILD_CONTROL: ["@@none"], "@@assign": "CostCenter"}},
            {"tag_key": {"@@assign": "COSTCENTER"}, "tag_value": {"@@assign": ["x"]}},
            {"tag_key": "CostCenter", "tag_value": ["x"]},
        ),
    ],
)
def test_merge_as_documented(root: Plain, child: Plain, expected: Plain) -> None:
    """The merge of these tests does what AWS's examples show."""
    made = effective([{"tags": {"costcenter": root}}], [{"tags": {"CostCenter": child}}])
    assert made == {"tags": {"costcenter": expected}}


# --- what the policies say


@pytest.fixture
def schema(tmp_path: Path) -> Callable[[str], Schema]:
    """Loads a tags.yaml of these tags."""

    def write(tags: str, more: str = "") -> Schema:
        (tmp_path / "tags.yaml").write_text(f"version: 1\ntags: {{{tags}}}\n{more}\n")
        return load(tmp_path / "tags.yaml")

    return write


def policy(made: Schema, build: Callable[[Schema, Settings], Draft] = tag_policy) -> Plain:
    return wrap_tag_policy(build(made, Settings()).pieces)


def plain(of: Mapping[str, Any]) -> Plain:
    """A policy that is attached alone: its settings without operators."""
    return effective([dict(of)])["tags"]


def test_body(schema: Callable[..., Schema]) -> None:
    """A tag's key, values, enforced types and reported types stand under the key itself, in its own case."""
    made = policy(schema('Cost-Center: {values: [a, "b*"]}'))
    assert list(made["tags"]) == ["Cost-Center"]
    body = made["tags"]["Cost-Center"]
    assert list(body) == ["tag_key", "tag_value", "enforced_for", "report_required_tag_for"]
    assert all(list(setting) == ["@@assign"] for setting in body.values())
    assert body["tag_key"]["@@assign"] == "Cost-Center"
    assert body["tag_value"]["@@assign"] == ["a", "b*"]


def test_types_are_the_catalogues(schema: Callable[..., Schema]) -> None:
    """Enforced are exactly the types for which AWS can, and required keys are reported for exactly those it can."""
    body = plain(policy(schema("a: {}")))["a"]
    rows = catalog.sagemaker_types()
    assert body["enforced_for"] == [f"sagemaker:{row.name}" for row in rows if row.tag_policy.enforced]
    assert body["report_required_tag_for"] == [f"sagemaker:{row.name}" for row in rows if row.tag_policy.required]
    assert len(body["enforced_for"]) == 13
    assert len(body["report_required_tag_for"]) == 30


def test_types_that_the_schema_leaves_out(schema: Callable[..., Schema]) -> None:
    """A type that tags.yaml does not ask about is neither enforced nor reported; one without Pulumi type goes along."""
    some = 'enforce: {resources: ["aws:sagemaker/p*"]}'
    body = plain(policy(schema("a: {}", some)))["a"]
    assert body["enforced_for"] == ["sagemaker:pipeline", "sagemaker:processing-job", "sagemaker:project"]
    assert plain(policy(schema("a: {}", 'enforce: {resources: ["aws:s3/*"]}')))["a"] == {"tag_key": "a"}
    draft = tag_policy(schema("a: {}", 'enforce: {resources: ["aws:s3/*"]}'), Settings())
    assert "Resources outside SageMaker: this policy names none of their types." in draft.left_out


def test_optional_and_free_tags(schema: Callable[..., Schema]) -> None:
    """An optional tag is not reported as missing; a tag without values, or with a pattern, may have any."""
    made = schema('a: {required: false, values: [x]}, b: {}, c: {pattern: "[a-z]+"}')
    tags = plain(policy(made))
    assert "report_required_tag_for" not in tags["a"]
    assert "tag_value" not in tags["b"]
    assert "tag_value" not in tags["c"]
    left_out = tag_policy(made, Settings()).left_out
    assert '"b": an empty value passes: a tag policy without a list of values takes any.' in left_out
    assert '"c": any value passes, also an empty one: tag policies know no patterns.' in left_out
    assert not [line for line in left_out if line.startswith('"a"')]


def test_report_enforces_nothing(schema: Callable[..., Schema]) -> None:
    """The policy of the first stage is the same without enforced_for."""
    made = schema("a: {values: [x]}, b: {required: false}")
    report = plain(policy(made, tag_policy_report))
    enforcing = plain(policy(made))
    for body in enforcing.values():
        del body["enforced_for"]
    assert report == enforcing
    assert "enforced_for" not in json.dumps(report)


def test_rollout(schema: Callable[..., Schema]) -> None:
    """An OU that gets the enforcing policy below a root that reports is enforced; the other OUs stay as they were."""
    made = schema("a: {values: [x]}, b: {}")
    report, enforcing = policy(made, tag_policy_report), policy(made)
    assert effective([report], [enforcing]) == effective([enforcing])
    assert effective([report]) != effective([enforcing])
    # ... and to report below what enforces lifts nothing.
    assert effective([enforcing], [report]) == effective([enforcing])


def test_stops_says_it(schema: Callable[..., Schema]) -> None:
    """Each piece says whom it stops and why."""
    pieces = tag_policy(schema("a: {values: [x]}, b: {required: false}"), Settings()).pieces
    assert pieces[0].stops == (
        'Stops whoever creates or tags one of 13 types with the tag "a" in another case or with a value that is not '
        "listed; reports it on all. Reports 30 types without it."
    )
    assert pieces[1].stops == (
        'Stops whoever creates or tags one of 13 types with the tag "b" in another case; reports it on all.'
    )
    [piece] = tag_policy_report(schema("a: {}"), Settings()).pieces
    assert piece.stops == 'Reports the tag "a" in another case; stops no one. Reports 30 types without it.'


# --- sizes and splitting


def assembled_policy(made: Schema, quota: Quota = QUOTA) -> Document:
    return assembled("tag-policy", tag_policy(made, Settings()), wrap_tag_policy, quota)


def test_shipped_schema_fits() -> None:
    """The tags.yaml of this repository makes one policy, in each form."""
    made = load(ROOT / "tags.yaml")
    assert len(assembled_policy(made).parts) == 1
    assert len(assembled("tag-policy-report", tag_policy_report(made, Settings()), wrap_tag_policy, QUOTA).parts) == 1


def test_too_large(schema: Callable[..., Schema]) -> None:
    """A tag whose values do not fit in a policy is an error: half of them would forbid the other half."""
    values = ", ".join(f"value-number-{number}" for number in range(600))
    with pytest.raises(DocumentError, match=r"tag-policy: a .*, and a tag policy takes 10000"):
        assembled_policy(schema(f"a: {{values: [{values}]}}"))


TEXT = st.text("abcXYZ019 _.:/=+-@é中", min_size=1, max_size=20).filter(lambda text: text == text.strip())
VALUES = st.lists(TEXT, min_size=1, max_size=8, unique=True)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Schemas with any keys and values that tags.yaml lets through."""
    keys = draw(st.lists(TEXT, min_size=1, max_size=12, unique_by=str.lower))
    tags = {}
    for key in keys:
        values = draw(st.none() | VALUES.map(tuple))
        if values is not None and draw(st.booleans()):
            values = tuple(dict.fromkeys(f"{value[:5]}*{value[5:]}" for value in values))
        tags[key] = Tag(key, draw(st.booleans()), None, values, None, {}, (), None, 1)
    return Schema("tags.yaml", tags, None, ("aws:sagemaker/*",), ())


@given(schemas(), st.integers(1_800, 12_000))
@settings(max_examples=60, deadline=None)
def test_parts_are_the_whole(made: Schema, size: int) -> None:
    """However many policies it is split over, attached to one target they make what the one would make."""
    whole = wrap_tag_policy(tag_policy(made, Settings()).pieces)
    document = assembled_policy(made, Quota(size, 100, "a tag policy", "a target takes 100 of them"))
    assert effective(document.parts) == effective([whole])
    assert effective(document.parts[::-1]) == effective([whole])
    assert effective(*[[part] for part in document.parts]) == effective([whole])
    assert all(len(text) <= size and json.loads(text) for text in document.texts)


@given(schemas(), TEXT)
@settings(max_examples=60, deadline=None)
def test_never_narrower(made: Schema, value: str) -> None:
    """What the schema allows, the policy allows; a * is the only character that stands for others."""
    for key, body in effective([wrap_tag_policy(tag_policy(made, Settings()).pieces)])["tags"].items():
        [tag] = [tag for tag in made.tags.values() if tag.key.lower() == key]
        assert body["tag_key"] == tag.key
        for one in (value, *(listed.replace("*", value) for listed in tag.values or ())):
            if tag.allows(one):
                assert matcher(body.get("tag_value", ["*"]))(one)
        assert all(listed.count("*") <= 1 for listed in body.get("tag_value", []))
