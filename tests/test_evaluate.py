"""What costtags decides of a Deny statement, against an evaluator that this project did not write."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from costtags.documents.evaluate import ANY_VALUE, Request, denies, holds, matched, matches_resource
from costtags.effective import UNKNOWN

from .evaluator import Case, Decision, Evaluator, request_tags

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Scientist"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
KINDS = {
    "CreateEndpoint": "endpoint",
    "CreateEndpointConfig": "endpoint-config",
    "CreateModel": "model",
    "AddTags": "endpoint",
    "DeleteTags": "endpoint",
    "UpdateProject": "project",
    "StopTrainingJob": "training-job",
}

_KEYS = ["team", "Team", "env", "ENV", "cost-center"]
_VALUES = ["ml", "ML", "ml-x", "dev", "a.c", ""]


def _tags(values: list[str]) -> st.SearchStrategy[dict[str, str]]:
    pairs = st.tuples(st.sampled_from(_KEYS), st.sampled_from(values))
    return st.lists(pairs, max_size=3, unique_by=lambda pair: pair[0].lower()).map(dict)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    action = draw(st.sampled_from(sorted(KINDS)))
    tags = draw(_tags(_VALUES)) if action != "StopTrainingJob" else {}
    on_creation = action == "AddTags" and draw(st.booleans())
    return Request(action, tags, draw(_tags(_VALUES)), on_creation)


_TEXTS = st.sampled_from(
    [
        *("team", "TEAM", "Team", "env", "cost-center", "ml", "ML", "ml-x", "dev", "", "a.c", "abc", "CreateEndpoint"),
        *("*", "ml*", "m?", "?*", "*-*", "t*m", "${*}", "ml${?}", "??-?", "*m*x*", "Create*"),
        *("${aws:ResourceTag/team}", "${aws:RequestTag/env}", "${AWS:RequestTag/Team}-x", "${aws:ResourceTag/none}"),
        *("${aws:RequestTag/team, 'ml'}", "${aws:ResourceTag/env, 'dev'}*", "${ aws:requesttag/team }"),
    ]
)
_CONDITION_KEYS = st.sampled_from(
    [
        *("aws:TagKeys", "AWS:tagkeys", "sagemaker:TaggingAction", "aws:RequestTag/team", "AWS:requesttag/TEAM"),
        *("aws:RequestTag/env", "aws:RequestTag/none", "aws:ResourceTag/team", "aws:ResourceTag/Env"),
        *("sagemaker:ResourceTag/team", "aws:ResourceTag/none"),
    ]
)
_OPERATORS = st.builds(
    lambda prefix, name, suffix, change: change(f"{prefix}{name}{suffix}"),
    st.sampled_from(["", "", "ForAllValues:", "ForAnyValue:"]),
    st.sampled_from(
        [
            *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
            *("StringLike", "StringNotLike"),
        ]
    ),
    st.sampled_from(["", "", "IfExists"]),
    st.sampled_from([str, str.lower, str.upper]),
)


def _one_or_list(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return items | st.lists(items, min_size=1, max_size=3)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    condition: dict[str, Any] = {}
    for operator in draw(st.lists(_OPERATORS, max_size=2, unique_by=str.lower)):
        condition[operator] = draw(st.dictionaries(_CONDITION_KEYS, _one_or_list(_TEXTS), min_size=1, max_size=2))
    if draw(st.booleans()):
        null = _one_or_list(st.sampled_from(["true", "false"])) | st.booleans()
        condition["Null"] = draw(st.dictionaries(_CONDITION_KEYS, null, min_size=1, max_size=2))
    actions = st.sampled_from(
        [
            *("*", "sagemaker:*", "sagemaker:Create*", "SageMaker:createendpoint", "sagemaker:*Tags", "iam:*"),
            *("sagemaker:Create????????", "sagemaker:*End*t*", "sagemaker:DeleteTags", "sagemaker:UpdateProject"),
        ]
    )
    resources = st.sampled_from(["*", "arn:aws:sagemaker:*:*:*", "arn:aws:ec2:*:*:instance/*", "arn:aws:*:*:*:*"])
    return {
        "Sid": "Denied",
        "Effect": "Deny",
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(_one_or_list(actions)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(_one_or_list(resources)),
        **({"Condition": condition} if condition else {}),
    }


def case(request: Request) -> Case:
    context: dict[str, Any] = request_tags(request.tags)
    if request.action == "DeleteTags":
        context = {"aws:TagKeys": list(request.tags)} if request.tags else {}
    for service in ("aws", "sagemaker"):
        context |= {f"{service}:ResourceTag/{key}": value for key, value in request.resource_tags.items()}
    if request.on_creation:
        context["sagemaker:TaggingAction"] = "CreateEndpoint"
    arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{KINDS[request.action]}/one"
    return Case(f"sagemaker:{request.action}", arn, context)


def without_empty(statement: dict[str, Any], request: Request) -> Request:
    """The evaluator cannot put an empty value into a variable: where there are variables, no value is empty."""
    if "${" not in str(statement):
        return request
    full = {key: value or "x" for key, value in request.tags.items()}
    shown = {key: value or "x" for key, value in request.resource_tags.items()}
    return replace(request, tags=full, resource_tags=shown)


def compares_tagging_action(statement: dict[str, Any]) -> bool:
    conditions = statement.get("Condition", {}).items()
    return any("TaggingAction" in str(keys) for operator, keys in conditions if operator != "Null")


def decide(evaluator: Evaluator, statement: dict[str, Any], asked: list[Request]) -> list[bool]:
    """Say which requests the statement denies, as an SCP and in an identity policy alike."""
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    cases = [case(request) for request in asked]
    scp = evaluator.decide([ALLOW_ALL], [policy], cases, ROLE)
    assert scp == evaluator.decide([ALLOW_ALL, policy], None, cases, ROLE)
    assert all(one in (Decision(True), Decision(False, ("Denied",))) for one in scp)
    return [not one.allowed for one in scp]


def deny(condition: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    statement = {"Sid": "Denied", "Effect": "Deny", "Action": "sagemaker:*", "Resource": "*", "Condition": condition}
    return {name: value for name, value in (statement | changed).items() if value is not None}


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(statement=statements(), asked=st.lists(requests(), min_size=5, max_size=15))
@example(
    deny({"ForAnyValue:StringNotLikeIfExists": {"aws:TagKeys": "t*"}}), [Request("AddTags"), Request("CreateModel")]
)
@example(deny({"StringNotEquals": {"aws:TagKeys": "x"}}), [Request("CreateModel"), Request("CreateModel", {"a": "x"})])
@example(
    deny({"StringNotEquals": {"aws:RequestTag/team": ["${aws:ResourceTag/team}", "ml"]}}),
    [Request("AddTags", {"team": "ml"}), Request("AddTags", {"team": "dev"})],
)
@example(deny({"Null": {"aws:RequestTag/team": "false"}}), [Request("DeleteTags", {"team": ""})])
def test_decides_as_the_evaluator(evaluator: Evaluator, statement: dict[str, Any], asked: list[Request]) -> None:
    """Any statement on any request; of which creation a tagging is part we do not say, so there less is sure."""
    asked = [without_empty(statement, request) for request in asked]
    for request, denied in zip(asked, decide(evaluator, statement, asked), strict=True):
        ours = denies(statement, request)
        if request.on_creation and compares_tagging_action(statement):
            assert not ours or denied, request
        else:
            assert ours == denied, request


PATTERNS = st.text(st.sampled_from("ab*?"), max_size=8)


@settings(max_examples=300, deadline=None)
@given(pattern=PATTERNS.filter(bool), values=st.lists(st.text(st.sampled_from("ab"), max_size=8), min_size=1))
def test_wildcards(evaluator: Evaluator, pattern: str, values: list[str]) -> None:
    """In values of conditions and in names of actions."""
    statement = deny({"StringLike": {"aws:RequestTag/team": pattern}})
    asked = [Request("CreateModel", {"team": value}) for value in values]
    assert decide(evaluator, statement, asked) == [denies(statement, request) for request in asked]
    fullmatch = [denies(deny({}, Action=f"sagemaker:{pattern}"), Request(value)) for value in values]
    assert fullmatch == [denies(statement, request) for request in asked]


CREATE = Request("CreateEndpoint", {"team": "ml"})


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BreakGlass"}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Scientist*"}},
        {"StringEquals": {"aws:PrincipalTag/team": "ml"}, "Bool": {"aws:MultiFactorAuthPresent": "false"}},
        {"Null": {"aws:PrincipalTag/exempt": "true"}},
        {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1"]}},
        {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}, "DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}},
        {"Null": {"sagemaker:VpcSubnets": "true"}},
        {"ForAnyValue:StringLike": {"sagemaker:InstanceTypes": "ml.p4*"}},
    ],
)
def test_what_tags_do_not_decide_is_taken_to_hold(condition: Mapping[str, Any]) -> None:
    """The statement denies for those of whom it does."""
    assert denies(deny(condition), CREATE)
    assert denies(deny({**condition, "ForAnyValue:StringEquals": {"aws:TagKeys": "team"}}), CREATE)
    assert not denies(deny({**condition, "ForAnyValue:StringEquals": {"aws:TagKeys": "env"}}), CREATE)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"ec2:InstanceType": "t3.micro"}}, False),
        ({"StringEqualsIfExists": {"ec2:InstanceType": "t3.micro"}}, True),
        ({"StringNotEquals": {"ec2:InstanceType": "t3.micro"}}, True),
        ({"Bool": {"kms:GrantIsForAWSResource": "true"}}, False),
        ({"Null": {"s3:prefix": "true"}}, True),
        ({"Null": {"s3:prefix": "false"}}, False),
    ],
)
def test_keys_of_other_services_are_never_there(condition: Mapping[str, Any], expected: bool) -> None:
    assert denies(deny(condition), CREATE) is expected


def test_instance_types_go_with_creations() -> None:
    condition = {"ForAnyValue:StringLike": {"sagemaker:InstanceTypes": "ml.p4*"}}
    assert not denies(deny(condition), Request("CreatePresignedDomainUrl"))
    assert not denies(deny(condition), Request("AddTags", {"team": "ml"}))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        # Compared with what the principal is: the value may be its own.
        ({"StringNotEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}, False),
        ({"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}, False),
        ({"StringNotLike": {"aws:RequestTag/team": "${aws:PrincipalTag/team, 'x'}-*"}}, False),
        # Whatever the principal is, one of the values decides.
        ({"StringEquals": {"aws:RequestTag/team": ["${aws:PrincipalTag/team}", "ml"]}}, True),
        ({"StringNotEquals": {"aws:RequestTag/team": ["${aws:PrincipalTag/team}", "ml"]}}, False),
        ({"StringNotEquals": {"aws:RequestTag/env": "${aws:PrincipalTag/env}"}}, True),  # no tag at all
        ({"StringEquals": {"aws:RequestTag/team": UNKNOWN}}, False),
        ({"StringNotEquals": {"aws:RequestTag/team": UNKNOWN}}, False),
        ({"StringNotEquals": {"aws:RequestTag/team": ["ml", UNKNOWN]}}, False),
        ({"Null": {"aws:RequestTag/team": UNKNOWN}}, False),
        ({UNKNOWN: {"aws:RequestTag/team": "ml"}}, False),
        ({"Null": {UNKNOWN: "true"}}, False),
        # Operators of other types on a tag, and what is no operator.
        ({"NumericLessThan": {"aws:RequestTag/team": "5"}}, False),
        ({"NumericLessThan": {"aws:RequestTag/env": "5"}}, False),
        ({"NumericNotEquals": {"aws:RequestTag/env": "5"}}, True),
        ({"Bool": {"aws:RequestTag/team": "true"}}, False),
        ({"StringEqual": {"aws:RequestTag/team": "ml"}}, False),
        ({"ForEachValue:StringEquals": {"aws:TagKeys": "team"}}, False),
    ],
)
def test_only_what_is_sure_denies(condition: Mapping[str, Any], expected: bool) -> None:
    assert holds(deny(condition), CREATE) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("StringEquals", "ml", False),
        ("StringNotEquals", "ml", False),
        ("StringNotLike", "?*", False),
        ("StringLike", "?*", False),
        ("StringLike", "*", True),
        ("StringNotLike", "*", False),
        ("ForAnyValue:StringLike", "**", True),
    ],
)
def test_a_right_value_that_is_not_known(operator: str, value: str, expected: bool) -> None:
    """No comparison with it is sure, but with what everything matches; that it is there is sure."""
    request = Request("CreateModel", {"team": ANY_VALUE}, {"env": ANY_VALUE})
    assert denies(deny({operator: {"aws:RequestTag/team": value}}), request) is expected
    assert denies(deny({"Null": {"aws:RequestTag/team": "false"}}), request)
    variable = {"StringNotEquals": {"aws:RequestTag/team": "${aws:ResourceTag/env}"}}
    assert not denies(deny(variable), replace(request, tags={"team": "ml"}))


@pytest.mark.parametrize(
    ("changed", "everything", "endpoints"),
    [
        ({"Resource": "*"}, True, True),
        ({}, True, True),
        ({"Resource": "arn:aws:sagemaker:*:*:endpoint/*"}, True, True),
        ({"Resource": "arn:aws:sagemaker:*:*:endpoint/prod-*"}, True, True),  # names are taken to match
        ({"Resource": "arn:aws:sagemaker:*:*:model/*"}, True, False),
        ({"Resource": ["arn:aws:ec2:*:*:*", "arn:aws:sagemaker:eu-west-1:*:*"]}, True, True),
        ({"Resource": "arn:aws:sagemaker:*"}, True, True),
        ({"Resource": "arn:aws:s3:::bucket/*"}, False, False),
        ({"Resource": "endpoint/one"}, False, False),
        ({"Resource": UNKNOWN}, False, False),
        ({"NotResource": "arn:aws:s3:::bucket/*"}, True, True),
        ({"NotResource": "arn:aws:sagemaker:*:*:endpoint/*"}, True, False),
        ({"NotResource": "arn:aws:sagemaker:*:*:endpoint/prod-*"}, True, True),
        ({"NotResource": "arn:aws:sagemaker:*:*:*"}, False, False),
        ({"NotResource": "*:*"}, False, False),
        ({"NotResource": ["arn:aws:s3:::x", UNKNOWN]}, False, False),
    ],
)
def test_resources(changed: dict[str, Any], everything: bool, endpoints: bool) -> None:
    """A statement about resources of other services alone denies nothing; those of SageMaker are told by type."""
    statement = deny({}, **{"Resource": None, **changed})
    assert matches_resource(statement) is everything
    assert denies(statement, CREATE) is everything
    assert matches_resource(statement, "endpoint") is endpoints


def test_actions() -> None:
    """Without case; several at once as each alone; an unknown one matches nothing, and spares nothing for sure."""
    actions = ("CreateEndpoint", "CreateEndpointConfig", "AddTags")
    rows: list[tuple[dict[str, Any], set[str]]] = [
        ({"Action": "SAGEMAKER:CREATEENDPOINT"}, {"CreateEndpoint"}),
        ({"Action": ["sagemaker:*dd*s", "ec2:*"]}, {"AddTags"}),
        ({"NotAction": ["sagemaker:*config", "iam:*"]}, {"CreateEndpoint", "AddTags"}),
        ({"NotAction": "*"}, set()),
        ({"NotAction": []}, set(actions)),
        ({"Action": ["sagemaker:CreateEndpoint?onfig", "sagemaker:CreateEndpoint?"]}, {"CreateEndpointConfig"}),
        ({"Action": [UNKNOWN, "sagemaker:AddTags"]}, {"AddTags"}),
        ({"NotAction": [UNKNOWN, "sagemaker:AddTags"]}, set()),
        ({}, set()),
    ]
    for statement, expected in rows:
        assert matched(statement, actions) == expected, statement
        assert {one for one in actions if matched(statement, (one,))} == expected, statement


def test_effect_and_malformed_conditions() -> None:
    """Only Deny denies; a condition that is none asks nothing."""
    assert not denies(deny({}, Effect="Allow"), CREATE)
    assert not denies(deny({}, Effect=None), CREATE)
    assert denies(deny({}, Condition=["Null"]), CREATE)
    assert denies(deny({"Null": "aws:TagKeys"}), CREATE)
