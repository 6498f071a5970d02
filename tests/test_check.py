"""The judgement of tags: what is found, in which words, with which fix."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from costtags.check import (
    Finding,
    Place,
    check,
    check_ignored,
    check_propagation,
    concerns,
    grouped,
    judge,
    judged_property,
    missing_defaults,
)
from costtags.effective import UNKNOWN, EffectiveTags, ProviderTags, Secret, TagValue
from costtags.policies import POLICIES
from costtags.schema import Schema, load

TEXT = """version: 1
tags:
  cost-center:
    values: [ML-Marketing, ML-Sales]
    aliases: {ML-Marketing: [mktg]}
    misspellings: [CostCode]
  environment: {values: [dev, prod], default: dev}
  project: {pattern: "[a-z][a-z0-9-]{1,30}"}
  team: {required: false, values: ["ml-*"]}
enforce: {resources: ["aws:sagemaker/*", "aws-native:sagemaker:*", "aws:s3/*"]}
"""
DOMAIN = "aws:sagemaker/domain:Domain"
NATIVE_DOMAIN = "aws-native:sagemaker:Domain"
APP = "aws:sagemaker/app:App"
MEANT_PROD = 'has a value that is not allowed; allowed: dev, prod; did you mean "prod"?'
RIGHT = {"cost-center": "ML-Sales", "environment": "prod", "project": "churn"}


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> Schema:
    """Return the schema of these tests."""
    path: Path = tmp_path_factory.mktemp("schema") / "tags.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return load(path)


def judged(schema: Schema, tags: dict, type_: str = "") -> list[Finding]:
    """Judge own tags given as plain values, or as ``TagValue``."""
    made = {key: tag if isinstance(tag, TagValue) else TagValue(tag, "resource") for key, tag in tags.items()}
    return check(schema, EffectiveTags(made), type_)


def messages(schema: Schema, tags: dict) -> list[str]:
    """Return the messages about own tags."""
    return [finding.message for finding in judged(schema, tags)]


def test_right_tags(schema):
    """Right tags have no findings, with or without the optional ones and others."""
    assert judged(schema, RIGHT) == []
    assert judged(schema, RIGHT | {"team": "ml-core", "Name": "x", "aws:x": "", "sagemaker:domain-arn": "arn"}) == []


def test_no_tags(schema):
    """Each required tag is missing, in the order of the schema, with a line to paste."""
    assert judged(schema, {}) == [
        Finding(
            "missing",
            "cost-center",
            'tag "cost-center" is missing; allowed: ML-Marketing, ML-Sales',
            '"cost-center": "...",  # one of ML-Marketing, ML-Sales',
        ),
        Finding(
            "missing",
            "environment",
            'tag "environment" is missing; allowed: dev, prod',
            '"environment": "dev",  # or prod',
        ),
        Finding(
            "missing",
            "project",
            'tag "project" is missing; allowed: what matches [a-z][a-z0-9-]{1,30}',
            '"project": "...",  # what matches [a-z][a-z0-9-]{1,30}',
        ),
    ]


@pytest.mark.parametrize(
    ("tag", "value", "message", "fix"),
    [
        ("environment", "prd", MEANT_PROD, '"prod",  # or dev'),
        ("environment", "PROD", MEANT_PROD, '"prod",  # or dev'),
        ("environment", "prod ", MEANT_PROD, '"prod",  # or dev'),
        ("environment", "zzz", "has a value that is not allowed; allowed: dev, prod", '"dev",  # or prod'),
        ("environment", "", "is empty; allowed: dev, prod", '"dev",  # or prod'),
        ("environment", None, "has a value that is not text; allowed: dev, prod", '"dev",  # or prod'),
        (
            "environment",
            "x" * 257,
            "has a value of 257 characters, more than the 256 that AWS allows; allowed: dev, prod",
            '"dev",  # or prod',
        ),
        (
            "cost-center",
            "mktg",
            'has a value that is not allowed; allowed: ML-Marketing, ML-Sales; did you mean "ML-Marketing"?',
            '"ML-Marketing",  # or ML-Sales',
        ),
        (
            "project",
            "Churn",
            "has a value that is not allowed; allowed: what matches [a-z][a-z0-9-]{1,30}",
            '"...",  # what matches [a-z][a-z0-9-]{1,30}',
        ),
        ("team", "data", "has a value that is not allowed; allowed: ml-*", '"...",  # one of ml-*'),
    ],
)  # fmt: skip
def test_wrong_values(schema, tag, value, message, fix):
    """A wrong value is named by its tag, not repeated; what is allowed, what it may mean and a line come with it."""
    expected = Finding("wrong-value", tag, f'tag "{tag}" {message}', f'"{tag}": {fix}')
    assert judged(schema, RIGHT | {tag: value}) == [expected]


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("resource", ""),
        ("remediation", ""),
        ("provider", " (from the provider's default tags)"),
        ("environment", " (from TF_AWS_DEFAULT_TAGS_)"),
    ],
)
def test_where_a_tag_comes_from(schema, source, where):
    """A finding says whether to mend the resource, the provider or the environment."""
    assert messages(schema, RIGHT | {"environment": TagValue("x", source), "CostCode": TagValue("x", source)}) == [
        f'tag "environment"{where} has a value that is not allowed; allowed: dev, prod',
        f'tag "CostCode"{where} is a second spelling of "cost-center", which is there as well',
    ]


@pytest.mark.parametrize("key", ["Environment", "ENVIRONMENT", "environ-ment", " environment", "environment "])
def test_other_spellings(schema, key):
    """A key in another spelling is to be renamed; the right one is then not missing as well."""
    tags = {k: v for k, v in RIGHT.items() if k != "environment"} | {key: "prod"}
    message = f'tag "{key}" must be spelled "environment"'
    assert judged(schema, tags) == [Finding("wrong-case", key, message, f'rename "{key}" to "environment"')]


def test_listed_misspellings(schema):
    """A misspelling of the schema is recognised, in any case."""
    tags = {k: v for k, v in RIGHT.items() if k != "cost-center"} | {"cost_code": "ML-Sales"}
    assert messages(schema, tags) == ['tag "cost_code" must be spelled "cost-center"']


def test_two_spellings_at_once(schema):
    """Beside the right spelling the other one is to be removed."""
    assert judged(schema, RIGHT | {"Project": "x"}) == [
        Finding(
            "wrong-case",
            "Project",
            'tag "Project" is a second spelling of "project", which is there as well',
            'remove "Project"',
        )
    ]


def test_keys_in_another_unicode_form(tmp_path):
    """A key in a decomposed form is another spelling; its message can be printed."""
    path = tmp_path / "tags.yaml"
    path.write_text('version: 1\ntags: {"größe": {}}\n', encoding="utf-8")
    (finding,) = judged(load(path), {"gro\u0308ße": "x"})
    assert (finding.code, finding.message) == ("wrong-case", 'tag "gro\u0308ße" must be spelled "größe"')


def test_unexpected_keys(schema):
    """Where other keys are denied, one is to be removed; what may be used is named."""
    strict = replace(schema, other_keys=("app:*",))
    assert judged(strict, RIGHT | {"app:x": "", "aws:x": "", "sagemaker:x": ""}) == []
    assert judged(strict, RIGHT | {"Name": "x"}) == [
        Finding(
            "unexpected-key",
            "Name",
            'tag "Name" is not one that may be used; allowed: cost-center, environment, project, team, app:*',
            'remove "Name"',
        )
    ]


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ('a"b\\', '"a\\"b\\\\"'),
        ("a\nb", '"a\\nb"'),
        ("a\x1b[31m", '"a\\u001b[31m"'),
        ("a\u202eb", '"a\\u202eb"'),
        ("größe", '"größe"'),
        ("\ud800", '"\\ud800"'),
    ],
)
def test_hostile_keys(schema, key, shown):
    """A key cannot act on the terminal or the report that shows it."""
    (finding,) = judged(replace(schema, other_keys=()), RIGHT | {key: "x"})
    assert finding.message.startswith(f"tag {shown} is not one that may be used;")
    assert finding.fix == f"remove {shown}"


@pytest.mark.parametrize(("count", "type_", "over"), [(50, DOMAIN, 0), (51, DOMAIN, 1), (47, APP, 0), (50, APP, 3)])
def test_too_many_tags(schema, count, type_, over):
    """AWS allows 50 tags in all, and what Studio launches must leave room for SageMaker's three."""
    tags = RIGHT | {f"k{i}": "x" for i in range(count - len(RIGHT))}
    found = judged(schema, tags, type_)
    why = " (AWS allows 50; SageMaker adds 3 of its own here)" if type_ == APP else ""
    message = f"{count} tags, {over} more than the {count - over} that fit{why}"
    assert found == ([Finding("too-many", None, message, f"remove {over}")] if over else [])


def test_unknown_values(schema):
    """A value known only at deployment is said to be so; it is neither missing nor wrong."""
    assert judged(schema, RIGHT | {"project": TagValue(None, "resource", known=False)}) == [
        Finding(
            "unknown-value",
            "project",
            'tag "project" is known only at deployment, where it will be judged; '
            "allowed: what matches [a-z][a-z0-9-]{1,30}",
            "",
        )
    ]


def test_secret_values(schema):
    """A secret value is judged as any other."""
    assert judged(schema, RIGHT | {"project": TagValue("churn", "resource", secret=True)}) == []
    assert [f.code for f in judged(schema, RIGHT | {"project": TagValue("No", "resource", secret=True)})] == [
        "wrong-value"
    ]


@pytest.mark.parametrize(
    ("unknown", "what"),
    [
        ({"resource"}, "the tags"),
        ({"provider"}, "the provider's default tags"),
        ({"resource", "provider"}, "the tags and the provider's default tags"),
    ],
)
def test_unknown_maps(schema, unknown, what):
    """Where a map is unknown, it is said once, and nothing is missing."""
    message = f"{what} are known only at deployment: what is missing cannot be said yet"
    assert check(schema, EffectiveTags({}, frozenset(unknown))) == [Finding("unknown-value", None, message, "")]


def test_what_unknown_own_tags_may_change(schema):
    """Unknown own tags may lie over the provider's, which are not judged then; own known ones are."""
    tags = {"environment": TagValue("x", "provider"), "project": TagValue("X", "resource")}
    found = check(schema, EffectiveTags(tags, frozenset({"resource"})))
    assert [(finding.code, finding.tag) for finding in found] == [("wrong-value", "project"), ("unknown-value", None)]


def test_what_unknown_default_tags_cannot_change(schema):
    """Own tags are judged though the provider's are unknown: these lie below."""
    found = check(schema, EffectiveTags({"environment": TagValue("x", "resource")}, frozenset({"provider"})))
    assert [(finding.code, finding.tag) for finding in found] == [
        ("wrong-value", "environment"),
        ("unknown-value", None),
    ]


@pytest.mark.parametrize(
    ("type_", "inputs", "code"),
    [
        (DOMAIN, {"tagPropagation": "ENABLED"}, None),
        (NATIVE_DOMAIN, {"tagPropagation": Secret("ENABLED")}, None),
        (DOMAIN, {}, "no-propagation"),
        (DOMAIN, {"tagPropagation": "DISABLED"}, "no-propagation"),
        (DOMAIN, {"tagPropagation": None}, "no-propagation"),
        (DOMAIN, {"tagPropagation": UNKNOWN}, "unknown-value"),
        (APP, {}, None),
    ],
)
def test_propagation(type_, inputs, code):
    """A domain must hand its tags on; other types need not."""
    found = check_propagation(type_, inputs)
    assert [finding.code for finding in found] == ([code] if code else [])
    assert all(finding.fix == 'tag_propagation="ENABLED"' for finding in found)


def test_ignored_keys(schema):
    """Only required keys that a provider ignores are findings."""
    found = check_ignored(schema, ProviderTags(ignore_tags={"keys": ["project", "team", "x"]}), {})
    assert found == [
        Finding(
            "ignored-key",
            "project",
            'the provider ignores tag "project" (ignoreTags): it can later be neither changed nor repaired',
            'take "project" out of the provider\'s ignoreTags',
        )
    ]


def test_where_the_schema_is_enforced(schema):
    """Only taggable types that the schema names are judged, and providers."""
    assert judged_property(schema, DOMAIN) is not None
    assert judged_property(schema, "aws:ec2/instance:Instance") is None
    assert judged_property(schema, "aws:sagemaker/nothing:Nothing") is None
    assert concerns(schema, "pulumi:providers:aws")
    assert concerns(schema, NATIVE_DOMAIN)
    assert not concerns(schema, "pulumi:providers:gcp")
    assert not concerns(schema, "random:index/randomId:RandomId")


@pytest.mark.parametrize(
    ("type_", "tags"),
    [(DOMAIN, {"project": "churn"}), (NATIVE_DOMAIN, [{"key": "project", "value": "churn"}])],
)
def test_judge_a_resource(schema, type_, tags):
    """aws and aws-native are judged alike, with their provider's default tags as JSON text."""
    provider = {"defaultTags": '{"tags": {"cost-center": "ML-Sales", "environment": "prd"}}'}
    place = Place(type_, {"tags": tags, "tagPropagation": "ENABLED"}, provider)
    assert [(finding.code, finding.message) for finding in judge(schema, place, {})] == [
        (
            "wrong-value",
            'tag "environment" (from the provider\'s default tags) has a value that is not allowed; '
            'allowed: dev, prod; did you mean "prod"?',
        )
    ]


def test_judge_a_provider(schema):
    """Of a provider the ignored keys are judged; the Terraform provider's variables count for it alone."""
    variables = {"TF_AWS_IGNORE_TAGS_KEYS": "project"}
    aws, native = (Place(f"pulumi:providers:{name}", {}, {}) for name in ("aws", "aws-native"))
    assert [finding.code for finding in judge(schema, aws, variables)] == ["ignored-key"]
    assert judge(schema, native, variables) == []


def test_judge_what_is_not_enforced(schema):
    """Other types have no findings, whatever their inputs."""
    assert judge(schema, Place("aws:ec2/instance:Instance", {"tags": UNKNOWN}, {}), {}) == []


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, {"environment": "dev"}),
        (None, {"environment": "dev"}),
        ({"environment": "wrong"}, {}),
        ({"environment": UNKNOWN}, {}),
        ({"Environment": "prod"}, {}),
        ({"environment": ""}, {}),
        ({"environment": None}, {"environment": "dev"}),
        (UNKNOWN, {}),
        (Secret({}), {"environment": "dev"}),
    ],
)
def test_missing_defaults(schema, tags, expected):
    """Only absent tags that have a default are filled in, never where they might be there already."""
    assert missing_defaults(schema, Place(DOMAIN, {"tags": tags}, {}), {}) == expected
    assert missing_defaults(schema, Place("aws:ec2/instance:Instance", {"tags": tags}, {}), {}) == {}


def test_grouped(schema):
    """Several findings are one text: the reasons, then the lines to paste, each once."""
    findings = judged(schema, {"project": "churn"})
    assert grouped(findings) == (
        '  tag "cost-center" is missing; allowed: ML-Marketing, ML-Sales\n'
        '  tag "environment" is missing; allowed: dev, prod\n'
        "fix:\n"
        '    "cost-center": "...",  # one of ML-Marketing, ML-Sales\n'
        '    "environment": "dev",  # or prod'
    )
    assert grouped(findings[:1]) == (
        'tag "cost-center" is missing; allowed: ML-Marketing, ML-Sales\n'
        "fix:\n"
        '    "cost-center": "...",  # one of ML-Marketing, ML-Sales'
    )
    assert grouped([Finding("unknown-value", None, "nothing is known", "")]) == "nothing is known"


def test_every_code_has_a_policy():
    """Each code of a finding belongs to one policy."""
    codes = [code for policy in POLICIES for code in policy.codes]
    assert len(codes) == len(set(codes))
    assert Finding("missing", None, "", "").policy == "required-tags"


KEYS = st.sampled_from(["cost-center", "Cost-Center", "CostCode", "costcode", "environment", "project", "team", "Name"])
VALUES = st.one_of(
    st.none(), st.text(max_size=6), st.sampled_from(["prod", "ML-Sales", "churn", "ml-x", "mktg"]), st.just("x" * 300)
)
TAGS = st.dictionaries(
    KEYS | st.text(max_size=6),
    st.builds(TagValue, VALUES, st.sampled_from(["provider", "environment", "resource"]), st.booleans(), st.booleans()),
    max_size=8,
)
UNKNOWNS = st.frozensets(st.sampled_from(["resource", "provider"]))
OTHERS = st.sampled_from([None, (), ("Name",), ("*",)])


@given(TAGS, UNKNOWNS, OTHERS)
def test_one_finding_a_code_and_key(schema, tags, unknown, others):
    """There is at most one finding of a code about a key, always with a message and a policy."""
    found = check(replace(schema, other_keys=others), EffectiveTags(tags, unknown))
    assert len({(finding.code, finding.tag) for finding in found}) == len(found)
    assert all(finding.message and finding.policy for finding in found)


@given(TAGS, UNKNOWNS)
def test_a_key_is_missing_or_there(schema, tags, unknown):
    """Nothing is missing that is there in any spelling, and nothing at all where a map is unknown."""
    missing = {finding.tag for finding in check(schema, EffectiveTags(tags, unknown)) if finding.code == "missing"}
    there = set(tags) | {schema.meant_key(key) for key in tags}
    assert missing == (set() if unknown else {tag.key for tag in schema.required} - there)


ALLOWED_TAGS = st.fixed_dictionaries(
    {
        "cost-center": st.sampled_from(["ML-Marketing", "ML-Sales"]),
        "environment": st.sampled_from(["dev", "prod"]),
        "project": st.from_regex(r"[a-z][a-z0-9-]{1,30}", fullmatch=True),
    },
    optional={"team": st.text(st.characters(categories=("L", "N", "Z")), max_size=250).map("ml-{}".format)},
)


@given(ALLOWED_TAGS, OTHERS, st.data())
def test_allowed_values_have_no_findings(schema, tags, others, data):
    """Allowed values of all required tags, and no other keys, are right from wherever they come."""
    sources = st.sampled_from(["provider", "environment", "resource"])
    made = {key: TagValue(value, data.draw(sources), True, data.draw(st.booleans())) for key, value in tags.items()}
    assert check(replace(schema, other_keys=others), EffectiveTags(made)) == []


SECRETS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=8, max_size=300)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["cost-center", "environment", "project", "team", "CostCode", "Name"]), SECRETS))
def test_no_finding_repeats_a_value(schema, values):
    """What the pack prints may be read by all: no actual value, which may be a secret, is in it."""
    strict = replace(schema, other_keys=())
    words = TEXT + "".join(finding.message + finding.fix for finding in judged(strict, dict.fromkeys(values, "?")))
    assume(not any(value in words or re.fullmatch("[a-z][a-z0-9-]{1,30}|ml-.*", value) for value in values.values()))
    for finding in judged(strict, values):
        assert not any(value in finding.message + finding.fix for value in values.values())
