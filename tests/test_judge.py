"""Policies and budgets that a program is about to deploy: what is found, what must not be, and what never ends."""

import json
import time
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costtags.documents.document import DocumentError
from costtags.documents.judge import JUDGED, judge
from costtags.documents.settings import Settings
from costtags.documents.table import render
from costtags.effective import UNKNOWN, Secret
from costtags.policies import POLICY_OF_CODE
from costtags.schema import Schema, load
from costtags.yamlfile import FileProblems

from .test_decisions import SETTINGS
from .test_render import many, schemas

ROOT = Path(__file__).parents[1]
SCP = "aws:organizations/policy:Policy"
BUDGET = "aws:budgets/budget:Budget"
NATIVE_BUDGET = "aws-native:budgets:Budget"

EXCEPT = {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BreakGlass"}}
MISSING = {"Null": {"aws:RequestTag/cost-center": "true"}}
KEYS = ["cost-center", "environment", "project", "team"]
CREATE = "sagemaker:CreateEndpoint"
RETAG = ["sagemaker:AddTags", "sagemaker:DeleteTags"]


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load(ROOT / "tags.yaml")


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    full = [{"Effect": "Deny", "Resource": "*", **statement} for statement in statements]
    return {"Version": "2012-10-17", "Statement": full}


def deny(actions: Any, *conditions: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """A statement that excepts the break-glass role."""
    return {
        "Action": actions,
        "Condition": {**EXCEPT, **{k: v for one in conditions for k, v in one.items()}},
    } | changed


def messages(schema: Schema, document: Any, kind: str = "SERVICE_CONTROL_POLICY") -> list[str]:
    """What is found, each with its code; the same as the aws provider's text, as JSON, and as aws-native's object."""
    text = json.dumps(document, separators=(",", ":"))
    found = judge(schema, SCP, {"type": kind, "content": text})
    native = {"type": kind, "content": document}
    assert found == judge(schema, "aws-native:organizations:Policy", native)
    assert all(one.code in POLICY_OF_CODE for one in found)
    return [f"{one.code}: {one.message}" for one in found]


# --- Sound policies ---------------------------------------------------------------------------------------------------

SOUND: Mapping[str, Any] = {
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_tagging.html
    "tags required of other services": policy(
        {"Action": "secretsmanager:CreateSecret", "Condition": MISSING},
        {
            "Action": "ec2:RunInstances",
            "Resource": ["arn:aws:ec2:*:*:instance/*", "arn:aws:ec2:*:*:volume/*"],
            "Condition": MISSING,
        },
    ),
    "tags of other services protected": policy(
        {
            "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
            "Condition": {
                "StringNotEquals": {
                    "aws:ResourceTag/access-project": "${aws:PrincipalTag/access-project}",
                    "aws:PrincipalArn": "arn:aws:iam::123456789012:role/org-admins/iam-admin",
                },
                "Null": {"aws:ResourceTag/access-project": False},
            },
        },
        {
            "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
            "Condition": {
                "StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/org-admins/iam-admin"},
                "ForAnyValue:StringEquals": {"aws:TagKeys": ["cost-center"]},
            },
        },
    ),
    "a closed list of regions": policy(
        {
            "NotAction": ["iam:*", "organizations:*", "route53:*", "sts:*", "support:*"],
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}, **EXCEPT},
        }
    ),
    "regions, by set operators": policy(
        {"NotAction": "sts:*", "Condition": {"ForAllValues:StringNotEquals": {"aws:RequestedRegion": ["ca-central-1"]}}}
    ),
    "no root user": policy({"Action": "*", "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:root"}}}),
    "a service that nobody uses": policy({"Action": "sagemaker:*"}),
    "administrators' actions": policy({"Action": ["sagemaker:CreateDomain", "sagemaker:DeleteDomain"]}),
    # https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_id-based-policy-examples.html
    "another team's resources": policy(
        {"Action": "sagemaker:*", "Condition": {"StringEquals": {"sagemaker:ResourceTag/Project": "B"}}}
    ),
    "only one's own resources": policy(
        deny("sagemaker:*", {"StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}})
    ),
    "retagging only one's own resources": policy(
        deny(RETAG, {"StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
        deny(RETAG, {"StringNotEquals": {"aws:ResourceTag/Owner": "ml-core"}}),
    ),
    "outside a network": policy(deny("sagemaker:Create*", {"Null": {"sagemaker:VpcSubnets": "true"}})),
    "only the value of one's own": policy(
        deny(CREATE, {"StringNotEquals": {"aws:RequestTag/project": "${aws:PrincipalTag/project}"}}),
        deny(
            "*",
            {"StringNotEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}},
            {"Null": {"aws:RequestTag/team": "false"}},
        ),
    ),
    "a tag required": policy(
        deny(CREATE, MISSING),
        deny(CREATE, {"ForAllValues:StringNotEquals": {"aws:TagKeys": "environment"}}),
        deny("sagemaker:CreateNotebookInstance", {"StringNotLike": {"aws:RequestTag/project": "?*"}}),
    ),
    "a tag required, by resource types": policy(
        deny(
            "sagemaker:Create*",
            MISSING,
            Resource=["arn:aws:sagemaker:*:*:training-job/*", "arn:aws:sagemaker:*:*:endpoint/*"],
        ),
        deny(
            "sagemaker:Create*",
            MISSING,
            Resource=None,
            NotResource=[f"arn:aws:sagemaker:*:*:{kind}/*" for kind in ("user-profile", "experiment")],
            Effect="Allow",
        ),
        deny("*", MISSING, Resource="arn:aws:ec2:*:*:instance/*"),
        deny("*", MISSING, Resource=["arn:aws:s3:::*", "arn:aws:rds:*:*:db:*"]),
    ),
    "a tag required of expensive instances": policy(
        deny("sagemaker:Create*", MISSING, {"ForAnyValue:StringLike": {"sagemaker:InstanceTypes": ["ml.p4*"]}})
    ),
    "a tag required where another service's key is there": policy(
        deny("*", MISSING, {"StringEquals": {"ec2:CreateAction": "RunInstances"}})
    ),
    "starting what has no tag": policy(
        deny(
            ["sagemaker:CreateNotebookInstance", "sagemaker:StartNotebookInstance"],
            {"Null": {"aws:RequestTag/cost-center": "true", "aws:ResourceTag/cost-center": "true"}},
        )
    ),
    "values, wherever they are": policy(
        deny(
            "*",
            {"StringNotLike": {"aws:RequestTag/environment": ["dev", "staging", "prod"]}},
            {"Null": {"aws:RequestTag/environment": "false"}},
        ),
        deny(
            ["sagemaker:*"],
            {"StringNotLike": {"aws:RequestTag/team": ["*"]}, "ForAnyValue:StringEquals": {"aws:TagKeys": "team"}},
        ),
    ),
    # Who denies a value by its name means to.
    "production only by deployers": policy(
        deny(["sagemaker:Create*", "sagemaker:AddTags"], {"StringEquals": {"aws:RequestTag/environment": "prod"}})
    ),
    "a cost center only by its own roles": policy(
        deny(
            ["sagemaker:Create*", "sagemaker:AddTags"], {"StringEquals": {"aws:RequestTag/cost-center": "ML-Marketing"}}
        )
    ),
    "no large instances in dev": policy(
        deny(
            "sagemaker:Create*",
            {"StringEquals": {"aws:RequestTag/environment": "dev"}},
            {"ForAnyValue:StringLike": {"sagemaker:InstanceTypes": "ml.p4*"}},
        )
    ),
    "in dev only these cost centers": policy(
        deny(
            CREATE,
            {"StringEquals": {"aws:RequestTag/environment": "dev"}},
            {"StringNotEquals": {"aws:RequestTag/cost-center": ["ML-Sales", "ML-Research", "ML-Marketing"]}},
        )
    ),
    "tags changed by taggers alone": policy(
        deny(RETAG, {"ForAnyValue:StringEquals": {"aws:TagKeys": KEYS}}, {"Null": {"sagemaker:TaggingAction": "true"}}),
        deny(RETAG, {"Null": {"sagemaker:TaggingAction": "true"}}),
        deny("sagemaker:AddTags", {"StringEquals": {"sagemaker:TaggingAction": "CreateModel"}}),
        deny("sagemaker:DeleteTags"),
        deny("sagemaker:DeleteTags", {"ForAllValues:StringNotLike": {"aws:TagKeys": "tmp-*"}}),
        deny("sagemaker:DeleteTags", {"StringNotEquals": {"aws:RequestTag/cost-center": "x"}}),
    ),
    "a role that only reads": policy(
        {"Action": ["sagemaker:Create*", "sagemaker:Update*", "sagemaker:Delete*"]},
        deny(["sagemaker:AddTags", "sagemaker:Stop*"]),
    ),
    "with other ways to except someone": policy(
        {"Action": CREATE, "Condition": {"Null": {**MISSING["Null"], "aws:PrincipalTag/scp-exempt": True}}},
        {"Action": CREATE, "Condition": {**MISSING, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Data*"}}},
        {"Action": CREATE, "Condition": {**MISSING, "StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}},
        {"Action": CREATE, "Condition": {**MISSING, "stringnotlike": {"AWS:UserId": "AROAEXAMPLE:*"}}},
    ),
    "an exception that is known later": policy(
        {"Action": CREATE, "Condition": {**MISSING, "StringEquals": {"aws:PrincipalTag/team": "ml"}}}
    ),
    "two keys in one Null": policy(deny(CREATE, {"Null": {f"aws:RequestTag/{key}": "true" for key in KEYS}})),
    "two keys in one ForAllValues": policy(deny(CREATE, {"ForAllValues:StringNotEquals": {"aws:TagKeys": KEYS}})),
    "numbers and truth values on tags": policy(
        deny(CREATE, {"NumericGreaterThan": {"aws:RequestTag/days": "30"}}, {"Bool": {"aws:RequestTag/gpu": "true"}})
    ),
    "Allow": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Condition": MISSING}},
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_policies(schema: Schema, name: str) -> None:
    """What ordinary organizations write and what denies nothing that it must not: no finding."""
    assert messages(schema, SOUND[name]) == []


# --- Policies that lock out -------------------------------------------------------------------------------------------

ALWAYS = (
    "denies sagemaker:CreatePresignedDomainUrl, sagemaker:StartNotebookInstance, sagemaker:StartPipelineExecution "
    "and 390 more always: such requests carry no tags"
)
UNASKED = (
    "denies sagemaker:CreateAction, sagemaker:CreateArtifact, sagemaker:CreateContext and {} more without tags. Jobs "
    "and the SageMaker SDK create it unasked, and it costs nothing by itself: a deny would fail their tracking."
)
URLS = (
    "denies sagemaker:CreatePresignedDomainUrl, sagemaker:CreateClusterExtension, sagemaker:CreateEdgeDeploymentStage "
    "and 11 more always: such requests carry no tags"
)
ALONE = 'denies sagemaker:AddTags of "{}" alone: a tag could not be added later, a repair would fail'
RIGHT = "denies a request that carries every tag of tags.yaml with a right value"
ON_CREATION = "denies the sagemaker:AddTags that accompanies a creation: nothing could be created with tags"
STUDIO = "denies the tags that SageMaker itself adds (sagemaker:domain-arn ...): Studio could not create spaces"
NOBODY = "excepts nobody: if it stops the wrong ones, no one can act"
REFUSES = 'denies a value of tag "{}" that tags.yaml allows: {}'

WRONG: Mapping[str, tuple[Any, list[str]]] = {
    "all but other services": (
        deny(None, MISSING, NotAction=["iam:*", "sts:*"]),
        [ALWAYS, UNASKED.format(8), ALONE.format("environment")],
    ),
    "every action": (deny("*", MISSING), [ALWAYS, UNASKED.format(8), ALONE.format("environment")]),
    "every action, of SageMaker's resources": (
        deny("*", MISSING, Resource="arn:aws:sagemaker:*:*:*"),
        [ALWAYS, UNASKED.format(8), ALONE.format("environment")],
    ),
    "all but other resources": (
        deny("*", MISSING, Resource=None, NotResource="arn:aws:s3:::*"),
        [ALWAYS, UNASKED.format(8), ALONE.format("environment")],
    ),
    "cases of letters": (
        deny("SageMaker:CREATE*", {"NULL": {"AWS:requesttag/Cost-Center": True}}),
        [URLS, UNASKED.format(6)],
    ),
    "IfExists, which a missing tag satisfies": (
        deny("sagemaker:Create*", {"StringNotLikeIfExists": {"aws:RequestTag/team": ["ml-*"]}}),
        [URLS, UNASKED.format(6), REFUSES.format("team", "data-platform")],
    ),
    "a principal's tag, unguarded": (
        deny("sagemaker:Create*", {"StringNotEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}),
        [URLS, UNASKED.format(6)],
    ),
    "a value that no tag gives": (
        deny(CREATE, {"StringNotEquals": {"aws:RequestTag/team": "${aws:RequestTag/squad}"}}),
        [RIGHT],
    ),
    "versions of models": (
        deny([CREATE, "sagemaker:CreateModelPackage"], MISSING),
        [
            "denies sagemaker:CreateModelPackage without tags. A version in a model package group takes the group's "
            "tags and may not bring its own, so every registration would be denied."
        ],
    ),
    "changes of a project": (
        deny([CREATE, "sagemaker:UpdateProject"], MISSING),
        ["denies sagemaker:UpdateProject without tags. A change of something else carries no tags."],
    ),
    "all about endpoints": (
        deny("sagemaker:*", MISSING, Resource="arn:aws:sagemaker:*:*:endpoint/*"),
        [
            "denies sagemaker:DeleteEndpoint, sagemaker:DescribeEndpoint, sagemaker:InvokeEndpoint and 1 more always: "
            "such requests carry no tags",
            ALONE.format("environment"),
        ],
    ),
    "values where there may be none": (
        deny("sagemaker:StartNotebookInstance", {"StringNotLike": {"aws:RequestTag/team": "?*"}}),
        ["denies sagemaker:StartNotebookInstance always: such requests carry no tags"],
    ),
    "adding a key of SageMaker's own": (
        deny("sagemaker:AddTags", {"ForAllValues:StringNotEquals": {"aws:TagKeys": KEYS}}),
        [ALONE.format("sagemaker:domain-arn")],
    ),
    "protection that also hits creation": (
        deny(RETAG, {"ForAnyValue:StringEquals": {"aws:TagKeys": KEYS}}),
        [ON_CREATION],
    ),
    "no tagging at all": (deny(RETAG), [ON_CREATION]),
    "no tagging at all, by a wildcard": (deny("sagemaker:*tags"), [ON_CREATION]),
    "no tagging, outside a region": (
        deny("sagemaker:AddTags", {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        [ON_CREATION],
    ),
    "a list that lacks a value": (
        deny("sagemaker:Create*", {"StringNotEquals": {"aws:RequestTag/environment": ["dev", "prod"]}}),
        [URLS, UNASKED.format(6), REFUSES.format("environment", "staging")],
    ),
    "a list that lacks a value, for adding": (
        deny(
            "sagemaker:AddTags",
            {"StringNotLike": {"aws:RequestTag/cost-center": ["ML-Sales", "ML-M*"]}},
            {"Null": {"aws:RequestTag/cost-center": "false", "sagemaker:TaggingAction": "true"}},
        ),
        [REFUSES.format("cost-center", "ML-Research")],
    ),
    "every value": (
        deny(CREATE, {"StringEquals": {"aws:RequestTag/environment": ["dev", "staging", "prod"]}}),
        [RIGHT],
    ),
    "whatever value": (deny(CREATE, {"StringLike": {"aws:RequestTag/project": "*"}}), [RIGHT]),
    "presence": (deny(CREATE, {"Null": {"aws:RequestTag/project": "false"}}), [RIGHT]),
    "upside down": (deny(CREATE, {"ForAllValues:StringLike": {"aws:TagKeys": ["*"]}}), [RIGHT]),
    "a closed list": (
        deny([CREATE, "sagemaker:AddTags"], {"ForAnyValue:StringNotEquals": {"aws:TagKeys": KEYS}}),
        [STUDIO],
    ),
    "a closed list, by resource": (
        deny(
            ["sagemaker:CreateSpace", "sagemaker:CreateModel"],
            {"ForAnyValue:StringNotEquals": {"aws:TagKeys": KEYS}},
            Resource="arn:aws:sagemaker:*:*:space/*",
        ),
        [STUDIO],
    ),
    "a tag that tags.yaml does not name": (deny(CREATE, {"Null": {"aws:RequestTag/tribe": "true"}}), [RIGHT]),
    "nobody excepted": ({"Action": CREATE, "Condition": MISSING}, [NOBODY]),
    "nobody excepted but services": (
        {"Action": [CREATE], "Condition": {**MISSING, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}},
        [NOBODY],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_policies_that_lock_out(schema: Schema, name: str) -> None:
    """What would stop a team is said, whatever the policy looks like: as one statement, or the second of two."""
    statement, expected = WRONG[name]
    statement = {key: value for key, value in {"Resource": "*", **statement}.items() if value is not None}
    code = "policy-exception" if expected == [NOBODY] else "policy-denial"
    full = {"Effect": "Deny", **statement}
    alone = {"Version": "2012-10-17", "Statement": full}
    assert messages(schema, alone) == [f"{code}: statement 1 {said}" for said in expected]
    named = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {**full, "Sid": "Tags"}]}
    assert messages(schema, named) == [f'{code}: statement "Tags" {said}' for said in expected]
    managed = judge(schema, "aws:iam/policy:Policy", {"policy": json.dumps(alone, indent=2)})
    assert managed == judge(schema, "aws-native:iam:ManagedPolicy", {"policyDocument": alone})
    assert [one.message for one in managed] == [f"statement 1 {said}" for said in expected if said != NOBODY]


def test_fixes(schema: Schema) -> None:
    """Each finding says what to do, and names the tag that it is about."""
    document = policy(
        {"Action": CREATE, "Condition": MISSING},
        deny("sagemaker:Create*", MISSING),
        deny([CREATE, "sagemaker:AddTags"], MISSING),
        deny("sagemaker:AddTags"),
        deny(CREATE, {"StringNotEquals": {"aws:RequestTag/environment": "dev"}}),
        deny(CREATE, {"ForAnyValue:StringNotEquals": {"aws:TagKeys": KEYS}}),
    )
    found = judge(schema, SCP, {"content": json.dumps(document)})
    list_them = "list the creating actions one by one, as `costtags render scp-require-tags` does"
    assert [(one.message.split()[1], one.tag, one.fix) for one in found] == [
        (
            "1",
            None,
            'add to its Condition "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/BREAK-GLASS"}',
        ),
        ("2", None, list_them),
        ("2", None, list_them),
        ("3", "environment", "take sagemaker:AddTags out of this statement"),
        ("4", None, 'add "Null": {"sagemaker:TaggingAction": "true"} to its condition'),
        ("5", "environment", "compile it from tags.yaml: `costtags render scp-require-tags`"),
        ("6", None, 'add "sagemaker:*" to its list of keys'),
    ]


def test_size(schema: Schema) -> None:
    """AWS's limits: Organizations counts white space, IAM does not; what is far too large is not read further."""
    small = policy(deny("sagemaker:Create*", MISSING))
    assert len(messages(schema, small)) == 2
    pretty = json.dumps(small, indent=400)
    assert len(pretty) > 10_240
    (size, *rest) = judge(schema, SCP, {"content": pretty})
    assert size.message == f"the service control policy has {len(pretty)} characters, and AWS takes 10240"
    assert size.fix == 'minify it: json.dumps(..., separators=(",", ":"))'
    assert len(rest) == 2
    assert len(judge(schema, "aws:iam/policy:Policy", {"policy": pretty})) == 2
    (size,) = judge(schema, SCP, {"content": json.dumps(policy(*[deny("*", MISSING)] * 2000))})
    assert size.fix == "split it over several policies"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "1",
        '"{}"',
        "{'a': 1}",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a": "\\ud800"}',
        [1],
        7,
        True,
    ],
)
def test_no_json_object(schema: Schema, content: Any) -> None:
    assert messages_of(schema, content) == ["the service control policy is no JSON object"]


def messages_of(schema: Schema, content: Any) -> list[str]:
    return [one.message for one in judge(schema, SCP, {"content": content})]


def test_what_is_known_later(schema: Schema) -> None:
    """A part that is not known makes nothing sure; the rest is judged. Secrets are looked into, and not told."""
    later = "a part of the service control policy is known only at deployment"
    native = "aws-native:organizations:Policy"

    def said(*statements: Any) -> list[str]:
        found = judge(schema, native, {"type": "SERVICE_CONTROL_POLICY", "content": policy(*statements)})
        return [one.message for one in found]

    assert messages_of(schema, UNKNOWN) == ["the service control policy is known only at deployment"]
    assert messages_of(schema, Secret(UNKNOWN)) == ["the service control policy is known only at deployment"]
    known_later = {"ArnNotLike": {"aws:PrincipalArn": [UNKNOWN]}}
    assert said({"Action": CREATE, "Condition": {**MISSING, **known_later}}) == [later]
    assert said(deny(CREATE, {"StringNotEquals": {"aws:RequestTag/environment": ["dev", UNKNOWN]}})) == [later]
    assert said(deny(None, MISSING, NotAction=[UNKNOWN])) == [later]
    assert said(deny("*", MISSING, Resource=UNKNOWN)) == [later]
    assert said(deny(["sagemaker:StartNotebookInstance", UNKNOWN], MISSING)) == [
        later,
        "statement 1 denies sagemaker:StartNotebookInstance always: such requests carry no tags",
    ]
    plain = deny("sagemaker:StartNotebookInstance", MISSING, Sid="Hidden")
    hidden = {key: Secret(value) for key, value in plain.items()} | {"Condition": Secret(MISSING), "Effect": "Deny"}
    secret = Secret({"Statement": Secret([Secret(hidden)])})
    found = judge(schema, native, {"type": Secret("SERVICE_CONTROL_POLICY"), "content": secret})
    assert found == judge(schema, SCP, {"content": json.dumps(policy({**plain, "Condition": MISSING}))})
    assert [one.code for one in found] == ["policy-denial"]


# --- Tag policies -----------------------------------------------------------------------------------------------------


def entry(**fields: Any) -> dict[str, Any]:
    """An entry of a tag policy; a list or text is assigned."""
    return {name: value if isinstance(value, dict) else {"@@assign": value} for name, value in fields.items()}


TRAINING = ["sagemaker:training-job"]
VALUES = ["ML-Marketing", "ML-Sales", "ML-Research"]

TAG_POLICIES: Mapping[str, tuple[Any, list[str]]] = {
    "right": ({"cost-center": entry(tag_key="cost-center", tag_value=VALUES, enforced_for=TRAINING)}, []),
    "wider values": ({"team": entry(tag_value=["m*", "data-*"], enforced_for=TRAINING)}, []),
    "values with an end": ({"team": entry(tag_value=["*", "x"], enforced_for=TRAINING)}, []),
    "without values": ({"cost-center": entry(enforced_for=TRAINING)}, []),
    "not enforced": ({"cost-center": entry(tag_key="Cost-Center", tag_value=["x"])}, []),
    "what a parent allows comes on top": (
        {"cost-center": entry(tag_value={"@@append": ["ML-New"]}, enforced_for=TRAINING)},
        [],
    ),
    "rules for children": (
        {
            "@@operators_allowed_for_child_policies": ["@@none"],
            "cost-center": {"@@operators_allowed_for_child_policies": ["@@assign"], **entry(tag_key="cost-center")},
        },
        [],
    ),
    "another tag": ({"owner": entry(tag_key="Owner", tag_value=["a*b"], enforced_for=["ec2:ALL_SUPPORTED"])}, []),
    "an operator that there is not": ({"cost-center": entry(tag_value={"@@assing": ["x"]}, enforced_for=TRAINING)}, []),
    "a value missing": (
        {"cost-center": entry(tag_value=["ML-Sales", "ML-M*"], enforced_for=TRAINING)},
        ['policy-denial: tag "cost-center": the tag policy refuses a value that tags.yaml allows: ML-Research'],
    ),
    "a narrower value": (
        {"team": entry(tag_value=["ml-a*", "data-platform"], enforced_for=TRAINING)},
        ['policy-denial: tag "team": the tag policy refuses a value that tags.yaml allows: ml-*'],
    ),
    "a value missing, assigned and appended": (
        {"cost-center": entry(tag_value={"@@assign": "ML-Sales", "@@append": ["ML-M*"]}, enforced_for=TRAINING)},
        ['policy-denial: tag "cost-center": the tag policy refuses a value that tags.yaml allows: ML-Research'],
    ),
    "no value": (
        {
            "cost-center": entry(tag_value=[], enforced_for=TRAINING),
            "project": entry(tag_value=[], enforced_for={"@@append": TRAINING}),
        },
        [
            'policy-denial: tag "cost-center": the tag policy refuses a value that tags.yaml allows: ML-Marketing, '
            "ML-Sales, ML-Research",
            'policy-denial: tag "project": the tag policy refuses every value',
        ],
    ),
    "another case": (
        {"cost-center": entry(tag_key="Cost-Center", tag_value=["ML-*"], enforced_for=TRAINING)},
        ['policy-denial: tag "cost-center": the tag policy refuses this spelling, and takes "Cost-Center" alone'],
    ),
    "another key": (
        {"cost-center": entry(tag_key="CostCenter")},
        ['policy-malformed: the policy key "cost-center" and its tag_key "CostCenter" differ in more than case'],
    ),
    "all types": (
        {
            "cost-center": entry(
                enforced_for=["sagemaker:*", "ec2:*"], report_required_tag_for="sagemaker:ALL_SUPPORTED"
            )
        },
        [
            'tag-policy-type: tag "cost-center": enforced_for does not support sagemaker:*',
            'tag-policy-type: tag "cost-center": report_required_tag_for does not support sagemaker:ALL_SUPPORTED',
        ],
    ),
    "a type that is not enforced": (
        {"cost-center": entry(enforced_for={"@@append": ["sagemaker:endpoint", "sagemaker:pipeline"]})},
        ['tag-policy-type: tag "cost-center": enforced_for does not support sagemaker:endpoint'],
    ),
    "several wildcards": (
        {"owner": entry(tag_value=["*@*"])},
        ['policy-malformed: tag "owner": a value of a tag policy holds at most one *'],
    ),
    "no object": ({"cost-center": ["x"]}, ['policy-malformed: the tag policy\'s "cost-center" is no object']),
}


@pytest.mark.parametrize("name", TAG_POLICIES)
def test_tag_policies(schema: Schema, name: str) -> None:
    tags, expected = TAG_POLICIES[name]
    assert messages(schema, {"tags": tags}, "TAG_POLICY") == expected


@pytest.mark.parametrize("document", [{}, {"tags": []}, {"Tags": {}}, {"tags": None}])
def test_a_tag_policy_without_tags(schema: Schema, document: Any) -> None:
    assert messages(schema, document, "TAG_POLICY") == ['policy-malformed: the tag policy has no "tags"']


# --- Our own ----------------------------------------------------------------------------------------------------------


def findings_of_our_own(schema: Schema, principals: Settings) -> list[str]:
    """Render every policy that the schema has, and judge it as each kind of resource that may hold it."""
    kinds = {
        "iam": [("aws:iam/policy:Policy", "policy", None), ("aws-native:iam:ManagedPolicy", "policyDocument", None)],
        "scp": [(SCP, "content", "SERVICE_CONTROL_POLICY"), ("aws-native:organizations:Policy", "content", None)],
        "tag": [(SCP, "content", "TAG_POLICY")],
    }
    found = []
    for name in (
        *("iam-require-tags", "iam-protect-tags", "iam-abac", "iam-deny-new-spend", "scp-require-tags"),
        *("scp-protect-tags", "scp-deny-new-spend", "tag-policy", "tag-policy-report"),
    ):
        try:
            (document,) = render([name], schema, principals)
        except DocumentError:
            continue  # it cannot be made, and why is said: tests/test_render.py
        for type_, field, kind in kinds[name[:3]]:
            for part, text in zip(document.parts, document.texts, strict=True):
                content = part if type_.startswith("aws-native") else text
                found += [f"{name}: {one}" for one in judge(schema, type_, {field: content, "type": kind})]
    return found


def test_our_own_of_the_shipped_schema(schema: Schema, tmp_path: Path) -> None:
    assert findings_of_our_own(schema, SETTINGS) == []
    (document,) = render(["budgets"], schema, SETTINGS)
    filters = [one["Budget"]["CostFilters"] for one in document.parts[0]["budgets"]]
    assert {"TagKeyValue": ["user:cost-center$ML-Marketing"], "Service": ["Amazon SageMaker"]} in filters
    assert [verdict(schema, one) for one in filters] == [[]] * len(filters)
    (tmp_path / "tags.yaml").write_text(many(10, 40), encoding="utf-8")
    assert findings_of_our_own(load(tmp_path / "tags.yaml"), SETTINGS) == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=schemas())
def test_our_own_of_any_schema(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """No document that we render is ever found to deny what it must not."""
    path = tmp_path_factory.mktemp("schema") / "tags.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        loaded = load(path)
    except FileProblems:
        return
    assert findings_of_our_own(loaded, SETTINGS) == []


# --- Budgets ----------------------------------------------------------------------------------------------------------

FORM = "filter-malformed: a filter by tag is not written user:KEY$VALUE: AWS takes it and counts nothing"
BY_NAME = "filter-malformed: a filter by tag is named TagKeyValue: AWS counts nothing under another name"
LATER = "unknown-value: the budget's filter is known only at deployment"
NOT_NAMED = 'filter-key: the budget filters by tag "{}", which tags.yaml does not name: it would count nothing{}'
MEANT = '; did you mean "cost-center"?'
NOT_ALLOWED = (
    'filter-value: the budget filters tag "cost-center" by a value that is not allowed: it would count nothing; '
    "allowed: ML-Marketing, ML-Sales, ML-Research"
)
NO_TEAM = NOT_ALLOWED.split(";")[0].replace("cost-center", "team") + "; allowed: ml-*, data-platform"

TAG_FILTERS: Mapping[str, list[str]] = {
    "user:cost-center$ML-Sales": [],
    "user:team$ml-x": [],
    "user:project$churn": [],
    "aws:createdBy$IAMUser:x": [],
    "user:sagemaker:domain-arn$arn:aws:sagemaker:eu-west-1:1:domain/d-1": [],
    "cost-center$ML-Sales": [FORM],
    "user:cost-center": [FORM],
    "user:cost-center=ML-Sales": [FORM],
    "User:cost-center$ML-Sales": [FORM],
    " user:cost-center$ML-Sales": [FORM],
    "": [FORM],
    "$": [FORM],
    "aws:createdBy": [FORM],
    "user: cost-center$ML-Sales": [NOT_NAMED.format(" cost-center", MEANT)],
    "user:user:cost-center$ML-Sales": [NOT_NAMED.format("user:cost-center", MEANT)],
    "user:Cost Centre$ML-Sales": [NOT_NAMED.format("Cost Centre", MEANT)],
    "user:org:unit$x": [NOT_NAMED.format("org:unit", "")],
    "user:größe$x": [NOT_NAMED.format("größe", "")],
    "user:$x": [NOT_NAMED.format("", "")],
    "user:cost-center$": [NOT_ALLOWED],
    "user:cost-center$ML-Sales$": [NOT_ALLOWED],
    "user:cost-center$$ML-Sales": [NOT_ALLOWED],
    "user:cost-center$ml-sales": [NOT_ALLOWED],
    "user:cost-center$ ML-Sales": [NOT_ALLOWED],
    "user:cost-center$ML-*": [NOT_ALLOWED],
    "user:team$ml-*": [NO_TEAM],  # no tag's value has a *, and AWS takes it as it stands
    UNKNOWN: [LATER],
    f"user:cost-center${UNKNOWN}": [LATER],
}


def verdict(schema: Schema, filters: Any, field: str = "costFilters") -> list[str]:
    """What is found, the same for both providers."""
    found = judge(schema, BUDGET, {field: filters})
    assert found == judge(schema, NATIVE_BUDGET, {"budget": {field: filters}})
    assert found == judge(schema, NATIVE_BUDGET, {"budget": Secret({field: Secret(filters)})})
    return [f"{one.code}: {one.message}" for one in found]


@pytest.mark.parametrize("text", TAG_FILTERS)
def test_tag_filters_of_budgets(schema: Schema, text: str) -> None:
    """The verdict is the same in every shape that a provider or a program may give a filter."""
    expected = TAG_FILTERS[text]
    shapes: list[Any] = [
        [{"name": "TagKeyValue", "values": [text]}],
        [{"name": "TagKeyValue", "values": text}],
        [{"name": "TagKeyValue", "values": [text, text]}],
        [{"name": "Service", "values": ["Amazon SageMaker"]}, {"name": "TagKeyValue", "values": [text]}],
        {"TagKeyValue": [text]},
        {"TagKeyValue": text},
        {"TagKeyValue": [Secret(text)]},
        Secret([Secret({"name": Secret("TagKeyValue"), "values": Secret([Secret(text)])})]),
    ]
    if UNKNOWN not in text:
        shapes += [json.dumps(shapes[0]), json.dumps({"TagKeyValue": [text]})]
    for shape in shapes:
        assert verdict(schema, shape) == expected, shape


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (None, []),
        (UNKNOWN, [LATER]),
        ([UNKNOWN], [LATER]),
        ([{"name": UNKNOWN, "values": ["x"]}], [LATER]),
        ([{"name": "TagKeyValue", "values": UNKNOWN}], [LATER]),
        ([{"name": "TagKeyValue", "values": [UNKNOWN, UNKNOWN]}], [LATER]),
        ({UNKNOWN: ["x"]}, [LATER]),
        ({"user:cost-center": ["ML-Sales"]}, [BY_NAME]),
        ({"tags": ["x"], "Tag": ["x"], "tagKeyValue": ["user:x$y"]}, [BY_NAME]),
        ({"LinkedAccount": ["1"], "TagKeyValue": []}, []),
        ([{"name": "TagKeyValue"}, {"values": ["x"]}, {}, None, 5, "x"], []),
        ({"TagKeyValue": [None, 5, ["x"], {"a": "b"}, True]}, []),
        ("no JSON", []),
        ("[" * 100_000, []),
        ("5", []),
        (7, []),
    ],
)
def test_shapes_of_cost_filters(schema: Schema, filters: Any, expected: list[str]) -> None:
    assert verdict(schema, filters) == expected


def nested(depth: int) -> Any:
    node: Any = {"tags": {"key": "app", "values": ["x"]}}
    for _ in range(depth):
        node = {"not": [node]}
    return node


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"tags": {"key": "cost-center", "values": ["ML-Sales"]}}, []),
        ({"tags": {"key": "user:cost-center", "values": "ML-Sales"}}, []),
        ({"tags": {"key": "cost-center", "values": ["Sales"], "matchOptions": ["CASE_SENSITIVE"]}}, [NOT_ALLOWED]),
        ({"tags": {"key": "cost-center", "values": ["ML-"], "matchOptions": ["STARTS_WITH"]}}, []),
        ({"tags": {"key": "cost-center", "matchOptions": ["ABSENT"]}}, []),
        ({"tags": {"key": "cost-center", "values": ["x"], "matchOptions": "EQUALS"}}, [NOT_ALLOWED]),
        ({"tags": {"key": "team", "values": ["ml-*"]}}, [NO_TEAM]),
        ({"tags": {"key": "user:user:cost-center", "values": []}}, [NOT_NAMED.format("user:cost-center", MEANT)]),
        ({"tags": {"key": "größe", "values": ["x"]}}, [NOT_NAMED.format("größe", "")]),
        ({"tags": {"key": "aws:createdBy", "values": ["x"]}}, []),
        ({"ors": [{"ands": [{"not": {"tags": {"key": "app"}}}]}]}, [NOT_NAMED.format("app", "")]),
        ({"or": [{"and": [{"not_": {"tags": {"key": "app"}}}]}]}, [NOT_NAMED.format("app", "")]),
        ({"ands": [{"tags": {"key": "a1"}}, {"tags": {"key": "a2"}}]}, [NOT_NAMED.format(f"a{n}", "") for n in (1, 2)]),
        ({"ands": {"tags": {"key": "app"}}}, [NOT_NAMED.format("app", "")]),
        ({"dimensions": {"key": "SERVICE", "values": ["x"]}, "costCategories": {"key": "app"}}, []),
        ({"tags": {"key": UNKNOWN, "values": ["x"]}}, [LATER]),
        ({"tags": {"key": "cost-center", "values": [UNKNOWN]}}, [LATER]),
        ({"tags": {"key": "cost-center", "values": [UNKNOWN, "x"]}}, [LATER, NOT_ALLOWED]),
        ({"tags": {"key": "cost-center", "values": UNKNOWN}}, [LATER]),
        ({"tags": UNKNOWN}, [LATER]),
        ({"ands": UNKNOWN}, [LATER]),
        (UNKNOWN, [LATER]),
        ({"tags": {"key": 5, "values": 5}, "not": 5, "ands": [None, [], "x"]}, []),
        (nested(10_000), [NOT_NAMED.format("app", "")]),
    ],
)
def test_filter_expressions(schema: Schema, expression: Any, expected: list[str]) -> None:
    assert verdict(schema, expression, "filterExpression") == expected


def test_budget_that_is_known_later(schema: Schema) -> None:
    assert [one.code for one in judge(schema, NATIVE_BUDGET, {"budget": Secret(UNKNOWN)})] == ["unknown-value"]
    for budget in (None, 5, "x", [], {}):
        assert judge(schema, NATIVE_BUDGET, {"budget": budget}) == []


# --- Whatever comes ---------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(
    [
        *("Version", "Statement", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Sid"),
        *("Null", "StringNotLike", "ForAllValues:StringNotEquals", "ForAnyValue:Null", ":", "aws:RequestTag/team"),
        *("aws:TagKeys", "aws:ResourceTag/", "tags", "tag_key", "tag_value", "enforced_for", "@@assign", "@@append"),
        *("cost-center", "name", "values", "TagKeyValue", "key", "matchOptions", "ands", "not", "", UNKNOWN),
    ]
)
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    _NAMES,
    st.sampled_from(
        [
            "Deny",
            "*",
            "sagemaker:*",
            "sagemaker:AddTags",
            "sagemaker:Create*",
            "?*",
            "${",
            "${aws:PrincipalTag/x}",
            "${}",
        ]
    ),
    st.sampled_from(["true", "arn:aws:sagemaker:*:*:*", "a:b:c", "user:team$", "user:$$", "sagemaker:model"]),
    st.sampled_from([UNKNOWN, f"x{UNKNOWN}", Secret("x"), Secret(UNKNOWN), Secret(Secret(None)), b"x", 10**400]),
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner),
        inner.map(Secret),
        st.dictionaries(st.one_of(_NAMES, _NAMES, st.integers(), st.none()), inner, max_size=5),
    ),
    max_leaves=25,
)


def _documents() -> st.SearchStrategy[Any]:
    """Trees, and trees in the places where a policy, a tag policy or a budget has something."""
    statement = st.fixed_dictionaries(
        {"Effect": st.sampled_from(["Deny", "Deny", "Allow", None])},
        optional={
            "Action": _TREES,
            "NotAction": _TREES,
            "Resource": _TREES,
            "NotResource": _TREES,
            "Sid": _TREES,
            "Condition": st.dictionaries(_NAMES, st.dictionaries(_NAMES, _TREES, max_size=2) | _TREES, max_size=3),
        },
    )
    entries = st.dictionaries(_NAMES, st.dictionaries(_NAMES, _TREES, max_size=4) | _TREES, max_size=3)
    return st.one_of(
        _TREES,
        st.fixed_dictionaries({"Statement": st.lists(statement, max_size=3) | statement | _TREES}),
        st.fixed_dictionaries({"tags": entries}),
        st.fixed_dictionaries({"costFilters": _TREES, "filterExpression": _TREES}),
        st.lists(st.fixed_dictionaries({"name": st.just("TagKeyValue"), "values": _TREES}), max_size=2),
    )


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=_documents(), type_=st.sampled_from(sorted(JUDGED)), as_text=st.booleans(), kind=st.data())
def test_nothing_that_comes_ends_the_pack(
    schema: Schema, document: Any, type_: str, as_text: bool, kind: st.DataObject
) -> None:
    """Any data in the place of a document: findings of known codes, in words, and no exception."""
    if as_text:
        document = json.dumps(document, default=repr, skipkeys=True)
    fields = ("content", "policy", "policyDocument", "costFilters", "filterExpression", "budget")
    kinds = st.sampled_from(["SERVICE_CONTROL_POLICY", "TAG_POLICY", "RESOURCE_CONTROL_POLICY", None]) | _TREES
    found = judge(schema, type_, {**dict.fromkeys(fields, document), "type": kind.draw(kinds)})
    assert len(set(found)) == len(found)
    for one in found:
        assert one.code in POLICY_OF_CODE
        assert one.message
        assert "Secret(" not in one.message


def test_types_that_hold_no_document(schema: Schema) -> None:
    assert judge(schema, "aws:s3/bucket:Bucket", {"content": "{", "policy": "{"}) == []
    assert judge(schema, SCP, {}) == []
    assert judge(schema, SCP, {"type": "CHATBOT_POLICY", "content": "{"}) == []
    assert judge(schema, SCP, {"type": UNKNOWN, "content": "{"}) == []


# --- Time -------------------------------------------------------------------------------------------------------------

PAIRS = ["".join(pair) for pair in product(ascii_lowercase, repeat=2)]


def filled(items: list[Any], make: Any) -> str:
    """The largest policy that AWS takes, made of as many items as fit."""
    low, high = 1, len(items)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(minified(make(items[:middle]))) <= 10_240 else (low, middle - 1)
    text = minified(make(items[:low]))
    assert 10_240 >= len(text) > 10_000
    return text


def minified(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


LARGEST: Mapping[str, str] = {
    "many statements": filled(
        [{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Null": {"aws:TagKeys": "true"}}}] * 300,
        lambda items: {"Statement": items},
    ),
    "many statements with patterns": filled(
        [
            {
                "Effect": "Deny",
                "Action": f"sagemaker:*{pair}*",
                "Resource": "*",
                "Condition": {"Null": {"aws:TagKeys": "true"}},
            }
            for pair in PAIRS
        ],
        lambda items: {"Statement": items},
    ),
    "many patterns of actions": filled(
        [f"sagemaker:*{pair}*{pair[0]}*" for pair in PAIRS], lambda items: policy(deny(items, MISSING))
    ),
    "many patterns of actions excepted": filled(
        [f"sagemaker:?*{pair}*" for pair in PAIRS], lambda items: policy(deny(None, MISSING, NotAction=items))
    ),
    "many stars in an action": filled(
        ["?*"] * 9000, lambda items: policy(deny(f"sagemaker:{''.join(items)}q", MISSING))
    ),
    "many stars in actions": filled(
        [f"sagemaker:{'*e' * n}*q{pair}" for n in range(3, 9) for pair in PAIRS],
        lambda items: policy(deny(items, MISSING)),
    ),
    "many stars in values": filled(
        [f"*M*L*-*{pair}*?*?*e*s*q" for pair in PAIRS],
        lambda items: policy(deny("sagemaker:*", {"StringNotLike": {"aws:RequestTag/cost-center": items}})),
    ),
    "many values": filled(
        [f"value-{pair}" for pair in PAIRS * 2],
        lambda items: policy(deny("sagemaker:*", {"StringNotEquals": {"aws:RequestTag/cost-center": items}})),
    ),
    "many conditions": filled(
        [f"aws:RequestTag/{pair}" for pair in PAIRS],
        lambda items: policy(deny("sagemaker:*", {"StringNotLike": dict.fromkeys(items, "*")})),
    ),
    "many variables": filled(
        [f"${{aws:RequestTag/{pair}}}-*" for pair in PAIRS],
        lambda items: policy(deny("sagemaker:*", {"StringNotLike": {"aws:RequestTag/cost-center": items}})),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_policy_takes_no_time(schema: Schema, name: str) -> None:
    """It takes 40 ms at most where nothing else runs; here there is room for a busy machine."""
    judge(schema, SCP, {"content": "{}"})
    judge(schema, SCP, {"content": json.dumps(policy(deny("*", MISSING)))})  # the catalog is read once
    start = time.process_time()
    judge(schema, SCP, {"content": LARGEST[name]})
    assert time.process_time() - start < 0.3


def test_a_large_schema_takes_no_time(tmp_path: Path) -> None:
    """Fifty tags with two hundred values each: only the values of tags that a statement asks for are tried."""
    (tmp_path / "tags.yaml").write_text(many(50, 200), encoding="utf-8")
    loaded = load(tmp_path / "tags.yaml")
    content = LARGEST["many statements"]
    judge(loaded, SCP, {"content": json.dumps(policy(deny("*", MISSING)))})
    start = time.process_time()
    judge(loaded, SCP, {"content": content})
    assert time.process_time() - start < 0.5
