"""`costtags audit` against a stand-in for AWS whose every answer fits botocore's models."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from costtags.account.audit import as_json, read_json
from costtags.cli import main

from .aws_account import ACCOUNT, AwsAccount, Call, Fault, Held, environment, serving

TAGS = """\
version: 1
tags:
  cost-center: {values: [ML-Marketing, ML-Sales], aliases: {ML-Marketing: [Marketing]}}
  environment: {values: [dev, prod]}
enforce: {resources: ["aws:sagemaker/*", "aws-native:sagemaker:*"]}
"""
GOOD = {"cost-center": "ML-Sales", "environment": "dev"}
COMMAND = (sys.executable, "-m", "costtags", "audit")
DOMAIN = "d-abcdef123456"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tags.yaml").write_text(TAGS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def state() -> AwsAccount:
    return AwsAccount()


@pytest.fixture
def audit(folder: Path, state: AwsAccount) -> Iterator[Callable[..., Result]]:
    """Run the command in this process against the stand-in."""
    assert folder
    with serving(state) as url:

        def run(*arguments: str, **variables: str) -> Result:
            wanted = environment(url, **variables)
            env = {name: wanted.get(name) for name in {*os.environ, *wanted} if name.startswith(("AWS_", "COSTTAGS_"))}
            return CliRunner().invoke(main, ["audit", *arguments], env=env, catch_exceptions=False)

        yield run


def held(result: Result) -> dict[str, Any]:
    """Return the JSON of an audit."""
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def names(result: Result) -> list[str]:
    return [one["name"] for one in held(result)["resources"]]


def untagged(state: AwsAccount) -> None:
    state.add(
        Held("domain", "studio", fields={"DomainId": DOMAIN, "TagPropagation": "ENABLED"}, tags=GOOD),
        Held("user-profile", "anna", fields={"DomainId": DOMAIN}, tags=GOOD),
        Held("user-profile", "Bob", fields={"DomainId": DOMAIN}),
        Held("app", "default", fields={"DomainId": DOMAIN, "UserProfileName": "anna", "AppType": "JupyterLab"}),
        Held("endpoint", "churn", tags={"Cost-Center": "Marketing", "environment": "Prod"}),
        Held("endpoint", "fine", tags=GOOD),
        Held("notebook-instance", "once", tagged_before=True),
        Held("training-job", "night", tags={**GOOD, "aws:cloudformation:stack-name": "x"}),
        Held("training-job", "last-year", created=datetime(2025, 1, 1, tzinfo=UTC)),
    )


def test_it_tells_what_is_wrong_with_what(audit: Callable[..., Result], state: AwsAccount) -> None:
    untagged(state)
    result = audit()
    since = read_json(audit("--format", "json").stdout).since
    assert since
    assert (
        result.stdout
        == f"""\
8 resources in account 123456789012, region eu-west-1; jobs since {since[:10]}, judged by tags.yaml

type               name     findings
app                default  missing cost-center, environment
endpoint           churn    wrong-value environment (now "Prod"); wrong-case Cost-Center
notebook-instance  once     missing cost-center, environment
user-profile       Bob      missing cost-center, environment

3x tag "cost-center" is missing; allowed: ML-Marketing, ML-Sales  (required-tags)
3x tag "environment" is missing; allowed: dev, prod  (required-tags)
1x tag "Cost-Center" must be spelled "cost-center"  (tag-spelling)
1x tag "environment" has a value that is not allowed; allowed: dev, prod; did you mean "prod"?  (tag-values)
The command that mends each is in --format json and csv; `costtags repair plan` mends them together.

type               resources  with findings
app                        1              1
domain                     1              0
endpoint                   2              1
notebook-instance          1              1
training-job               1              0
user-profile               2              1

Not judged:
  reserved-capacity: SageMaker has no call that lists them

Blocked: 4 of 8 resources (50.0%) are as tags.yaml says; findings: 8 mandatory.
"""
    )
    assert result.stderr == ""
    assert result.exit_code == 1
    assert state.writes() == []


def test_json_is_sorted_and_says_how_to_mend_each(audit: Callable[..., Result], state: AwsAccount) -> None:
    untagged(state)
    result = audit("--format", "json", "--type", "endpoint")
    (churn, fine) = held(result)["resources"]
    arn = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/churn"
    assert churn["findings"] == [
        {
            "policy": "tag-values",
            "level": "mandatory",
            "code": "wrong-value",
            "tag": "environment",
            "message": 'tag "environment" has a value that is not allowed; allowed: dev, prod; did you mean "prod"?',
            "fix": f"aws sagemaker add-tags --region eu-west-1 --resource-arn {arn} --tags Key=environment,Value=prod",
        },
        {
            "policy": "tag-spelling",
            "level": "mandatory",
            "code": "wrong-case",
            "tag": "Cost-Center",
            "message": 'tag "Cost-Center" must be spelled "cost-center"',
            "fix": f"aws sagemaker add-tags --region eu-west-1 --resource-arn {arn} "
            "--tags Key=cost-center,Value=ML-Marketing && "
            f"aws sagemaker delete-tags --region eu-west-1 --resource-arn {arn} --tag-keys Cost-Center",
        },
    ]
    assert fine == {
        "arn": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/fine",
        "type": "sagemaker:endpoint",
        "name": "fine",
        "account": ACCOUNT,
        "region": "eu-west-1",
        "created": fine["created"],
        "tags": GOOD,
        "findings": [],
        "cost": None,
    }
    assert as_json(read_json(result.stdout)) == result.stdout
    only = audit("--format", "json", "--type", "endpoint", "--only-findings")
    assert names(only) == ["churn"]
    assert held(only)["summary"] == held(result)["summary"]


def test_it_asks_no_more_than_it_must(audit: Callable[..., Result], state: AwsAccount) -> None:
    untagged(state)
    audit()
    asked = Counter(call.operation for call in state.calls)
    # Never tagged: Bob and the app. Both must be described, since their lists have no ARN and AWS writes it its own
    # way; anna's ARN is known from GetResources.
    assert sorted(call.body["ResourceArn"].rpartition(":")[2] for call in state.asked("ListTags")) == [
        f"app/{DOMAIN}/anna/jupyterlab/default",
        f"user-profile/{DOMAIN}/Bob",
    ]
    assert {name: n for name, n in asked.items() if name.startswith("Describe")} == {
        "DescribeApp": 1,
        "DescribeDomain": 1,
        "DescribeUserProfile": 1,
    }
    assert asked["GetResources"] == asked["ListEndpoints"] == asked["ListTrainingJobs"] == 1
    assert [call.body["MaxResults"] for call in state.asked("ListEndpoints")] == [100]


def test_a_domain_that_does_not_hand_its_tags_on(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.add(Held("domain", "studio", fields={"DomainId": DOMAIN, "TagPropagation": "DISABLED"}, tags=GOOD))
    ((finding,),) = (one["findings"] for one in held(audit("--format", "json"))["resources"])
    assert (finding["code"], finding["policy"]) == ("no-propagation", "tag-propagation")
    assert finding["fix"] == (
        f"aws sagemaker update-domain --region eu-west-1 --domain-id {DOMAIN} --tag-propagation ENABLED"
    )


@pytest.mark.parametrize(
    ("since", "expected"),
    [("30d", ["night"]), ("0", []), ("2024-12-31", ["last-year", "night"]), ("9000d", ["last-year", "night"])],
)
def test_since_bounds_jobs(audit: Callable[..., Result], state: AwsAccount, since: str, expected: list[str]) -> None:
    untagged(state)
    result = audit("--format", "json", "--since", since)
    jobs = [one["name"] for one in held(result)["resources"] if one["type"] == "sagemaker:training-job"]
    assert sorted(jobs) == expected
    assert bool(state.asked("ListTrainingJobs")) is (since != "0")


def test_what_lies_in_others_is_found_and_what_is_not_ours_is_left(
    audit: Callable[..., Result], state: AwsAccount
) -> None:
    state.add(
        Held("cluster", "hyper", tags=GOOD),
        Held("hub", "ours", tags=GOOD),
        Held("hub-content", "llm", fields={"HubName": "ours", "HubContentType": "Model"}),
        Held("job", "tune", fields={"JobCategory": "AgentRFT"}),
        Held("model-package", "v1", fields={"ModelPackageGroupName": "churn"}),
        Held("model-package", "single"),
        Held("app", "gone", fields={"DomainId": DOMAIN, "UserProfileName": "a", "AppType": "JupyterLab",
                                    "Status": "Deleted"}),
    )  # fmt: skip
    cluster = next(one for one in state.held.values() if one.type == "cluster")
    state.add(Held("cluster-extension", "ext", fields={"ClusterArn": cluster.arn}, tags=GOOD))
    public = {
        "HubName": "SageMakerPublicHub",
        "HubArn": "arn:aws:sagemaker:eu-west-1:aws:hub/SageMakerPublicHub",
        "HubStatus": "InService",
        "CreationTime": datetime(2024, 1, 1, tzinfo=UTC),
        "LastModifiedTime": datetime(2024, 1, 1, tzinfo=UTC),
    }
    listed = {**public, "HubName": "ours", "HubArn": next(a for a, one in state.held.items() if one.type == "hub")}
    state.answers["sagemaker", "ListHubs"] = lambda _: {"HubSummaries": [public, listed]}
    result = audit("--format", "json")
    assert sorted(names(result)) == ["ext", "hyper", "llm", "ours", "single", "tune"]
    assert {call.body["HubName"] for call in state.asked("ListHubContents")} == {"ours"}
    assert held(result)["not_judged"] == [
        {"what": "app", "why": "1 listed still, though deleted or failed"},
        {"what": "hub", "why": "1 of another account, such as SageMaker's public hub"},
        {"what": "model-package", "why": "1 of a group, whose tags count: a version takes none of its own"},
        {"what": "reserved-capacity", "why": "SageMaker has no call that lists them"},
    ]


# ---- what goes wrong


def failing(operation: str, fault: Fault, **body: str) -> Callable[[Call], Fault | None]:
    """Return a fault of the calls of an operation whose inputs contain some text."""

    def answer(call: Call) -> Fault | None:
        fits = all(text in str(call.body.get(name)) for name, text in body.items())
        return fault if call.operation == operation and fits else None

    return answer


DENIED = Fault("AccessDeniedException", "User is not authorized", 400)


def test_what_cannot_be_read_is_told_and_blocks(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.add(Held("endpoint", "fine", tags=GOOD), Held("model", "hidden"), Held("cluster", "c", tags=GOOD))
    faults = [
        failing("ListClusters", DENIED),
        failing("ListTags", DENIED, ResourceArn="hidden"),
        failing("ListDevices", Fault("UnknownOperationException", "The requested operation is not supported")),
    ]
    state.fault = lambda call: next((fault for one in faults if (fault := one(call))), None)
    result = audit("--format", "json")
    assert result.exit_code == 1
    assert names(result) == ["fine"]
    assert held(result)["unreachable"] == [
        {
            "what": f"{ACCOUNT} eu-west-1 cluster",
            "why": "AWS denies ListClusters (AccessDeniedException: User is not authorized)",
        },
        {
            "what": f"{ACCOUNT} eu-west-1 cluster-extension",
            "why": "the lists of each cluster cannot be read without theirs",
        },
        {
            "what": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model/hidden",
            "why": "AWS denies ListTags (AccessDeniedException: User is not authorized)",
        },
    ]
    assert {
        "what": f"{ACCOUNT} eu-west-1 device",
        "why": "not offered there (UnknownOperationException)",
    } in held(result)["not_judged"]
    assert result.stderr == "note: 3 could not be read; text and json say what, and why\n"


def test_deleted_meanwhile(audit: Callable[..., Result], state: AwsAccount) -> None:
    """AWS's words for a deleted resource vary; of a deleted app it says "invalid" and nothing else."""
    app = Held("app", "default", fields={"DomainId": DOMAIN, "UserProfileName": "anna", "AppType": "JupyterLab"})
    state.add(app, Held("endpoint", "a"), Held("model", "b"), Held("model", "c"))

    def fault(call: Call) -> Fault | None:
        if call.operation != "ListTags":
            return None
        arn = call.body["ResourceArn"]
        if ":app/" in arn:
            app.fields["Status"] = "Deleted"
            return Fault("ValidationException", "")
        if arn.endswith("endpoint/a"):
            return Fault("ValidationException", f"Resource {arn} does not exist.")
        return Fault("ResourceNotFound", "x") if arn.endswith("model/b") else None

    state.fault = fault
    result = audit("--format", "json")
    assert names(result) == ["c"]
    assert held(result)["unreachable"] == []
    assert held(result)["summary"]["gone"] == 3
    assert audit("--type", "model").stdout.endswith("findings: 2 mandatory; 1 deleted meanwhile.\n")


def test_what_lies_in_others_that_are_deleted_meanwhile(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.add(
        Held("domain", "studio", fields={"DomainId": DOMAIN, "TagPropagation": "ENABLED"}, tags=GOOD),
        Held("hub", "ours", tags=GOOD),
    )

    def fault(call: Call) -> Fault | None:
        gone = call.operation in ("ListHubContents", "DescribeDomain")
        return Fault("ResourceNotFound", "it does not exist") if gone else None

    state.fault = fault
    result = audit("--format", "json")
    assert len(state.asked("ListHubContents")) >= 1
    assert (names(result), held(result)["unreachable"], held(result)["summary"]["gone"]) == (["ours"], [], 1)


def test_without_the_tagging_api_each_resource_is_asked(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.add(Held("endpoint", "fine", tags=GOOD))
    state.fault = failing("GetResources", DENIED)
    result = audit("--format", "json")
    assert result.exit_code == 0
    assert held(result)["notes"] == [
        f"{ACCOUNT} eu-west-1: the tags were read one resource at a time: "
        "AWS denies GetResources (AccessDeniedException: User is not authorized)"
    ]
    assert len(state.asked("ListTags")) == 1


def test_a_network_without_the_tagging_api(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.add(Held("endpoint", "a", tags=GOOD), Held("endpoint", "b"))
    nowhere = {"AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    result = audit("--type", "endpoint", "--format", "json", **nowhere)
    assert (names(result), held(result)["unreachable"]) == (["a", "b"], [])
    (note,) = held(result)["notes"]
    assert note.startswith("123456789012 eu-west-1: the tags were read one resource at a time: AWS did not answer: ")


def test_accounts_of_an_organization(audit: Callable[..., Result], state: AwsAccount) -> None:
    others = ["111111111111", "222222222222", "333333333333"]
    state.accounts = [ACCOUNT, *others]
    state.roles_refused = {others[2]}
    state.regions = ["eu-west-1", "us-east-1"]
    for account in state.accounts:
        state.add(Held("endpoint", "churn", account=account, tags=GOOD), Held("model", "m", account, "us-east-1"))
    not_enabled = Fault("UnrecognizedClientException", "The security token included in the request is invalid.")
    state.fault = lambda call: not_enabled if (call.account, call.region) == (others[1], "us-east-1") else None
    result = audit("--account", "organization", "--role", "reader", "--region", "eu-west-1", "--region", "us-east-1",
                   "--format", "json")  # fmt: skip
    assert [(one["account"], one["name"]) for one in held(result)["resources"]] == [
        (others[0], "churn"),
        (ACCOUNT, "churn"),
        (others[1], "churn"),
        (others[0], "m"),
        (ACCOUNT, "m"),
    ]
    assert [one["what"] for one in held(result)["unreachable"]] == [
        f"{others[1]} us-east-1",
        f"{others[2]} eu-west-1",
        f"{others[2]} us-east-1",
    ]
    assert "log in again" in held(result)["unreachable"][0]["why"]
    assert "not authorized to perform: sts:AssumeRole" in held(result)["unreachable"][1]["why"]
    assert result.exit_code == 1
    assert state.writes() == []


def test_one_line_for_a_place_where_all_is_denied(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.fault = lambda call: DENIED if call.region == "us-east-1" and call.operation.startswith("List") else None
    result = audit("--region", "eu-west-1", "--region", "us-east-1", "--format", "json")
    ((what, why),) = ((one["what"], one["why"]) for one in held(result)["unreachable"])
    assert what == f"{ACCOUNT} us-east-1"
    assert why.startswith("no list can be read; the first: AWS denies List")


def test_nothing_at_all_can_be_read(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.fault = lambda call: DENIED if call.service != "sts" else None
    result = audit()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(
        f"costtags: nothing could be read:\n{ACCOUNT} eu-west-1: no list can be read; the first: AWS denies List"
    )


def test_another_account_without_a_role(audit: Callable[..., Result]) -> None:
    result = audit("--account", "111111111111")
    assert result.exit_code == 2
    assert result.stderr == (
        "costtags: account 111111111111 is not the caller's (123456789012): name the role to assume with --role\n"
    )


def test_accounts_and_regions_that_can_be_none(audit: Callable[..., Result], state: AwsAccount) -> None:
    accounts = audit("--account", "organisation", "--account", "123", "--account", ACCOUNT, "--role", "r")
    regions = audit("--region", "eu-west1", "--region", "")
    assert (accounts.exit_code, regions.exit_code) == (2, 2)
    assert accounts.stderr == (
        'costtags: "organisation", "123": an account is named by its 12 digits, or all by organization\n'
    )
    assert regions.stderr == 'costtags: "eu-west1", "": no region; write one like eu-west-1, or all\n'
    assert {call.operation for call in state.calls} == {"GetCallerIdentity"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--type", "endpiont"), '"endpiont" is no type of SageMaker that costtags knows; did you mean "endpoint"?'),
        (("--since", "soon"), '"soon" is no time to begin from; write 30d, a date such as '),
        (("--since", "2999-01-01"), "2999-01-01 lies in the future"),
        (("--aggregator", "a"), "--aggregator belongs to --source config"),
        (("--source", "config", "--journal", "j"), "--journal belongs to --source api"),
        (("--costs", "athena"), "--costs athena needs --athena and --table"),
        (("--table", "a.b"), "belong to --costs athena"),
        (("--format", "sarif"), 'unknown format "sarif"; formats: text, json, csv, html'),
    ],
)
def test_options_that_cannot_be_used(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    assert folder
    result = CliRunner().invoke(main, ["audit", *arguments])
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


# ---- exemptions and levels


def test_exemptions_excuse_and_are_accounted_for(audit: Callable[..., Result], state: AwsAccount, folder: Path) -> None:
    here = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}"
    entries = [
        (f"{here}:model/*", "[required-tags]", "2026-12-31"),
        (f"{here}:endpoint/fine", "[required-tags]", "2026-12-31"),
        (f"{here}:endpoint/none", "[required-tags]", "2026-12-31"),
        ("arn:aws:sagemaker:us-west-2:*", "[required-tags]", "2026-12-31"),
        (f"{here}:*", "[tag-values]", "2020-01-01"),
        ("urn:pulumi:*", "[tag-values]", "2020-01-01"),
    ]
    year = datetime.now(tz=UTC).year
    text = "".join(
        f"- {{resource: '{glob}', policies: {policies}, owner: ml, reason: old, "
        f"expires: {expires.replace('2026', str(year))}}}\n"
        for glob, policies, expires in entries
    )
    (folder / "exemptions.yaml").write_text(text, encoding="utf-8")
    state.add(Held("endpoint", "fine", tags=GOOD), Held("model", "m"))
    result = audit("--format", "json")
    assert result.exit_code == 0
    assert {finding["level"] for one in held(result)["resources"] for finding in one["findings"]} == {"exempt"}
    assert held(result)["notes"] == [
        f"exemptions.yaml:1: {here}:model/*: 2 findings excused until {year}-12-31, by ml: old",
        f"exemptions.yaml:2: {here}:endpoint/fine: excuses nothing any more; remove it",
        f"exemptions.yaml:3: {here}:endpoint/none: matches none of the audited resources",
        f"exemptions.yaml:5: {here}:*: expired on 2020-01-01 and excuses nothing; ask ml",
    ]
    assert "An exemption lifts nothing that AWS itself enforces" in audit().stdout


def test_levels_of_a_policy_config(audit: Callable[..., Result], state: AwsAccount, folder: Path) -> None:
    config = {"required-tags": "advisory", "tag-spelling": "disabled"}
    (folder / "levels.json").write_text(json.dumps(config), encoding="utf-8")
    state.add(Held("endpoint", "churn", tags={"Environment": "dev"}))
    result = audit("--policy-config", "levels.json", "--format", "json")
    assert result.exit_code == 0
    levels = [finding["level"] for one in held(result)["resources"] for finding in one["findings"]]
    assert levels == ["advisory"]
    assert held(result)["levels"] == {"required-tags": "advisory", "tag-spelling": "disabled"}


# ---- AWS Config


def test_an_aggregator_of_aws_config(audit: Callable[..., Result], state: AwsAccount) -> None:
    for number in range(150):
        state.add(Held("model", f"m-{number}", f"{number % 3}" * 12, tags=GOOD))
    state.add(Held("domain", "d", fields={"DomainId": DOMAIN}), Held("training-job", "night"))
    result = audit("--source", "config", "--aggregator", "organization", "--format", "json")
    assert len(names(result)) == 151
    assert [call.operation for call in state.calls if call.service == "config"] == ["SelectAggregateResourceConfig"] * 2
    blind = {one["what"]: one["why"] for one in held(result)["not_judged"]}
    assert blind["training-job"] == "AWS Config cannot record it: it has no CloudFormation type"
    assert blind["endpoint"] == "AWS Config does not record it, by botocore's list of its types"
    assert "domain" not in blind
    some = audit("--source", "config", "--aggregator", "organization", "--account", "111111111111", "--format", "json")
    assert {one["account"] for one in held(some)["resources"]} == {"111111111111"}
    assert state.writes() == []


def test_aws_config_of_a_place(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.add(Held("model", "here"), Held("model", "there", region="us-east-1"))
    assert names(audit("--source", "config", "--format", "json")) == ["here"]


def test_an_aggregator_that_is_not_there(audit: Callable[..., Result], state: AwsAccount) -> None:
    state.fault = failing("SelectAggregateResourceConfig", Fault("NoSuchConfigurationAggregatorException", "no"))
    result = audit("--source", "config", "--aggregator", "organisation")
    assert result.exit_code == 2
    assert "there is no aggregator organisation in this account and region" in result.stderr


# ---- costs

BILL = """\
bill/BillingPeriodStartDate,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/UsageAccountId,\
bill/PayerAccountId,lineItem/LineItemType,lineItem/ProductCode,lineItem/UsageType,lineItem/Operation,\
lineItem/ResourceId,lineItem/CurrencyCode,lineItem/UnblendedCost,lineItem/UsageAmount
"""


def bill_line(resource: str, amount: str) -> str:
    first, last = "2026-10-01T00:00:00Z", "2026-10-31T00:00:00Z"
    return (
        f"{first},{last},{last},{ACCOUNT},{ACCOUNT},Usage,AmazonSageMaker,EU-Host:ml.m5.large,RunInstance,{resource},"
        f"USD,{amount},1\n"
    )


def test_costs_of_a_file_come_first(audit: Callable[..., Result], state: AwsAccount, folder: Path) -> None:
    here = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}"
    state.add(Held("endpoint", "Dear"), Held("endpoint", "cheap"), Held("model", "fine", tags=GOOD))
    lines = [
        bill_line(f"{here}:endpoint/dear", "1000.5"),  # the bill writes it in lower case
        bill_line(f"{here}:endpoint/cheap", "1.25"),
        bill_line(f"{here}:endpoint/deleted", "7"),
        bill_line(f"{here}:model/fine", "2"),
        bill_line("", "3"),
    ]
    (folder / "bill.csv").write_text(BILL + "".join(lines), encoding="utf-8")
    result = audit("--costs", "bill.csv", "--format", "json", "--format", "text=table")
    assert [(one["name"], one["cost"]) for one in held(result)["resources"]] == [
        ("Dear", "1000.5"),
        ("fine", "2"),
        ("cheap", "1.25"),
    ]
    assert held(result)["summary"]["cost"] == {
        "month": "2026-10",
        "complete": True,
        "currency": "USD",
        "with_findings": "1001.75",
        "audited": "1003.75",
        "unmatched": "7",
        "unmatched_resources": 1,
        "without_id": "3",
        "total": "1013.75",
    }
    assert as_json(read_json(result.stdout)) == result.stdout
    table = (folder / "table").read_text(encoding="utf-8")
    assert table.splitlines()[2:5] == [
        "USD 2026-10  type      name   findings",
        "   1,000.50  endpoint  Dear   missing cost-center, environment",
        "       1.25  endpoint  cheap  missing cost-center, environment",
    ]
    assert table.endswith(
        "2026-10: USD 1,001.75 of 1,013.75 of SageMaker's spend is on resources with findings.\n"
        "Not on any resource here: USD 7.00 on 1 resource that the bill names (deleted, older jobs, other places), "
        "3.00 on none.\n"
    )


def test_a_bill_that_is_not_one(audit: Callable[..., Result], folder: Path) -> None:
    (folder / "bill.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    result = audit("--costs", "bill.csv")
    assert result.exit_code == 2
    assert "bill.csv: it is no bill that costtags knows" in result.stderr


def test_costs_of_athena(audit: Callable[..., Result], state: AwsAccount) -> None:
    columns = (
        "bill_billing_period_start_date", "line_item_usage_start_date", "line_item_usage_account_id",
        "line_item_line_item_type", "line_item_product_code", "line_item_usage_type", "line_item_currency_code",
        "line_item_unblended_cost", "line_item_resource_id", "resource_tags_user_team")  # fmt: skip
    times = ("bill_billing_period_start_date", "line_item_usage_start_date")
    table = {
        "Name": "bill",
        "Columns": [{"Name": name, "Type": "timestamp" if name in times else "string"} for name in columns],
        "PartitionKeys": [{"Name": "year", "Type": "string"}, {"Name": "month", "Type": "string"}],
    }
    started: list[dict[str, Any]] = []

    def start(call: Call) -> dict[str, Any]:
        started.append(call.body)
        return {"QueryExecutionId": f"q{len(started)}"}

    def execution(call: Call) -> dict[str, Any]:
        status = {"State": "SUCCEEDED"}
        done = {"StatementType": "DML", "Statistics": {"DataScannedInBytes": 30_000_000}, "Status": status}
        return {"QueryExecution": {"QueryExecutionId": call.body["QueryExecutionId"], **done}}

    def results(_: Call) -> dict[str, Any]:
        shown = ("resource_id", "currency", "amount")
        rows = [shown, (f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/a", "USD", "12.5")]
        data = [{"Data": [{"VarCharValue": cell} for cell in row]} for row in rows]
        info = [{"Name": name, "Type": "varchar"} for name in shown]
        return {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": info}}}

    state.answers |= {
        ("athena", "GetTableMetadata"): lambda _: {"TableMetadata": table},
        ("athena", "StartQueryExecution"): start,
        ("athena", "GetQueryExecution"): execution,
        ("athena", "GetQueryResults"): results,
    }
    state.add(Held("endpoint", "a"))
    result = audit("--costs", "athena", "--athena", "primary", "--table", "cur.bill", "--format", "json")
    assert [one["cost"] for one in held(result)["resources"]] == ["12.5"]
    assert held(result)["notes"] == [
        "Athena: 1 statement, 28.6 MB scanned, 0.0001 USD by the list price of most regions (5 USD/TB)"
    ]
    (one,) = started
    assert one["WorkGroup"] == "primary"
    assert 'FROM "cur"."bill"' in one["QueryString"]
    assert "year = '" in one["QueryString"]  # the other months are not scanned


# ---- ten thousand resources, faults, kills

KINDS = ("notebook-instance", "endpoint", "model", "training-job", "endpoint-config")


def many(state: AwsAccount, count: int) -> int:
    """Hold many resources; return how many of them were never tagged."""
    state.add(
        *(Held(KINDS[number % 5], f"r-{number:05}", tags={} if number % 8 == 0 else GOOD) for number in range(count))
    )
    return sum(not one.tags for one in state.held.values())


class Faults:
    """Throttles, fails and hangs up at random; counts what it did and what got through."""

    def __init__(self, share: float) -> None:
        self.random = random.Random(7)
        self.share = share
        self.lock = threading.Lock()
        self.made = 0
        self.passed: Counter[str] = Counter()

    def __call__(self, call: Call) -> Fault | None:
        with self.lock:
            if call.service != "sts" and self.random.random() < self.share:
                self.made += 1
                return self.random.choice(
                    [Fault("ThrottlingException", "Rate exceeded"), Fault("InternalFailure", "x", 500), Fault(None)]
                )
            self.passed[call.operation] += 1
            return None


def expected_calls(untagged: int, count: int) -> dict[str, int]:
    per_type = -(-count // 5 // 100)
    lists = dict.fromkeys(
        ("ListNotebookInstances", "ListEndpoints", "ListModels", "ListTrainingJobs", "ListEndpointConfigs"), per_type
    )
    return {**lists, "GetResources": -(-(count - untagged) // 100), "ListTags": untagged}


def test_ten_thousand_resources_at_a_server_that_throttles_and_fails(folder: Path, state: AwsAccount) -> None:
    untagged = many(state, 10_000)
    state.fault = faults = Faults(0.05)
    with serving(state) as url:
        run = subprocess.run(
            [*COMMAND, "--format", "json"], cwd=folder, env=environment(url), capture_output=True, timeout=120
        )
    audited = read_json(run.stdout.decode())
    assert run.stderr.decode() == ""
    assert run.returncode == 1
    assert [one.arn for one in audited.resources] == sorted(state.held)
    assert sum(one.blocked for one in audited.resources) == untagged == 1_250
    assert audited.unreachable == ()
    assert faults.made > 50
    expected = expected_calls(untagged, 10_000)
    assert {name: faults.passed[name] for name in expected} == expected
    assert {n for name, n in faults.passed.items() if name not in {*expected, "ListJobs", "GetCallerIdentity"}} == {1}
    assert state.writes() == []


def test_killed_three_times_it_asks_nothing_twice(folder: Path, state: AwsAccount) -> None:
    untagged = many(state, 10_000)
    state.fault = faults = Faults(0.03)
    command = [*COMMAND, "--format", "json", "--journal", "journal"]
    with serving(state) as url:
        for stop_at in (40, 500, 1_000):  # among the lists, and twice among the tags
            process = subprocess.Popen(command, cwd=folder, env=environment(url), stdout=subprocess.DEVNULL)
            while sum(faults.passed.values()) < stop_at and process.poll() is None:
                time.sleep(0.01)
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
        run = subprocess.run(command, cwd=folder, env=environment(url), capture_output=True, timeout=120)
    audited = read_json(run.stdout.decode())
    assert [one.arn for one in audited.resources] == sorted(state.held)
    assert sum(one.blocked for one in audited.resources) == untagged
    expected = expected_calls(untagged, 10_000)
    excess = {name: faults.passed[name] - number for name, number in expected.items()}
    assert min(excess.values()) >= 0
    assert sum(excess.values()) <= 3 * 8  # what was under way at each kill
    assert state.writes() == []


def test_a_full_disk_is_told_and_what_was_kept_goes_on(folder: Path, state: AwsAccount) -> None:
    many(state, 300)
    command = [*COMMAND, "--format", "json", "--journal", "journal"]
    with serving(state) as url:
        full = subprocess.run(
            command,
            cwd=folder,
            env=environment(url),
            capture_output=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        )
        assert (full.returncode, full.stdout) == (2, b"")
        assert full.stderr.decode() == (
            "costtags: cannot write the journal journal: File too large; what it holds stays: make room and run the "
            "same command again\n"
        )
        run = subprocess.run(command, cwd=folder, env=environment(url), capture_output=True, timeout=60)
    assert len(read_json(run.stdout.decode()).resources) == 300


def test_ctrl_c_leaves_a_journal_that_goes_on(folder: Path, state: AwsAccount) -> None:
    untagged = many(state, 1_200)
    command = [*COMMAND, "--format", "json", "--journal", "journal"]
    with serving(state) as url:
        process = subprocess.Popen(command, cwd=folder, env=environment(url), stderr=subprocess.PIPE)
        while len(state.asked("ListTags")) < 50:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert said.decode().splitlines() == [
            "note: the same command goes on where it was: journal has what AWS answered",
            "interrupted",
        ]
        assert process.returncode == 130
        run, again = (
            subprocess.run(command, cwd=folder, env=environment(url), capture_output=True, timeout=60) for _ in "12"
        )
    assert len(state.asked("ListTags")) <= untagged + 8
    assert len(read_json(run.stdout.decode()).resources) == 1_200
    assert again.stdout == run.stdout
    assert again.stderr.decode().endswith(": what it holds was not asked again; remove it for a new audit\n")
