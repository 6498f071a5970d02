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
def project(aws: Aws, tmp_path: Path) -> Path:
    """A project whose organization's stack has a target for each stage, all of it deployed to moto."""
    deploy = Deploy(aws)
    targets = deploy.organization()
    shutil.copy(ROOT / "tags.yaml", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    guardrails = {"breakGlass": list(SETTINGS.break_glass), "deployers": list(SETTINGS.deployers)}
    config = {
        "demo:guardrails": guardrails | {"taggers": list(SETTINGS.taggers)},
        "demo:stages": {stage: [target] for stage, target in targets.items()},
    }
    (tmp_path / "Pulumi.org.yaml").write_text(yaml.safe_dump({"config": config}))
    deploy.policies(targets)
    deploy.account()
    aws.answers["organizations DescribeEffectivePolicy"] = lambda _: effective()
    return tmp_path


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
