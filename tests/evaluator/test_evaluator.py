"""The evaluator itself, against what AWS documents.

How it differs from AWS, as far as known:

- A variable without a value: the package says that StringNotEquals and its like do not match; AWS says they do.
  evaluate.mjs puts that right (test_variable_without_a_value).
- A variable whose value is empty: the package cannot resolve it. An error here.
- ForAnyValue with ...IfExists: the package ignores IfExists (test_if_exists_beside_a_set_operator).
- SCPs bind service-linked roles and the management account here; in AWS they do not.
- An action on two resources (CreateEndpoint: endpoint and endpoint-config) is one case per resource.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from . import Case, Decision, Evaluator, EvaluatorError, get, request_tags

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/data-science"
ENDPOINT = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/one"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def deny(condition: dict[str, Any], **changed: Any) -> dict[str, Any]:
    statement = {"Sid": "Denied", "Effect": "Deny", "Action": "sagemaker:*", "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement | changed]}


def create(tags: dict[str, str] | None = None, **more: str) -> Case:
    """A CreateEndpoint with tags; aws__PrincipalTag__x is the key aws:PrincipalTag/x."""
    names = {name.replace("__", ":", 1).replace("__", "/"): value for name, value in more.items()}
    return Case("sagemaker:CreateEndpoint", ENDPOINT, request_tags(tags or {}) | names)


def matches(evaluator: Evaluator, condition: dict[str, Any], case: Case) -> bool:
    """Tells whether the condition matches; as a deny in an SCP, which has to decide as one in an identity policy."""
    (scp,) = evaluator.decide([ALLOW_ALL], [deny(condition)], [case], ROLE, twice=True)
    (identity,) = evaluator.decide([ALLOW_ALL, deny(condition)], None, [case], ROLE, twice=True)
    assert scp == identity
    assert scp in (Decision(True), Decision(False, ("Denied",)))
    return not scp.allowed


@pytest.mark.parametrize(
    ("condition", "case", "expected"),
    [
        # Null
        ({"Null": {"aws:RequestTag/a": "true"}}, create(), True),
        ({"Null": {"aws:RequestTag/a": "true"}}, create({"a": "x"}), False),
        ({"Null": {"aws:RequestTag/a": "true"}}, create({"b": "x"}), True),
        ({"Null": {"aws:RequestTag/a": "false"}}, create({"a": "x"}), True),
        ({"Null": {"aws:RequestTag/a": False}}, create({"a": "x"}), True),
        ({"Null": {"aws:RequestTag/a": "false"}}, create(), False),
        # An empty value is a value.
        ({"Null": {"aws:RequestTag/a": "true"}}, create({"a": ""}), False),
        ({"Null": {"aws:RequestTag/a": "false"}}, create({"a": ""}), True),
        ({"StringEquals": {"aws:RequestTag/a": ""}}, create({"a": ""}), True),
        ({"StringLike": {"aws:RequestTag/a": "?*"}}, create({"a": ""}), False),
        ({"StringLike": {"aws:RequestTag/a": "*"}}, create({"a": ""}), True),
        # A missing key: positive operators are false, negated ones true.
        ({"StringEquals": {"aws:RequestTag/a": "x"}}, create(), False),
        ({"StringLike": {"aws:RequestTag/a": "*"}}, create(), False),
        ({"StringNotEquals": {"aws:RequestTag/a": "x"}}, create(), True),
        ({"StringNotLike": {"aws:RequestTag/a": "*"}}, create(), True),
        ({"StringNotEqualsIgnoreCase": {"aws:RequestTag/a": "x"}}, create(), True),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:iam::*:role/x"}}, create(), True),
        # Several values: one of them, or with a negated operator none of them.
        ({"StringEquals": {"aws:RequestTag/a": ["x", "y"]}}, create({"a": "y"}), True),
        ({"StringEquals": {"aws:RequestTag/a": ["x", "y"]}}, create({"a": "z"}), False),
        ({"StringNotEquals": {"aws:RequestTag/a": ["x", "y"]}}, create({"a": "y"}), False),
        ({"StringNotEquals": {"aws:RequestTag/a": ["x", "y"]}}, create({"a": "z"}), True),
        ({"StringNotLike": {"aws:RequestTag/a": ["x*", "y*"]}}, create({"a": "y1"}), False),
        ({"StringNotLike": {"aws:RequestTag/a": ["x*", "y*"]}}, create({"a": "z"}), True),
        # Several keys, several operators: all of them.
        ({"Null": {"aws:RequestTag/a": "true", "aws:RequestTag/b": "true"}}, create(), True),
        ({"Null": {"aws:RequestTag/a": "true", "aws:RequestTag/b": "true"}}, create({"a": "x"}), False),
        ({"Null": {"aws:RequestTag/a": "false"}, "StringNotLike": {"aws:RequestTag/a": "x"}}, create(), False),
        ({"Null": {"aws:RequestTag/a": "false"}, "StringNotLike": {"aws:RequestTag/a": "x"}}, create({"a": "y"}), True),
        # Names of keys ignore case, the tag's part too; values do not.
        ({"StringEquals": {"AWS:requesttag/Cost-Center": "x"}}, create({"cost-center": "x"}), True),
        ({"Null": {"aws:RequestTag/cost-center": "true"}}, create({"Cost-Center": "x"}), False),
        ({"StringEquals": {"aws:RequestTag/a": "X"}}, create({"a": "x"}), False),
        ({"StringEqualsIgnoreCase": {"aws:RequestTag/a": "X"}}, create({"a": "x"}), True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": "cost-center"}}, create({"Cost-Center": "x"}), False),
        # Names of operators ignore case too.
        ({"forallvalues:stringnotequals": {"aws:TagKeys": "a"}}, create({"a": "x"}), False),
        # StringLike: case-sensitive, * and ? only; StringEquals has no wildcards.
        ({"StringLike": {"aws:RequestTag/a": "ML-*"}}, create({"a": "ML-Sales"}), True),
        ({"StringLike": {"aws:RequestTag/a": "ML-*"}}, create({"a": "ml-Sales"}), False),
        ({"StringLike": {"aws:RequestTag/a": "ML-*"}}, create({"a": "ML-"}), True),
        ({"StringLike": {"aws:RequestTag/a": "ML-?"}}, create({"a": "ML-"}), False),
        ({"StringLike": {"aws:RequestTag/a": "ML-?"}}, create({"a": "ML-1"}), True),
        ({"StringLike": {"aws:RequestTag/a": "ML-?"}}, create({"a": "ML-12"}), False),
        ({"StringLike": {"aws:RequestTag/a": "a.c"}}, create({"a": "abc"}), False),
        ({"StringLike": {"aws:RequestTag/a": "[ab]+(c)"}}, create({"a": "[ab]+(c)"}), True),
        ({"StringLike": {"aws:RequestTag/a": "dev"}}, create({"a": "development"}), False),
        ({"StringEquals": {"aws:RequestTag/a": "ML-*"}}, create({"a": "ML-Sales"}), False),
        # ForAllValues: true for an absent key; ForAnyValue: false for one.
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, create(), True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, create({"a": "x"}), True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, create({"a": "x", "c": "x"}), False),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": "a"}}, create(), True),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": "a"}}, create({"b": "x"}), True),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": "a"}}, create({"b": "x", "a": "x"}), False),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": "a"}}, create({"A": "x"}), True),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}, create({"b": "x"}), False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, create(), False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, create({"c": "x", "b": "x"}), True),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}, create(), False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}, create({"a": "x", "b": "x"}), False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a", "b"]}}, create({"a": "x", "c": "x"}), True),
        ({"ForAnyValue:StringNotLike": {"aws:TagKeys": ["a", "sagemaker:*"]}}, create({"sagemaker:x": "y"}), False),
        ({"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": "a"}}, create({"A": "x"}), True),
        ({"ForAnyValue:StringLike": {"aws:TagKeys": "cost?center"}}, create({"cost_center": "x"}), True),
        # IfExists
        ({"StringEqualsIfExists": {"aws:RequestTag/a": "x"}}, create(), True),
        ({"StringEqualsIfExists": {"aws:RequestTag/a": "x"}}, create({"a": "x"}), True),
        ({"StringEqualsIfExists": {"aws:RequestTag/a": "x"}}, create({"a": "y"}), False),
        ({"StringNotEqualsIfExists": {"aws:RequestTag/a": "x"}}, create(), True),
        # The principal, which is filled in where the case does not give it.
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/break-glass"}}, create(), True),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/data-*"}}, create(), False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/data-*"}}, create(), True),
        (
            {"ArnNotLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/x", "arn:aws:iam::*:role/data-*"]}},
            create(),
            False,
        ),
        (
            {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/break-glass"}},
            create(aws__PrincipalArn=f"arn:aws:iam::{ACCOUNT}:role/break-glass"),
            False,
        ),
        # Each of the six parts of an ARN is compared for itself.
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*/data-science"}}, create(), "error"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam:*:role/data-science:x"}}, create(), False),
    ],
)
def test_conditions(evaluator: Evaluator, condition: dict[str, Any], case: Case, expected: bool | str) -> None:
    if expected == "error":
        with pytest.raises(EvaluatorError, match="not an ARN"):
            matches(evaluator, condition, case)
    else:
        assert matches(evaluator, condition, case) is expected


PRINCIPAL_TAG = "${aws:PrincipalTag/team}"
RESOURCE_TAG = "${aws:ResourceTag/team}"


@pytest.mark.parametrize(
    ("operator", "variable", "case", "expected"),
    [
        ("StringEquals", PRINCIPAL_TAG, create({"team": "x"}, aws__PrincipalTag__team="x"), True),
        ("StringEquals", PRINCIPAL_TAG, create({"team": "x"}, aws__PrincipalTag__team="y"), False),
        ("StringNotEquals", PRINCIPAL_TAG, create({"team": "x"}, aws__PrincipalTag__team="x"), False),
        ("StringNotEquals", PRINCIPAL_TAG, create({"team": "x"}, aws__PrincipalTag__team="X"), True),
        ("StringEquals", RESOURCE_TAG, create({"team": "x"}, aws__ResourceTag__team="x"), True),
        ("StringEquals", RESOURCE_TAG, create({"team": "x"}, aws__ResourceTag__Team="x"), True),
        ("StringNotEquals", RESOURCE_TAG, create({"team": "x"}, aws__ResourceTag__team="x"), False),
        ("StringNotEquals", RESOURCE_TAG, create({"team": "x"}, aws__ResourceTag__team="y"), True),
        ("StringLike", f"{PRINCIPAL_TAG}-*", create({"team": "x-1"}, aws__PrincipalTag__team="x"), True),
        ("StringNotLike", f"{PRINCIPAL_TAG}-*", create({"team": "x-1"}, aws__PrincipalTag__team="x"), False),
        # What stands in a value is no pattern.
        ("StringLike", PRINCIPAL_TAG, create({"team": "a+b"}, aws__PrincipalTag__team="a+b"), True),
        ("StringLike", PRINCIPAL_TAG, create({"team": "ab"}, aws__PrincipalTag__team="a."), False),
    ],
)
def test_variables(evaluator: Evaluator, operator: str, variable: str, case: Case, expected: bool) -> None:
    assert matches(evaluator, {operator: {"aws:RequestTag/team": variable}}, case) is expected


@pytest.mark.parametrize("variable", [PRINCIPAL_TAG, RESOURCE_TAG, f"{PRINCIPAL_TAG}-*"])
@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("StringNotEquals", True),
        ("StringNotLike", True),
        ("StringNotEqualsIgnoreCase", True),
    ],
)
def test_variable_without_a_value(evaluator: Evaluator, operator: str, variable: str, expected: bool) -> None:
    """AWS: nothing equals it, so negated operators match. The package says they do not; evaluate.mjs corrects it.

    A correction, so these rows show that our reading of AWS's page is applied, not that the package agrees.
    """
    assert matches(evaluator, {operator: {"aws:RequestTag/team": variable}}, create({"team": "x"})) is expected
    beside = {operator: {"aws:RequestTag/team": [variable, "x"]}}
    assert matches(evaluator, beside, create({"team": "x"})) is (not expected)


def test_variable_with_a_default(evaluator: Evaluator) -> None:
    condition = {"StringNotEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team, 'none'}"}}
    assert not matches(evaluator, condition, create({"team": "none"}))
    assert matches(evaluator, condition, create({"team": "x"}))


def test_variable_in_arn_not_like(evaluator: Evaluator) -> None:
    condition = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/${aws:PrincipalTag/team}"}}
    assert matches(evaluator, condition, create())
    assert not matches(evaluator, condition, create(aws__PrincipalTag__team="data-science"))


def test_if_exists_beside_a_set_operator(evaluator: Evaluator) -> None:
    """AWS: with IfExists a missing key makes the condition true. The package ignores that after ForAnyValue."""
    condition = {"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "a"}}
    assert not matches(evaluator, condition, create())


def test_multivalued_key_without_a_set_operator(evaluator: Evaluator) -> None:
    """AWS leaves it open; the package matches with no operator, not with a negated one either."""
    for operator in ("StringEquals", "StringNotEquals"):
        assert not matches(evaluator, {operator: {"aws:TagKeys": "a"}}, create({"a": "x"}))


def test_resource_and_tagging_action(evaluator: Evaluator) -> None:
    condition = {
        "ForAnyValue:StringEquals": {"aws:TagKeys": ["cost-center"]},
        "Null": {"sagemaker:TaggingAction": "true", "aws:ResourceTag/cost-center": "false"},
    }
    tagged: dict[str, str | list[str]] = {"aws:ResourceTag/cost-center": "x"}
    tags = request_tags({"cost-center": "y"})

    def add(context: dict[str, str | list[str]]) -> Case:
        return Case("sagemaker:AddTags", ENDPOINT, context)

    assert matches(evaluator, condition, add(tags | tagged))
    assert not matches(evaluator, condition, add(tags))
    assert not matches(evaluator, condition, add(request_tags({"other": "y"}) | tagged))
    assert not matches(evaluator, condition, add(tags | tagged | {"sagemaker:TaggingAction": "CreateEndpoint"}))


def test_scp_beside_identity(evaluator: Evaluator) -> None:
    scp = deny({"Null": {"aws:RequestTag/a": "true"}})
    cases = [create({"a": "x"}), create()]
    assert evaluator.decide([ALLOW_ALL], None, cases, ROLE) == [Decision(True)] * 2
    assert evaluator.decide([ALLOW_ALL], [], cases, ROLE) == [Decision(True)] * 2
    assert evaluator.decide([ALLOW_ALL], [scp], cases, ROLE) == [Decision(True), Decision(False, ("Denied",))]
    # An SCP grants nothing: without an identity policy that allows, no statement denies, and nothing is allowed.
    assert evaluator.decide([], [ALLOW_ALL], cases, ROLE) == [Decision(False)] * 2
    assert evaluator.decide([], [scp], cases, ROLE) == [Decision(False), Decision(False, ("Denied",))]


def test_every_statement_that_denies_is_named(evaluator: Evaluator) -> None:
    nameless = deny({"Null": {"aws:RequestTag/b": "true"}})
    del nameless["Statement"][0]["Sid"]
    one = deny({"Null": {"aws:RequestTag/a": "true"}}, Sid="One")
    two = deny({"Null": {"aws:RequestTag/c": "true"}}, Sid="Two")
    (decision,) = evaluator.decide([ALLOW_ALL, two], [one, nameless], [create()], ROLE)
    assert sorted(decision.denied_by) == ["One", "Two", "scps[1].Statement[0]"]


@pytest.mark.parametrize(
    ("changed", "denied"),
    [
        ({"Action": "sagemaker:CreateEndpoint"}, True),
        ({"Action": "SageMaker:createendpoint"}, True),
        ({"Action": ["sagemaker:CreateModel", "sagemaker:Create*"]}, True),
        ({"Action": "sagemaker:CreateEndpoin"}, False),
        ({"Action": "sagemaker:CreateEndpoin?"}, True),
        ({"Action": "iam:*"}, False),
        ({"Action": None, "NotAction": "sagemaker:AddTags"}, True),
        ({"Action": None, "NotAction": ["iam:*", "sagemaker:Create*"]}, False),
        ({"Resource": "arn:aws:sagemaker:*:*:endpoint/*"}, True),
        ({"Resource": "arn:aws:sagemaker:*:*:model/*"}, False),
        ({"Resource": None, "NotResource": "arn:aws:sagemaker:*:*:model/*"}, True),
        ({"Resource": None, "NotResource": "arn:aws:sagemaker:*:*:endpoint/*"}, False),
    ],
)
def test_actions_and_resources(evaluator: Evaluator, changed: dict[str, Any], denied: bool) -> None:
    policy = deny({"Null": {"aws:RequestTag/a": "true"}}, **changed)
    (statement,) = policy["Statement"]
    policy["Statement"] = [{name: value for name, value in statement.items() if value is not None}]
    (decision,) = evaluator.decide([ALLOW_ALL], [policy], [create()], ROLE, twice=True)
    assert decision.allowed is not denied


@pytest.mark.parametrize(
    ("action", "resource", "keys"),
    [
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:ResourceTag/a": "x"}),
        ("sagemaker:CreateEndpoint", ENDPOINT.replace("endpoint/", "endpoint-config/"), {}),
        ("sagemaker:AddTags", ENDPOINT, {"sagemaker:TaggingAction": "CreateEndpoint"}),
        ("sagemaker:UpdateProject", ENDPOINT.replace("endpoint/", "project/"), {"sagemaker:ResourceTag/a": "x"}),
        ("iam:TagRole", f"arn:aws:iam::{ACCOUNT}:role/path/one", {"aws:ResourceTag/a": "x"}),
        ("iam:TagUser", f"arn:aws:iam::{ACCOUNT}:user/one", {}),
        ("sts:TagSession", ROLE, {"aws:ResourceTag/a": "x", "sts:TransitiveTagKeys": ["a"]}),
        ("sts:AssumeRole", ROLE, {"aws:PrincipalTag/a": "x"}),
    ],
)
def test_actions_that_tag(evaluator: Evaluator, action: str, resource: str, keys: dict[str, str | list[str]]) -> None:
    scp = deny({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}, Action=action)
    cases = [Case(action, resource, keys | request_tags({name: "x"})) for name in ("a", "b")]
    decided = evaluator.decide([ALLOW_ALL], [scp], cases, ROLE, twice=True)
    assert decided == [Decision(False, ("Denied",)), Decision(True)]


def test_actions_that_untag(evaluator: Evaluator) -> None:
    scp = deny({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}, Action=["sagemaker:DeleteTags", "iam:UntagRole"])
    cases = [Case("sagemaker:DeleteTags", ENDPOINT, {"aws:TagKeys": ["a"], "aws:ResourceTag/a": "x"})]
    cases += [Case("iam:UntagRole", ROLE, {"aws:TagKeys": ["a"]})]
    assert evaluator.decide([ALLOW_ALL], [scp], cases, ROLE, twice=True) == [Decision(False, ("Denied",))] * 2


@pytest.mark.parametrize(
    ("policy", "error"),
    [
        ({}, r"scps\[0\] : Statement is required"),
        (None, "no policy"),
        ([], "received an array"),
        ({"Statement": ALLOW_ALL["Statement"]}, "Version must be"),
        ({**ALLOW_ALL, "Version": "2008-10-17"}, "Version must be"),
        ({**ALLOW_ALL, "Staement": []}, "Invalid key Staement"),
        (deny({}, Effect="deny"), "Effect must be present"),
        (deny({}, Action="CreateEndpoint"), "Action must be a wildcard"),
        (deny({}, Principal="*"), "Principal is not allowed"),
        (deny({}, Condtion={}), "Invalid key Condtion"),
        (deny({"StringEqual": {"aws:RequestTag/a": "x"}}), "unknown condition operator StringEqual"),
        (deny({"NullIfExists": {"aws:RequestTag/a": "true"}}), "unknown condition operator NullIfExists"),
        (deny({"ForAllValues:Null": {"aws:TagKeys": "true"}}), "unknown condition operator ForAllValues:Null"),
        (deny({"ForEachValue:StringEquals": {"aws:TagKeys": "a"}}), "must be either ForAllValues or ForAnyValue"),
        (deny({"Null": {"aws:RequestTag/a": "yes"}}), "neither true nor false"),
        (deny({"StringEquals": {"aws:RequestTag/a": []}}), "no values"),
        (deny({"StringEquals": {"aws:RequestTag/a": None}}), "Found data type object"),
        (deny({"StringEquals": {"aws:RequestTags/a": "x"}}), "unknown condition key aws:RequestTags/a"),
        (deny({"StringEquals": {"sagemaker:TagingAction": "x"}}), "unknown condition key sagemaker:TagingAction"),
        (deny({"StringEquals": {"aws:RequestTag/a": "${aws:PrincipalTags/a}"}}), "unknown variable"),
        (deny({"StringEquals": {"aws:RequestTag/a": "${aws:TagKeys}"}}), "multivalued key aws:tagkeys as a variable"),
        (deny({"StringEquals": {"aws:RequestTag/a": "${aws:PrincipalTag/a, ''}"}}), "default of variable"),
        (deny({"StringEquals": {"aws:RequestTag/a": "${aws:PrincipalTag/a,'b'}"}}), "default of variable"),
    ],
)
def test_wrong_policies(evaluator: Evaluator, policy: Any, error: str) -> None:
    with pytest.raises(EvaluatorError, match=error):
        evaluator.decide([ALLOW_ALL], [policy], [create()], ROLE)
    with pytest.raises(EvaluatorError, match=error.replace("scps", "identity")):
        evaluator.decide([policy], None, [create()], ROLE)


@pytest.mark.parametrize(
    ("action", "resource", "context", "error"),
    [
        ("sagemaker:CreateEndpont", ENDPOINT, {}, "invalid.action"),
        ("sagemaker:Create*", ENDPOINT, {}, "invalid.action"),
        ("sagmaker:CreateEndpoint", ENDPOINT, {}, "invalid.service"),
        ("CreateEndpoint", ENDPOINT, {}, "invalid.action"),
        ("sagemaker:CreateModel", ENDPOINT, {}, "no.resource.types"),
        ("sagemaker:CreateEndpoint", "*", {}, "one ARN, without wildcards"),
        ("sagemaker:CreateEndpoint", f"{ENDPOINT}*", {}, "one ARN, without wildcards"),
        ("sagemaker:CreateEndpoint", f"{ENDPOINT}?", {}, "one ARN, without wildcards"),
        ("sagemaker:ListEndpoints", ENDPOINT, {}, "must.use.wildcard"),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"sagemaker:TaggingAction": "x"}, "no context key"),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:Nonsense": "x"}, "no context key"),
        ("sagemaker:DeleteTags", ENDPOINT, {"aws:RequestTag/a": "x"}, "no context key"),
        ("sagemaker:StopPipelineExecution", ENDPOINT, {}, "no.resource.types"),
        ("sagemaker:ListEndpoints", "*", {"aws:ResourceTag/a": "x"}, "no context key"),
        (
            "sagemaker:AddTags",
            ENDPOINT.replace("endpoint", "mlflow-tracking-server"),
            {"aws:ResourceTag/a": "x"},
            "no co",
        ),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:TagKeys": "a", "aws:RequestTag/a": "x"}, "needs a list"),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:TagKeys": []}, "needs a list that is not empty"),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:TagKeys": ["a"], "aws:RequestTag/a": ["x"]}, "has one value"),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:TagKeys": ["a"]}, "name different tags"),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:RequestTag/a": "x"}, "name different tags"),
        ("sagemaker:CreateEndpoint", ENDPOINT, request_tags({"a": "x", "A": "x"}), "two spellings"),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:PrincipalArn": "me"}, "no ARN"),
        ("sagemaker:CreateEndpoint", ENDPOINT, {"aws:PrincipalTag/team": ""}, "is empty"),
    ],
)
def test_wrong_cases(
    evaluator: Evaluator, action: str, resource: str, context: dict[str, str | list[str]], error: str
) -> None:
    policy = deny({"StringEquals": {"aws:RequestTag/team": PRINCIPAL_TAG}})
    with pytest.raises(EvaluatorError, match=f"^case 1: .*{error}"):
        evaluator.decide([ALLOW_ALL, policy], None, [create(), Case(action, resource, context)], ROLE)


def test_principal_of_a_session(evaluator: Evaluator) -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/data-science/me"
    with pytest.raises(EvaluatorError, match="aws:PrincipalArn is missing"):
        evaluator.decide([ALLOW_ALL], None, [create()], session)
    assert evaluator.decide([ALLOW_ALL], None, [create(aws__PrincipalArn=ROLE)], session) == [Decision(True)]
    with pytest.raises(EvaluatorError, match="the principal me is no ARN"):
        evaluator.decide([ALLOW_ALL], None, [create()], "me")


def test_resource_of_another_account(evaluator: Evaluator) -> None:
    case = Case("sagemaker:CreateEndpoint", ENDPOINT.replace(ACCOUNT, "210987654321"))
    assert evaluator.decide([ALLOW_ALL], None, [case], ROLE) == [Decision(False)]


def test_goes_on_after_an_error(evaluator: Evaluator) -> None:
    with pytest.raises(EvaluatorError):
        evaluator.decide([{}], None, [create()], ROLE)
    assert evaluator.decide([ALLOW_ALL], None, [create({"a": "ü\n\u2028 😀"})], ROLE) == [Decision(True)]
    assert evaluator.decide([ALLOW_ALL], None, [], ROLE) == []


@pytest.mark.usefixtures("evaluator")  # skipped where there is no Node.js
def test_ended_process(tmp_path: Path) -> None:
    broken = Evaluator(tmp_path)
    with pytest.raises(EvaluatorError, match="process ended"):
        broken.decide([ALLOW_ALL], None, [create()], ROLE)
    broken.close()


def test_lock_file_names_no_registry() -> None:
    for name in ("package.json", "package-lock.json"):
        assert "http" not in (get.HERE / name).read_text()


def test_get_says_what_is_missing(tmp_path: Path) -> None:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(get.HERE / "get.py"), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env={"XDG_CACHE_HOME": str(tmp_path), **environment}
        )

    (tmp_path / "bin").mkdir()
    without = run(PATH=str(tmp_path / "bin"))
    assert (without.returncode, without.stdout) == (2, "")
    assert "no Node.js" in without.stderr
    (tmp_path / "bin" / "node").write_text("#!/bin/sh\n")
    (tmp_path / "bin" / "node").chmod(0o755)
    assert "no npm" in run(PATH=str(tmp_path / "bin")).stderr
    assert "make evaluator" in run("--find", PATH=str(tmp_path / "bin")).stderr


def test_installed_by_several_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is first wins; the others find what is there. A stand-in for npm, so that no network is needed."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\nsleep 0.2\nmkdir node_modules\n")
    npm.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("shutil.which", lambda _: str(npm))
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: get.install(), range(4)))
    assert found == {get.cache()}
    assert [path.name for path in get.cache().parent.iterdir()] == [get.cache().name]
    assert (get.cache() / "node_modules").is_dir()
