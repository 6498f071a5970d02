"""The command doctor as a user runs it, as a process, against moto and a stand-in for what moto lacks."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from costtags.documents.budgets import budgets
from costtags.documents.evaluate import Request, denies
from costtags.documents.settings import Settings
from costtags.documents.table import BY_NAME, render
from costtags.schema import load

from .doctor_aws import DENIED, Aws, Refusal, moto_server, running

COMMAND = str(Path(sys.executable).with_name("costtags"))
ROOT = Path(__file__).parents[1]
ACCOUNT = "123456789012"
SETTINGS = Settings(
    break_glass=("arn:aws:iam::*:role/BreakGlass",),
    deployers=("arn:aws:iam::*:role/PulumiDeploy",),
    taggers=("arn:aws:iam::*:role/TagRepair",),
    topic="arn:aws:sns:us-east-1:123456789012:alerts",
)
SCHEMA = load(ROOT / "tags.yaml")
DOMAIN = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:domain/d-1"
EXPORT = f"arn:aws:bcm-data-exports:us-east-1:{ACCOUNT}:export/cur-1"
RIGHT = {"cost-center": "ML-Research", "environment": "dev", "project": "churn"}
READING = re.compile(r"(List|Describe|Get|Simulate|Validate)[A-Z]")


@pytest.fixture(scope="module")
def moto() -> Iterator[tuple[str, int]]:
    with moto_server() as address:
        yield address


@pytest.fixture
def aws(moto: tuple[str, int]) -> Iterator[Aws]:
    """An AWS where all is in place, as tags.yaml and the config of `project` say."""
    connection = HTTPConnection(*moto)
    connection.request("POST", "/moto-api/reset")
    connection.getresponse().read()
    with running(moto) as made:
        made.answers |= ANSWERS
        yield made
        assert [call for call in made.calls if not READING.match(call[1])] == []


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A project with one stack, of which nothing is deployed."""
    shutil.copy(ROOT / "tags.yaml", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (tmp_path / "Pulumi.org.yaml").write_text("config:\n  demo:guardrails: {}\n")
    return tmp_path


@pytest.fixture
def project(aws: Aws, bare: Path) -> Path:
    """A project whose organization's stack has a target for each stage, all of it deployed to moto."""
    deploy = Deploy(aws)
    targets = deploy.organization()
    guardrails = {"breakGlass": list(SETTINGS.break_glass), "deployers": list(SETTINGS.deployers)}
    config = {
        "demo:guardrails": guardrails | {"taggers": list(SETTINGS.taggers)},
        "demo:stages": {stage: [target] for stage, target in targets.items()},
    }
    (bare / "Pulumi.org.yaml").write_text(yaml.safe_dump({"config": config}))
    deploy.policies(targets)
    deploy.account()
    aws.answers["organizations DescribeEffectivePolicy"] = lambda _: effective()
    return bare


def effective() -> dict[str, Any]:
    (policy,) = render(["tag-policy"], SCHEMA, SETTINGS)[0].parts
    tags = {
        name: {setting: value["@@assign"] for setting, value in body.items()} for name, body in policy["tags"].items()
    }
    content = json.dumps({"tags": {"another": {"tag_key": "another"}, **tags}})
    return {"EffectivePolicy": {"PolicyContent": content, "PolicyType": "TAG_POLICY", "TargetId": ACCOUNT}}


class Deploy:
    """Makes in moto what our components make."""

    def __init__(self, aws: Aws) -> None:
        self._url = f"http://{aws.moto[0]}:{aws.moto[1]}"

    def client(self, service: str) -> Any:
        login = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
        return botocore.session.get_session().create_client(service, endpoint_url=self._url, **login)

    def organization(self) -> dict[str, str]:
        """Make an organization; return a target for each stage."""
        client = self.client("organizations")
        client.create_organization(FeatureSet="ALL")
        root = client.list_roots()["Roots"][0]["Id"]
        for kind in ("SERVICE_CONTROL_POLICY", "TAG_POLICY"):
            client.enable_policy_type(RootId=root, PolicyType=kind)
        client.enable_aws_service_access(ServicePrincipal="tagpolicies.tag.amazonaws.com")
        stages = ("report", "protect", "enforce")
        return {
            stage: client.create_organizational_unit(ParentId=root, Name=stage)["OrganizationalUnit"]["Id"]
            for stage in stages
        }

    def policies(self, targets: dict[str, str]) -> None:
        client = self.client("organizations")
        of_stage = {
            "report": ["tag-policy-report"],
            "protect": ["tag-policy", "scp-protect-tags"],
            "enforce": ["tag-policy", "scp-protect-tags", "scp-require-tags"],
        }
        for name in ("tag-policy-report", "tag-policy", "scp-protect-tags", "scp-require-tags"):
            for part, text in render([name], SCHEMA, SETTINGS)[0].named_policies:
                kind = "TAG_POLICY" if name.startswith("tag-") else "SERVICE_CONTROL_POLICY"
                description = f"{BY_NAME[name].description}; compiled from tags.yaml"
                made = client.create_policy(Name=f"costtags-{part}", Type=kind, Content=text, Description=description)
                for stage, target in targets.items():
                    if name in of_stage[stage]:
                        client.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)

    def account(self) -> None:
        iam = self.client("iam")
        iam.create_role(RoleName="people", AssumeRolePolicyDocument="{}")
        for name in ("iam-require-tags", "iam-protect-tags", "iam-deny-new-spend"):
            for number, (part, text) in enumerate(render([name], SCHEMA, SETTINGS)[0].named_policies):
                made = iam.create_policy(PolicyName=f"guardrails-{part}-a1b2c3{number}", PolicyDocument=text)
                if name != "iam-deny-new-spend":
                    iam.attach_role_policy(RoleName="people", PolicyArn=made["Policy"]["Arn"])
        for piece in budgets(SCHEMA, SETTINGS).pieces:
            self.client("budgets").create_budget(AccountId=ACCOUNT, **piece.body)


ACTION = {
    "ActionId": "a" * 36,
    "BudgetName": "ml-marketing",
    "NotificationType": "ACTUAL",
    "ActionType": "APPLY_IAM_POLICY",
    "ActionThreshold": {"ActionThresholdValue": 100.0, "ActionThresholdType": "PERCENTAGE"},
    "Definition": {
        "IamActionDefinition": {
            "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/guardrails-iam-deny-new-spend-a1b2c30",
            "Roles": ["people"],
        }
    },
    "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/budgets",
    "ApprovalModel": "MANUAL",
    "Status": "STANDBY",
    "Subscribers": [{"SubscriptionType": "SNS", "Address": "arn:aws:sns:us-east-1:123456789012:alerts"}],
}


def tags_of_bill(**states: str) -> dict[str, Any]:
    keys = {"cost-center": "Active", "environment": "Active", "project": "Active", "team": "Active"} | states
    return {
        "CostAllocationTags": [
            {"TagKey": key, "Type": "UserDefined", "Status": state} for key, state in keys.items() if state != "none"
        ]
    }


OTHER = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}]}
)


def export(**config: str) -> dict[str, Any]:
    statement = "SELECT line_item_resource_id, line_item_unblended_cost, resource_tags FROM COST_AND_USAGE_REPORT"
    destination = {
        "S3Bucket": "b",
        "S3Prefix": "p",
        "S3Region": "us-east-1",
        "S3OutputConfigurations": {
            "OutputType": "CUSTOM",
            "Format": "PARQUET",
            "Compression": "PARQUET",
            "Overwrite": "OVERWRITE_REPORT",
        },
    }
    return {
        "Export": {
            "ExportArn": EXPORT,
            "Name": "cur",
            "DataQuery": {"QueryStatement": statement, "TableConfigurations": {"COST_AND_USAGE_REPORT": config}},
            "DestinationConfigurations": {"S3Destination": destination},
            "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
        },
        "ExportStatus": {"StatusCode": "HEALTHY"},
    }


def decided(request: dict[str, Any]) -> dict[str, Any]:
    """Answer SimulateCustomPolicy: what the statements that were sent decide."""
    levels = request.get("OrderedOrganizationPolicyInputList", [])
    texts = [*request["PolicyInputList"], *(one for level in levels for one in level["ServiceControlPolicyInputList"])]
    context = {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in request.get("ContextEntries", [])}
    (action,) = request["ActionNames"]
    tags = {key: context.get(f"aws:RequestTag/{key}", [""])[0] for key in context.get("aws:TagKeys", [])}
    shown = {key.split("/")[1]: values[0] for key, values in context.items() if key.startswith("aws:ResourceTag/")}
    asked = Request(action.removeprefix("sagemaker:"), tags, shown)
    denied = any(denies(one, asked) for text in texts for one in json.loads(text)["Statement"])
    decision = "allowed" if not denied or levels else "explicitDeny"
    result: dict[str, Any] = {"EvalActionName": action, "EvalDecision": decision}
    if levels:
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": not denied}
    return {"EvaluationResults": [result]}


ANSWERS: dict[str, Any] = {
    "organizations ListAccountsWithInvalidEffectivePolicy": {"Accounts": [], "PolicyType": "TAG_POLICY"},
    "budgets DescribeBudgetActionsForAccount": {"Actions": [ACTION]},
    "ce ListCostAllocationTags": tags_of_bill(),
    "sagemaker ListDomains": {
        "Domains": [{"DomainArn": DOMAIN, "DomainId": "d-1", "DomainName": "studio", "Status": "InService"}]
    },
    "sagemaker DescribeDomain": {"DomainArn": DOMAIN, "DomainId": "d-1", "TagPropagation": "ENABLED"},
    "sagemaker ListTags": {"Tags": [{"Key": key, "Value": value} for key, value in RIGHT.items()]},
    "bcm-data-exports ListExports": {
        "Exports": [{"ExportArn": EXPORT, "ExportName": "cur", "ExportStatus": {"StatusCode": "HEALTHY"}}]
    },
    "bcm-data-exports GetExport": export(INCLUDE_RESOURCES="TRUE"),
    "cur DescribeReportDefinitions": {"ReportDefinitions": []},
    "accessanalyzer ValidatePolicy": {"findings": []},
    "iam SimulateCustomPolicy": decided,
}


def run(aws: Aws, folder: Path, *arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run `costtags doctor` in a folder; return exit code, stdout and stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COSTTAGS_"))}
    login = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": aws.url}
    nowhere = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
    settings = {"AWS_MAX_ATTEMPTS": "2", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}
    environment = kept | login | nowhere | settings | variables
    done = subprocess.run(
        [COMMAND, "doctor", *arguments],
        cwd=folder,
        env={name: value for name, value in environment.items() if value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_all_is_well(aws: Aws, project: Path) -> None:
    code, text, said = run(aws, project, "--validators")
    print(text, said)
    assert code == 0
    assert said == ""
    assert "problem" not in text
    assert text.endswith("48 ok, 4 not used\n")


def rows(text: str, *statuses: str) -> list[tuple[str, str, str]]:
    """Return what, status and why of the rows, those of some statuses only."""
    data = json.loads(text)
    assert data["version"] == 1
    assert sum(data["summary"].values()) == len(data["checks"])
    return [
        (row["what"], row["status"], row["why"]) for row in data["checks"] if not statuses or row["status"] in statuses
    ]


def sorted_rows(*expected: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    return sorted(expected)


def test_json_is_the_same_each_time(aws: Aws, project: Path) -> None:
    code, text, said = run(aws, project, "--format", "json")
    again = run(aws, project, "--format", "json")
    assert (code, text, said) == again
    assert (code, said) == (0, "")
    data = json.loads(text)
    assert list(data) == ["version", "account", "schema", "stack", "checks", "summary"]
    assert data["account"] == ACCOUNT
    assert data["stack"] == "Pulumi.org.yaml"
    assert data["summary"] == {"ok": 37, "not used": 4, "pending": 0, "cannot tell": 0, "problem": 0}
    assert "accessanalyzer ValidatePolicy" not in aws.asked()


def test_what_drifted_in_the_organization_is_named(aws: Aws, project: Path) -> None:
    client = Deploy(aws).client("organizations")
    scps = {one["Name"]: one["Id"] for one in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]}
    tag_policies = {one["Name"]: one["Id"] for one in client.list_policies(Filter="TAG_POLICY")["Policies"]}
    require, protect = scps["costtags-scp-require-tags"], scps["costtags-scp-protect-tags"]
    content = client.describe_policy(PolicyId=require)["Policy"]["Content"]
    client.update_policy(PolicyId=require, Content=content.replace('"ML-Research"', '"ML-Ops"'))
    targets = {stage: ids[0] for stage, ids in stages(project).items()}
    client.detach_policy(PolicyId=protect, TargetId=targets["enforce"])
    client.attach_policy(PolicyId=require, TargetId=targets["report"])
    report = tag_policies["costtags-tag-policy-report"]
    client.detach_policy(PolicyId=report, TargetId=targets["report"])
    client.delete_policy(PolicyId=report)
    content = client.describe_policy(PolicyId=tag_policies["costtags-tag-policy"])["Policy"]["Content"]
    client.update_policy(
        PolicyId=tag_policies["costtags-tag-policy"], Content=content.replace('"sagemaker:experiment",', "")
    )
    root = client.list_roots()["Roots"][0]["Id"]
    client.disable_aws_service_access(ServicePrincipal="tagpolicies.tag.amazonaws.com")
    # Anyone's: neither by its name nor by its description ours.
    client.create_policy(Name="company-tag-policy", Type="TAG_POLICY", Content='{"tags":{}}', Description="theirs")

    code, text, _ = run(aws, project, "--only", "organization", "--only", "organization-policies", "--format", "json")
    assert code == 1
    assert sorted(rows(text, "problem")) == sorted_rows(
        (
            "trusted access of tag policies",
            "problem",
            "not given: there is no compliance report of the whole organization",
        ),
        ("SCP costtags-scp-protect-tags", "problem", f"{protect} is not attached to it"),
        (
            "SCP costtags-scp-require-tags",
            "problem",
            "value ML-Ops of cost-center is still allowed there (sagemaker:AddTags and 16 more actions)",
        ),
        (
            "SCP costtags-scp-require-tags",
            "problem",
            "value ML-Research of cost-center is not allowed there yet (sagemaker:AddTags and 16 more actions)",
        ),
        ("SCP costtags-scp-require-tags", "problem", "attached, and its stage is report"),
        *(
            (
                "tag policy costtags-tag-policy",
                "problem",
                f'tag "{tag}" is not enforced on sagemaker:experiment there yet',
            )
            for tag in ("cost-center", "environment", "project", "team")
        ),
        ("tag policy tag-policy-report", "problem", "not deployed: no policy of this name"),
    )
    fixes = {row["where"]: row["fix"] for row in json.loads(text)["checks"] if "is not attached" in row["why"]}
    assert fixes == {
        targets["enforce"]: "pulumi up on the organization's stack, or aws organizations attach-policy "
        f"--policy-id {protect} --target-id {targets['enforce']}"
    }
    # What is attached above is in force below.
    client.attach_policy(PolicyId=protect, TargetId=root)
    _, text, _ = run(aws, project, "--only", "organization-policies", "--format", "json")
    assert ("SCP costtags-scp-protect-tags", "ok", f"inherited from {root}") in rows(text)


def stages(project: Path) -> dict[str, list[str]]:
    config = yaml.safe_load((project / "Pulumi.org.yaml").read_text())["config"]
    return config["demo:stages"]  # type: ignore[no-any-return]


def test_room_for_what_is_still_needed(aws: Aws, project: Path) -> None:
    client = Deploy(aws).client("organizations")
    target = stages(project)["protect"][0]
    scps = {one["Name"]: one["Id"] for one in client.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]}
    client.detach_policy(PolicyId=scps["costtags-scp-protect-tags"], TargetId=target)
    allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    for number in range(9):  # moto attaches FullAWSAccess, the tenth
        made = client.create_policy(
            Name=f"other-{number}", Type="SERVICE_CONTROL_POLICY", Content=allow, Description="theirs"
        )
        client.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)
    code, text, _ = run(aws, project, "--only", "policy-slots", "--format", "json")
    assert code == 1
    assert rows(text, "problem") == [
        (
            f"SCP slots of {target}",
            "problem",
            "10 of 10 slots taken: 1 more of ours are needed, and there is room for 0",
        )
    ]


def test_what_drifted_in_the_account_is_named(aws: Aws, project: Path) -> None:
    deploy = Deploy(aws)
    iam, client = deploy.client("iam"), deploy.client("budgets")
    arns = {one["PolicyName"]: one["Arn"] for one in iam.list_policies(Scope="Local")["Policies"]}
    protect = arns["guardrails-iam-protect-tags-a1b2c30"]
    iam.detach_role_policy(RoleName="people", PolicyArn=protect)
    second = arns["guardrails-iam-require-tags-2-a1b2c31"]
    iam.create_policy_version(PolicyArn=second, PolicyDocument=OTHER, SetAsDefault=True)
    client.delete_budget(AccountId=ACCOUNT, BudgetName="ml-all")
    aws.answers["budgets DescribeBudgetActionsForAccount"] = {
        "Actions": [{**ACTION, "ApprovalModel": "AUTOMATIC", "Status": "EXECUTION_FAILURE"}]
    }
    aws.answers["ce ListCostAllocationTags"] = tags_of_bill(environment="Inactive", project="none", CostCode="Active")
    aws.answers["sagemaker DescribeDomain"] = {"DomainId": "d-1"}
    aws.answers["sagemaker ListTags"] = {"Tags": [{"Key": "Environment", "Value": "dev"}]}
    aws.answers["bcm-data-exports GetExport"] = export(INCLUDE_RESOURCES="FALSE")
    checks = ["iam-policies", "budgets", "activated-keys", "domains", "cost-exports"]
    code, text, _ = run(aws, project, *(f"--only={check}" for check in checks), "--format", "json")
    assert code == 1
    found = rows(text, "problem", "pending")
    require = [row for row in found if row[0] == "IAM policy guardrails-iam-require-tags"]
    assert len(require) > 3
    assert sorted(row for row in found if row not in require) == sorted_rows(
        ("IAM policy guardrails-iam-protect-tags", "problem", "attached to no one"),
        ("action of budget ml-marketing", "problem", "ApprovalModel is AUTOMATIC; tags.yaml says MANUAL"),
        ("action of budget ml-marketing", "problem", "failed to act"),
        ("budget ml-all", "problem", "not deployed"),
        ('key "CostCode"', "problem", 'active, and means "cost-center": its cost is reported apart'),
        ('key "environment"', "problem", "inactive: cost reports do not show it"),
        (
            'key "project"',
            "pending",
            "not on the bill yet: AWS shows a key up to 24 hours after something that costs carries it",
        ),
        (
            "domain studio",
            "problem",
            'tag "cost-center" is missing; allowed: ML-Marketing, ML-Sales, ML-Research',
        ),
        ("domain studio", "problem", 'tag "project" is missing; allowed: what matches [a-z][a-z0-9-]{1,30}'),
        (
            "domain studio",
            "problem",
            "tagPropagation is not ENABLED: what Studio launches will carry no tags of the domain and its users",
        ),
        ("domain studio", "problem", 'tag "Environment" must be spelled "environment"'),
        ("data export cur", "problem", "lacks INCLUDE_RESOURCES"),
    )


def test_what_is_denied_is_told_and_the_rest_goes_on(aws: Aws, project: Path) -> None:
    code, text, _ = run(aws, project, "--format", "json")
    everything = {row["check"] for row in json.loads(text)["checks"]} | {"validators"}
    asked = sorted(aws.asked() - {"sts GetCallerIdentity"})
    assert code == 0
    kept = dict(aws.answers)
    for call in [*asked, "accessanalyzer ValidatePolicy", "iam SimulateCustomPolicy"]:
        aws.answers[call] = DENIED
    code, text, _ = run(aws, project, "--validators", "--format", "json")
    data = json.loads(text)
    assert code == 1
    assert {row["check"] for row in data["checks"]} == everything
    assert {row["status"] for row in data["checks"]} == {"cannot tell"}
    assert {row["check"] for row in data["checks"] if not row["fix"]} == {"activated-keys"}  # it says it in why
    denied = {row["why"].split(" ")[2] for row in data["checks"]}
    for seen in range(2):  # what lies behind the first denial: half of the calls, then the others
        aws.answers.clear()
        aws.answers |= kept
        for call in asked[seen::2]:
            aws.answers[call] = DENIED
        code, text, _ = run(aws, project, "--format", "json")
        assert code == 1
        assert {row["check"] for row in json.loads(text)["checks"]} == everything - {"validators"}
        denied |= {row["why"].split(" ")[2] for row in json.loads(text)["checks"] if row["status"] == "cannot tell"}
    assert len(denied) > 18


def test_a_member_account_is_told_where_to_run_it(aws: Aws, project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  demo:alertEmails: [finops@example.com]\n")
    organization = {
        "Id": "o-abcdefghij",
        "Arn": "arn:aws:organizations::999988887777:organization/o-abcdefghij",
        "FeatureSet": "ALL",
        "MasterAccountId": "999988887777",
    }
    aws.answers |= {
        "organizations DescribeOrganization": {"Organization": organization},
        "organizations ListRoots": DENIED,
        "organizations ListAWSServiceAccessForOrganization": DENIED,
        "organizations ListDelegatedAdministrators": DENIED,
        "ce ListCostAllocationTags": Refusal(
            "AccessDeniedException", "Linked account doesn't have access to cost allocation tags."
        ),
        "bcm-data-exports ListExports": {"Exports": []},
        "budgets DescribeSubscribersForNotification": {
            "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "other@example.com"}]
        },
    }
    code, text, _ = run(aws, project, "--stack", "dev", "--format", "json")
    assert code == 1
    found = rows(text)
    assert (
        "cost exports",
        "cannot tell",
        "none in this account; the organization's may be in its management account, 999988887777",
    ) in found
    assert (
        "targets",
        "not used",
        "no stages in the stack's config: name the organization's stack with --stack, if there is one",
    ) in found
    assert ("effective tag policy", "ok", "says what tags.yaml says") in found
    assert (
        "alerts of budget ml-all",
        "problem",
        "does not tell finops@example.com when the actual amount is above 80%",
    ) in found
    (keys,) = [row for row in json.loads(text)["checks"] if row["check"] == "activated-keys"]
    assert keys["status"] == "cannot tell"
    assert "run this with credentials of the management account" in keys["why"]
    (roots,) = [row for row in json.loads(text)["checks"] if row["what"] == "policy types"]
    assert roots["fix"].startswith("run it in the management account")


def test_an_account_in_no_organization(aws: Aws, project: Path) -> None:
    (project / "Pulumi.org.yaml").unlink()
    refusal = Refusal("AWSOrganizationsNotInUseException", "not in use")
    aws.answers["organizations DescribeOrganization"] = refusal
    checks = ["organization", "policy-slots", "organization-policies", "effective-tag-policy"]
    code, text, said = run(aws, project, *(f"--only={check}" for check in checks))
    assert code == 0
    assert said == "note: no stack's config was read, so no stages and no principals are known (--stack)\n"
    assert "  not used     organization: this account is in no organization\n" in text


def test_stages_for_an_account_in_no_organization(aws: Aws, project: Path) -> None:
    """Whoever has the wrong account's credentials is told so once, not that every policy is missing."""
    aws.answers["organizations DescribeOrganization"] = Refusal("AWSOrganizationsNotInUseException", "not in use")
    checks = ["organization", "policy-slots", "organization-policies", "effective-tag-policy"]
    code, text, _ = run(aws, project, *(f"--only={check}" for check in checks))
    assert code == 1
    assert text.count("problem") == 1 + text.count("1 problem")
    assert (
        "  problem      organization: this account is in no organization, and the stack's config has stages "
        "[123456789012]\n"
        "               -> use the management account's credentials (--profile), or another stack (--stack)\n"
    ) in text


def test_text_of_others_does_nothing_on_a_terminal(aws: Aws, bare: Path) -> None:
    name = "x\x1b[2J\u202e::error::"
    aws.answers["sagemaker ListDomains"] = {
        "Domains": [{"DomainArn": DOMAIN, "DomainId": "d-1", "DomainName": name, "Status": "InService"}]
    }
    aws.answers["sagemaker DescribeDomain"] = Refusal("ThrottlingException", "slow\nd\x1b[1mown")
    code, text, _ = run(aws, bare, "--only", "domains")
    assert code == 1
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "domain x\\x1b[2J\\u202e::error::: AWS takes no more calls of DescribeDomain for now" in text
    assert f"[{DOMAIN}]" in text


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (("--stack", "none"), {}, 'no config of a stack "none"; stacks here: org'),
        (("--only", "none"), {}, "Invalid value for '--only': 'none' is not one of"),
        ((), {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no AWS credentials found; log in"),
        ((), {"AWS_ENDPOINT_URL": "nowhere"}, "an AWS setting cannot be used: Invalid endpoint: nowhere"),
        (("--profile", "none"), {}, "The config profile (none) could not be found"),
    ],
)
def test_what_cannot_be_done_at_all(
    aws: Aws, bare: Path, arguments: tuple[str, ...], variables: dict[str, str], message: str
) -> None:
    code, text, said = run(aws, bare, *arguments, **variables)
    assert (code, text) == (2, "")
    assert message in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[a]", "stages must be a map of report, protect, enforce to lists of targets"),
        ("{enforced: []}", 'stages: there is no "enforced"'),
        ("{enforce: [x]}", "stages: enforce must be a list of ids of roots, OUs and accounts"),
    ],
)
def test_stages_that_cannot_be_read(aws: Aws, bare: Path, given: str, message: str) -> None:
    (bare / "Pulumi.org.yaml").write_text(f"config:\n  demo:guardrails: {{}}\n  demo:stages: {given}\n")
    code, text, said = run(aws, bare)
    assert (code, text) == (2, "")
    assert said == f"costtags: Pulumi.org.yaml: {message}\n"
    assert aws.calls == []


def test_a_lost_connection_is_told(aws: Aws, bare: Path) -> None:
    code, text, _ = run(aws, bare, "--only", "cost-exports", AWS_ENDPOINT_URL_BCM_DATA_EXPORTS="http://127.0.0.1:9")
    assert code == 1
    assert "cannot tell  data exports: AWS did not answer: Could not connect" in text


def test_a_setting_of_one_service_that_cannot_be_used(aws: Aws, bare: Path) -> None:
    code, text, _ = run(aws, bare, "--only", "cost-exports", AWS_ENDPOINT_URL_BCM_DATA_EXPORTS="nowhere")
    assert code == 1
    assert "an AWS setting cannot be used: Invalid endpoint: nowhere" in text
