"""The parts of `costtags doctor`, each in this process: what they say of what AWS answers."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtags.account.places import Access
from costtags.commands import doctor as command
from costtags.doctor import budgets, domains, effective_policy, exports, organization, run, tag_policies, validators
from costtags.doctor.rows import CANNOT_TELL, NOT_USED, OK, PROBLEM, Row
from costtags.doctor.rules import NotAPolicy
from costtags.doctor.wanted import Wanted, owner
from costtags.documents.budgets import budgets as drafts
from costtags.documents.settings import Settings
from costtags.documents.table import render
from costtags.exemptions import Exemptions
from costtags.schema import load

from .aws_models import operation_model
from .doctor_aws import Aws, Refusal, running
from .test_doctor import ACCOUNT, ACTION, ANSWERS, DOMAIN, EXPORT, SETTINGS, decided, effective, export

ROOT = Path(__file__).parents[1]
SCHEMA = load(ROOT / "tags.yaml")
WANTED = Wanted(SCHEMA, SETTINGS, Exemptions(""), ("eu-west-1",), {}, None)
OU, OU2, ROOT_ID = "ou-ab12-11111111", "ou-ab12-22222222", "r-ab12"
IDENTITY = {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/x", "UserId": "AIDAX"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """The stand-in without moto: what no answer is set for is an error of the test."""
    with running(("127.0.0.1", 9)) as made:
        made.answers |= ANSWERS | {"sts GetCallerIdentity": IDENTITY}
        for name, value in {
            "AWS_ENDPOINT_URL": made.url,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_REGION": "eu-west-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield made


def said(rows: Iterator[Row]) -> list[tuple[str, str, str]]:
    return sorted((row.where, row.status, row.why) for row in rows)


# --- Tables -----------------------------------------------------------------------------------------------------------


def test_the_command_offers_the_checks_that_there_are() -> None:
    assert tuple(check.name for check in run.CHECKS) == command.CHECKS


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [
        ("costtags-scp-require-tags", None, ("costtags", "scp-require-tags")),
        ("scp-require-tags", None, ("", "scp-require-tags")),
        ("scp-require-tags-2", None, ("", "scp-require-tags")),
        ("a-b-scp-require-tags-12", None, ("a-b", "scp-require-tags")),
        ("guardrails-iam-require-tags-a1b2c3d", None, ("guardrails", "iam-require-tags")),
        ("guardrails-iam-require-tags-2-a1b2c3d", None, ("guardrails", "iam-require-tags")),
        ("tag-policy", None, ("", "tag-policy")),
        ("x-tag-policy", "tag policy: keys; compiled from tags.yaml", ("x", "tag-policy")),
        ("x-tag-policy-report-2", "tag policy: the same; compiled from tags.yaml", ("x", "tag-policy-report")),
        ("company-tag-policy", "ours since 2019", None),
        ("scp-require-tags-everywhere", None, None),
        ("FullAWSAccess", None, None),
    ],
)
def test_whose_policy_it_is(name: str, description: str | None, expected: tuple[str, str] | None) -> None:
    documents = ["iam-require-tags", "scp-require-tags", "tag-policy", "tag-policy-report"]
    assert owner(name, description, documents) == expected


# --- Tag policies -----------------------------------------------------------------------------------------------------


def _policy(name: str = "tag-policy") -> list[dict[str, Any]]:
    return [json.loads(json.dumps(part)) for part in render([name], SCHEMA, SETTINGS)[0].parts]


def _differences(deployed: list[Any], **given: bool) -> list[str]:
    return [
        str(one)
        for one in tag_policies.differences(tag_policies.tags_of(deployed), tag_policies.tags_of(_policy()), **given)
    ]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_tag_policy_written_otherwise_is_the_same(seed: int) -> None:
    chance = random.Random(seed)
    tags = list(_policy()[0]["tags"].items())
    chance.shuffle(tags)
    made: list[dict[str, Any]] = [{"tags": {}} for _ in range(chance.randint(1, 3))]
    for name, body in tags:
        for setting in body.values():
            values = setting["@@assign"]
            if isinstance(values, list):
                chance.shuffle(values)
                if len(values) == 1:
                    setting["@@assign"] = values[0]
        items = list(body.items())
        chance.shuffle(items)
        chance.choice(made)["tags"][chance.choice([name, name.upper()])] = dict(items)
    assert _differences(made) == []


def test_a_tag_policy_that_drifted() -> None:
    deployed = _policy()
    tags = deployed[0]["tags"]
    tags["cost-center"]["tag_key"]["@@assign"] = "Cost-Center"
    tags["cost-center"]["tag_value"]["@@assign"] = ["ML-Marketing", "ML-Sales", "ML-$"]
    tags["environment"]["enforced_for"] = {"@@assign": []}
    tags["team"]["tag_value"]["@@operators_allowed_for_child_policies"] = ["@@none"]
    tags["project"]["tag_value"] = {"@@append": ["x"]}
    del tags["project"]["report_required_tag_for"]
    tags["other"] = {}
    said = _differences(deployed)
    assert [one for one in said if "cost-center" in one] == [
        'tag "cost-center" is not spelled cost-center there',
        'tag "cost-center" is spelled Cost-Center there',
        'tag "cost-center" may not have the value ML-Research there yet',
        'tag "cost-center" may still have the value ML-$ there',
    ]
    assert [one.partition(" (")[0] for one in said if "cost-center" not in one] == [
        'tag "environment" is not enforced on 13 types there yet',
        'tag "other" is still in it',
        'tag "project" is not reported as missing on 30 types there yet',
        'tag "project" has tag_value @@append x there',
        'tag "team" has tag_value @@operators_allowed_for_child_policies @@none there',
    ]
    assert [one for one in _differences(deployed, only_ours=True, enforced=False) if "enforced" in one] == []


@pytest.mark.parametrize("policy", [{}, {"tags": []}, {"tags": {"a": 1}}])
def test_what_is_no_tag_policy(policy: dict[str, Any]) -> None:
    with pytest.raises(NotAPolicy):
        tag_policies.tags_of([policy])


# --- The tag policy in force ------------------------------------------------------------------------------------------

ORGANIZATION = {"Organization": {"Id": "o-abcdefghij", "FeatureSet": "ALL", "MasterAccountId": ACCOUNT}}
MEMBER = "222233334444"


def parents(request: dict[str, Any]) -> dict[str, Any]:
    above = {MEMBER: (OU, "ORGANIZATIONAL_UNIT"), ACCOUNT: (OU2, "ORGANIZATIONAL_UNIT")}
    identity, kind = above.get(request["ChildId"], (ROOT_ID, "ROOT"))
    return {"Parents": [{"Id": identity, "Type": kind}]}


def test_what_is_in_force_in_accounts_below_the_stages(aws: Aws) -> None:
    enforcing = effective()
    content = json.loads(enforcing["EffectivePolicy"]["PolicyContent"])
    for body in content["tags"].values():
        body.pop("enforced_for", None)
    content["tags"]["team"]["tag_value"] = ["ml-*"]
    reporting = {"EffectivePolicy": {"PolicyContent": json.dumps(content), "PolicyType": "TAG_POLICY"}}
    aws.answers |= {
        "organizations DescribeOrganization": ORGANIZATION,
        "organizations ListParents": parents,
        "organizations ListAccountsForParent": lambda request: {
            "Accounts": [{"Id": MEMBER, "Status": "ACTIVE"}] if request["ParentId"] == OU else []
        },
        "organizations DescribeEffectivePolicy": lambda request: enforcing if "TargetId" in request else reporting,
        "organizations ListAccountsWithInvalidEffectivePolicy": lambda request: (
            {"Accounts": [{"Id": MEMBER}]} if "NextToken" in request else {"Accounts": [], "NextToken": "more"}
        ),
        "organizations ListEffectivePolicyValidationErrors": {
            "EffectivePolicyValidationErrors": [
                {
                    "ErrorCode": "ELEMENTS_TOO_MANY",
                    "ErrorMessage": "Too many",
                    "PathToError": "tags/team",
                    "ContributingPolicies": ["p-12345678"],
                }
            ]
        },
    }
    wanted = replace(WANTED, stages={"enforce": [OU], "report": [OU2]})
    assert said(effective_policy.check(Access(None), wanted)) == [
        (ACCOUNT, PROBLEM, 'tag "team" may not have the value data-platform there yet'),
        (MEMBER, OK, "says what tags.yaml says"),
        (f"{MEMBER} (p-12345678)", PROBLEM, "ELEMENTS_TOO_MANY: Too many at tags/team"),
        (OU2, NOT_USED, "no active account stands directly in it"),
    ]


def test_no_tag_policy_in_force(aws: Aws) -> None:
    aws.answers |= {
        "organizations DescribeOrganization": ORGANIZATION,
        "organizations ListParents": parents,
        "organizations DescribeEffectivePolicy": Refusal("EffectivePolicyNotFoundException"),
        "organizations ListAccountsForParent": {"Accounts": []},
    }
    found = said(effective_policy.check(Access(None), WANTED))
    assert (ACCOUNT, NOT_USED, "no tag policy applies (EffectivePolicyNotFoundException)") in found
    found = said(effective_policy.check(Access(None), replace(WANTED, stages={"protect": [ROOT_ID]})))
    why = "no tag policy applies, and the stage protect of the stack's config should reach it"
    assert (ACCOUNT, PROBLEM, why) in found


def test_a_document_that_cannot_be_rendered_is_told(aws: Aws) -> None:
    aws.answers["organizations ListPoliciesForTarget"] = {"Policies": []}
    wanted = replace(WANTED, stages={"enforce": [OU]}, settings=Settings(deployers=("*",), taggers=("*",)))
    found = said(organization.check_room(Access(None), wanted))
    assert [status for _, status, _ in found] == [CANNOT_TELL, OK]
    assert found[0][2].startswith("scp-protect-tags: no breakGlass principal is excepted: nobody could act if")


def test_an_account_that_no_stage_reaches(aws: Aws) -> None:
    aws.answers |= {
        "organizations DescribeOrganization": ORGANIZATION,
        "organizations ListParents": parents,
        "organizations ListAccountsForParent": {"Accounts": []},
    }
    found = said(effective_policy.check(Access(None), replace(WANTED, stages={"enforce": [OU]})))
    assert (ACCOUNT, NOT_USED, "no stage of the stack's config reaches this account") in found


def test_a_target_that_is_not_there(aws: Aws) -> None:
    aws.answers["organizations ListPoliciesForTarget"] = Refusal("TargetNotFoundException")
    found = said(organization.check_room(Access(None), replace(WANTED, stages={"report": [OU]})))
    why = "there is no such root, OU or account in this organization (TargetNotFoundException)"
    assert found == [(OU, PROBLEM, why)]


# --- Budgets ----------------------------------------------------------------------------------------------------------

(ALL, MARKETING) = [piece.body["Budget"] for piece in drafts(SCHEMA, Settings()).pieces]


def _compared(**there: Any) -> list[tuple[str, str]]:
    given = {name: value for name, value in {**copy.deepcopy(MARKETING), **there}.items() if value is not None}
    return [(row.status, row.why) for row in budgets.compared("budget", "arn", given, MARKETING)]


def test_a_budget_as_aws_writes_it_is_the_same() -> None:
    filters = {name: list(reversed(values)) for name, values in MARKETING["CostFilters"].items()}
    types = {"IncludeTax": True, "UseBlended": False, "UseAmortized": False}
    health = {"Status": "HEALTHY"}
    assert _compared(
        BudgetLimit={"Amount": "5000.0", "Unit": "USD"},
        CostFilters=filters,
        CostTypes=types,
        HealthStatus=health,
        TimePeriod={"Start": datetime(2025, 1, 1, tzinfo=UTC), "End": datetime(2087, 6, 15, tzinfo=UTC)},
    ) == [(OK, "limit, period and filters are as tags.yaml says")]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (
            {"BudgetLimit": {"Amount": "6000.50", "Unit": "USD"}},
            (PROBLEM, "its limit is 6000.5 USD; tags.yaml says 5000 USD"),
        ),
        (
            {"BudgetLimit": None, "PlannedBudgetLimits": {"1": {"Amount": "1", "Unit": "USD"}}},
            (PROBLEM, "its limits are planned for each period; tags.yaml says 5000 USD"),
        ),
        (
            {"TimePeriod": {"Start": datetime(2025, 1, 1, tzinfo=UTC), "End": datetime(2026, 1, 1, tzinfo=UTC)}},
            (PROBLEM, "it ended on 2026-01-01 and alerts no more; tags.yaml gives it no end"),
        ),
        ({"TimeUnit": "DAILY"}, (PROBLEM, "its period is DAILY; tags.yaml says MONTHLY")),
        (
            {"CostFilters": {"TagKeyValue": ["user:cost-center$Marketing"], "Service": ["Amazon SageMaker"]}},
            (PROBLEM, "its filter TagKeyValue lacks user:cost-center$ML-Marketing: it does not count that"),
        ),
        (
            {"CostTypes": {"IncludeCredit": False}},
            (PROBLEM, "IncludeCredit is false; tags.yaml counts all kinds of cost, unblended"),
        ),
        (
            {"CostFilters": None, "Metrics": ["UnblendedCost"]},
            (CANNOT_TELL, "it filters by an expression, which costtags does not compare with the filters of tags.yaml"),
        ),
        (
            {"HealthStatus": {"Status": "UNHEALTHY", "StatusReason": "FILTER_INVALID"}},
            (PROBLEM, "AWS finds it unhealthy: FILTER_INVALID"),
        ),
        (
            {"BudgetLimit": {"Amount": "many", "Unit": "USD"}},
            (PROBLEM, "its limit is many USD; tags.yaml says 5000 USD"),
        ),
    ],
)
def test_a_budget_that_drifted(there: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in _compared(**there)
    assert all(status != OK for status, _ in _compared(**there))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([ACTION], [(OK, "stands by")]),
        ([], [(PROBLEM, "not deployed: tags.yaml says deny-new-spend")]),
        ([{**ACTION, "Status": "PENDING"}], [("pending", "waits for a person to approve it")]),
        ([{**ACTION, "Status": "EXECUTION_SUCCESS"}], [(OK, "has acted: its policy is attached")]),
        (
            [{**ACTION, "ActionThreshold": {"ActionThresholdValue": 90.0, "ActionThresholdType": "PERCENTAGE"}}],
            [(PROBLEM, "ActionThresholdValue is 90.0; tags.yaml says 100")],
        ),
        (
            [
                {
                    **ACTION,
                    "Definition": {"IamActionDefinition": {"PolicyArn": "arn:aws:iam::aws:policy/Deny", "Roles": []}},
                }
            ],
            [(PROBLEM, "it attaches arn:aws:iam::aws:policy/Deny, which is no iam-deny-new-spend by its name")],
        ),
    ],
)
def test_the_action_of_a_budget(there: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    budget = SCHEMA.budgets[1]
    assert [(row.status, row.why) for row in budgets.compared_actions("arn", budget, there)] == expected


def test_an_action_that_tags_yaml_does_not_say() -> None:
    found = [(row.status, row.why) for row in budgets.compared_actions("arn", SCHEMA.budgets[0], [ACTION])]
    assert found == [(PROBLEM, "it has an action (APPLY_IAM_POLICY), and tags.yaml says none")]


# --- Exports ----------------------------------------------------------------------------------------------------------


def _export(statement: str | None = None, **config: str) -> tuple[str, str] | None:
    given = export(**config)["Export"]
    if statement is not None:
        given["DataQuery"]["QueryStatement"] = statement
    row = exports.export_row(given, {"StatusCode": "HEALTHY"}, EXPORT)
    return (row.status, row.why) if row else None


def test_what_a_data_export_lacks() -> None:
    assert _export(INCLUDE_RESOURCES="TRUE") == (OK, "has resource ids and tags")
    assert _export() == (PROBLEM, "lacks INCLUDE_RESOURCES")
    assert _export("SELECT line_item_unblended_cost FROM COST_AND_USAGE_REPORT", INCLUDE_RESOURCES="TRUE") == (
        PROBLEM,
        "lacks the column line_item_resource_id, the column resource_tags",
    )
    assert _export("select ResourceId, Tags from FOCUS_1_2_AWS") == (OK, "has resource ids and tags")
    assert _export("select BilledCost from FOCUS_1_2_AWS") == (PROBLEM, "lacks ResourceId, Tags")
    assert _export("SELECT x FROM COST_OPTIMIZATION_RECOMMENDATIONS") is None


def test_one_good_export_is_enough_and_none_is_not(aws: Aws) -> None:
    aws.answers["bcm-data-exports GetExport"] = export()
    report = {
        "ReportName": "old",
        "TimeUnit": "DAILY",
        "Format": "Parquet",
        "Compression": "Parquet",
        "AdditionalSchemaElements": ["RESOURCES"],
        "S3Bucket": "b",
        "S3Prefix": "p",
        "S3Region": "us-east-1",
    }
    aws.answers["cur DescribeReportDefinitions"] = {"ReportDefinitions": [report]}
    assert said(exports.check(Access(None), WANTED)) == [
        (EXPORT, OK, "lacks INCLUDE_RESOURCES; another has it"),
        ("s3://b", OK, "has resource ids and tags"),
    ]
    aws.answers |= {
        "bcm-data-exports ListExports": {"Exports": []},
        "cur DescribeReportDefinitions": {"ReportDefinitions": [{**report, "AdditionalSchemaElements": []}]},
    }
    assert said(exports.check(Access(None), WANTED)) == [("s3://b", PROBLEM, "lacks resource ids")]
    aws.answers["cur DescribeReportDefinitions"] = {"ReportDefinitions": []}
    aws.answers["organizations DescribeOrganization"] = ORGANIZATION
    assert said(exports.check(Access(None), WANTED)) == [
        (ACCOUNT, PROBLEM, "none: what each resource cost is not on record")
    ]


# --- Domains ----------------------------------------------------------------------------------------------------------


def test_a_domain_without_tags_that_is_exempted(aws: Aws, tmp_path: Path) -> None:
    from datetime import date

    from costtags.exemptions import load as load_exemptions

    file = tmp_path / "exemptions.yaml"
    file.write_text(
        f"- resource: {DOMAIN}\n  policies: [required-tags, tag-propagation]\n  owner: me\n  reason: old\n"
        "  expires: 2026-12-31\n"
    )
    aws.answers["sagemaker ListTags"] = {"Tags": [{"Key": "aws:x", "Value": "y"}]}
    aws.answers["sagemaker DescribeDomain"] = {"TagPropagation": "DISABLED"}
    wanted = replace(WANTED, exemptions=load_exemptions(file, date(2026, 11, 1)))
    assert said(domains.check(Access(None), wanted)) == [
        (DOMAIN, OK, "does not hand its tags on: exempted in exemptions.yaml"),
        (DOMAIN, OK, "its tags are right, 3 findings exempted"),
    ]
    assert len(said(domains.check(Access(None), WANTED))) == 4


# --- AWS's validators -------------------------------------------------------------------------------------------------


def test_what_the_validator_finds(aws: Aws) -> None:
    location = {
        "path": [{"value": "Statement"}, {"index": 0}, {"value": "Action"}],
        "span": {"start": {"line": 1, "column": 1, "offset": 1}, "end": {"line": 1, "column": 1, "offset": 1}},
    }

    def finding(kind: str) -> dict[str, Any]:
        return {
            "findingType": kind,
            "issueCode": "INVALID_ACTION",
            "findingDetails": "No such action.",
            "learnMoreLink": "https://docs.aws.amazon.com/x",
            "locations": [location],
        }

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        kind = "ERROR" if request["policyType"] == "SERVICE_CONTROL_POLICY" else "SUGGESTION"
        return {"findings": [finding(kind)]}

    aws.answers["accessanalyzer ValidatePolicy"] = answer
    found = [row for row in validators.check(Access(None), WANTED) if "Analyzer" in row.what]
    assert {row.status for row in found if row.what.startswith("iam-")} == {OK}
    scps = [row for row in found if row.what.startswith("scp-")]
    assert {(row.status, row.where, row.why) for row in scps} == {
        (PROBLEM, "Statement[0].Action", "ERROR INVALID_ACTION: No such action.")
    }
    assert all(row.fix.endswith("; https://docs.aws.amazon.com/x") for row in scps)
    assert len(scps) == 3


def test_where_the_simulator_decides_otherwise(aws: Aws) -> None:
    def lenient(request: dict[str, Any]) -> dict[str, Any]:
        if request["ActionNames"] == ["sagemaker:DeleteTags"]:
            return {"EvaluationResults": [{"EvalActionName": "sagemaker:DeleteTags", "EvalDecision": "allowed"}]}
        return decided(request)

    aws.answers["iam SimulateCustomPolicy"] = lenient
    found = {row.what: (row.status, row.why) for row in validators.check(Access(None), WANTED) if "simul" in row.what}
    differs = (PROBLEM, "the simulator says allowed, costtags denied: DeleteTags")
    assert found == {
        "iam-protect-tags (simulator)": differs,
        "scp-protect-tags (simulator)": differs,
        "iam-require-tags (simulator)": (OK, "decides 36 requests as costtags does"),
        "scp-require-tags (simulator)": (OK, "decides 36 requests as costtags does"),
    }


@pytest.mark.usefixtures("aws")
def test_policies_that_cannot_be_rendered_are_told() -> None:
    rows = list(validators.check(Access(None), replace(WANTED, settings=Settings())))
    assert [row.what for row in rows if row.status == CANNOT_TELL] == [
        "scp-require-tags",
        "scp-protect-tags",
        "scp-deny-new-spend",
    ]


def test_every_call_is_one_that_botocore_knows() -> None:
    """The calls by their names here, so that a renamed one is seen; the stand-in checks their parameters."""
    assert operation_model("iam", "SimulateCustomPolicy").input_shape.members["OrderedOrganizationPolicyInputList"]
    assert "HealthStatus" in operation_model("budgets", "DescribeBudget").output_shape.members["Budget"].members
