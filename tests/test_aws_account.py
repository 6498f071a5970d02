"""The stand-in for AWS: botocore itself can ask it everything the catalogue names, and gets what the models say."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.session import Session

from .aws_account import ACCOUNT, REGION, ROWS, AwsAccount, Call, Fault, Held, environment, serving

# What a row's ARN or List call needs besides the name.
FIELDS: dict[str, dict[str, Any]] = {
    "app": {"DomainId": "d-1", "UserProfileName": "anna", "AppType": "JupyterLab"},
    "cluster-extension": {"ClusterArn": Held("cluster", "train").arn},
    "device": {"DeviceFleetName": "fleet"},
    "hub-content": {"HubName": "hub", "HubContentType": "Model"},
    "job": {"JobCategory": "AgentRFT"},
    "space": {"DomainId": "d-1"},
    "user-profile": {"DomainId": "d-1"},
}


SESSION = Session()  # it keeps the models of services, which are slow to read


@pytest.fixture
def state() -> AwsAccount:
    return AwsAccount()


@pytest.fixture
def url(state: AwsAccount) -> Iterator[str]:
    with serving(state) as found:
        yield found


def client(url: str, service: str, account: str = ACCOUNT, region: str = REGION, **config: Any) -> Any:
    return SESSION.create_client(
        service, region_name=region, endpoint_url=url, aws_access_key_id=f"AKIA{account}", aws_secret_access_key="s",
        config=Config(retries={"total_max_attempts": 1}, **config),
    )  # fmt: skip


def test_every_type_is_listed_and_described(state: AwsAccount, url: str) -> None:
    """A resource of each type of the catalogue is listed and described, with its ARN where the catalogue says."""
    sagemaker = client(url, "sagemaker")
    for name, row in ROWS.items():
        if row.list_call is None:
            continue
        one = Held(name, "first", fields=FIELDS.get(name, {}), tags={"team": "ml-a"})
        state.add(one, Held(name, "elsewhere", region="us-east-1", fields=FIELDS.get(name, {})))
        asked = {key: FIELDS[name][key] for key in row.list_call.each}
        (item,) = getattr(sagemaker, row.list_call.call)(**row.list_call.inputs, **asked)[row.list_call.key]
        assert row.list_call.arn is None or item[row.list_call.arn] == one.arn
        assert row.list_call.name is None or item[row.list_call.name] == "first"
        if row.describe_call:
            item = item | asked
            inputs = {given: item[member] for given, member in row.describe_call.inputs.items() if member in item}
            found = getattr(sagemaker, row.describe_call.call)(**inputs)
            for part in (row.describe_call.arn or "").split("."):
                found = found[part]
            assert found == one.arn
        assert sagemaker.list_tags(ResourceArn=one.arn)["Tags"] == [{"Key": "team", "Value": "ml-a"}]
    assert state.writes() == []


def test_pages_and_filters(state: AwsAccount, url: str) -> None:
    """Lists come page by page, also when something goes meanwhile; filters are the model's."""
    now = datetime.now(tz=UTC)
    state.add(*(Held("training-job", f"t{i:02}", created=now - timedelta(days=i)) for i in range(25)))
    sagemaker = client(url, "sagemaker")
    names = []
    for page in sagemaker.get_paginator("list_training_jobs").paginate():
        names += [item["TrainingJobName"] for item in page["TrainingJobSummaries"]]
        state.held.pop(Held("training-job", "t05").arn, None)
    assert names == [f"t{i:02}" for i in range(25)]
    assert len(state.asked("ListTrainingJobs")) == 3
    recent = sagemaker.list_training_jobs(CreationTimeAfter=now - timedelta(days=3, hours=1), MaxResults=100)
    assert [item["TrainingJobName"] for item in recent["TrainingJobSummaries"]] == ["t00", "t01", "t02", "t03"]
    newest = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending", MaxResults=2)
    assert [item["TrainingJobName"] for item in newest["TrainingJobSummaries"]] == ["t00", "t01"]


def test_tags_by_both_services(state: AwsAccount, url: str) -> None:
    """GetResources returns what has tags or once had; a failure of one ARN stands in an answer with status 200."""
    one, other, never = (Held("model", name) for name in "abc")
    state.add(one, other, never)
    tagging, sagemaker = client(url, "resourcegroupstaggingapi"), client(url, "sagemaker")
    gone = Held("model", "gone").arn
    failed = tagging.tag_resources(ResourceARNList=[one.arn, other.arn, gone], Tags={"team": "x"})["FailedResourcesMap"]
    assert list(failed) == [gone]
    sagemaker.add_tags(ResourceArn=one.arn, Tags=[{"Key": "owner", "Value": "y"}])
    sagemaker.delete_tags(ResourceArn=other.arn, TagKeys=["team"])
    pages = tagging.get_paginator("get_resources").paginate(ResourceTypeFilters=["sagemaker"], ResourcesPerPage=1)
    found = {entry["ResourceARN"]: entry["Tags"] for page in pages for entry in page["ResourceTagMappingList"]}
    both = [{"Key": "owner", "Value": "y"}, {"Key": "team", "Value": "x"}]
    assert found == {one.arn: both, other.arn: []}
    assert tagging.get_resources(ResourceTypeFilters=["sagemaker:endpoint"])["ResourceTagMappingList"] == []
    state.failing = lambda _, arn: Fault("InternalServiceException", "no", 500) if arn == one.arn else None
    failed = tagging.untag_resources(ResourceARNList=[one.arn], TagKeys=["team"])["FailedResourcesMap"]
    assert failed[one.arn]["ErrorCode"] == "InternalServiceException"
    assert [call.operation for call in state.writes()] == ["TagResources", "AddTags", "DeleteTags", "UntagResources"]
    with pytest.raises(ClientError, match="ValidationException"):
        sagemaker.add_tags(ResourceArn=never.arn, Tags=[{"Key": "aws:x", "Value": "y"}])


def test_apps_take_the_tags_of_their_domain_when_they_start(state: AwsAccount, url: str) -> None:
    """A deleted app stays listed and cannot be tagged; a new one of its name has the tags of domain and profile."""
    place = {"DomainId": "d-1", "UserProfileName": "anna"}
    app = Held("app", "default", fields={**place, "AppType": "JupyterServer"})
    state.add(Held("domain", "d-1", tags={"team": "x"}), Held("user-profile", "anna", fields={"DomainId": "d-1"}), app)
    sagemaker = client(url, "sagemaker")
    asked = {**place, "AppType": "JupyterServer", "AppName": "default"}
    sagemaker.delete_app(**asked)
    assert [item["Status"] for item in sagemaker.list_apps()["Apps"]] == ["Deleted"]
    with pytest.raises(ClientError, match="has been deleted"):
        sagemaker.list_tags(ResourceArn=app.arn)
    sagemaker.create_app(**asked)
    assert sagemaker.describe_app(**asked)["Status"] == "InService"
    assert state.held[app.arn].tags == {"team": "x"}


def test_accounts_regions_and_roles(state: AwsAccount, url: str) -> None:
    """The access key says whose call it is; a role's credentials are those of its account."""
    state.accounts, state.roles_refused = [ACCOUNT, "210987654321", "333333333333"], {"333333333333"}
    assert len(client(url, "organizations").list_accounts()["Accounts"]) == 3
    assert [one["RegionName"] for one in client(url, "account").list_regions()["Regions"]] == [REGION, "us-east-1"]
    sts = client(url, "sts")
    taken = sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/Audit", RoleSessionName="costtags")["Credentials"]
    assert taken["AccessKeyId"] == "ASIA210987654321"
    assert client(url, "sts", "210987654321").get_caller_identity()["Account"] == "210987654321"
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn="arn:aws:iam::333333333333:role/Audit", RoleSessionName="costtags")


def test_config_answers_for_the_organization(state: AwsAccount, url: str) -> None:
    """A query of AWS Config gives the fields asked for, of what has a CloudFormation type."""
    state.add(Held("endpoint", "e", account="210987654321", tags={"a": "b"}), Held("training-job", "t"))
    answer = client(url, "config").select_aggregate_resource_config(
        Expression="SELECT arn, tags WHERE resourceType LIKE 'AWS::SageMaker::%'",
        ConfigurationAggregatorName="organization",
    )
    (row,) = map(json.loads, answer["Results"])
    assert row["arn"] == "arn:aws:sagemaker:eu-west-1:210987654321:endpoint/e"
    assert row["tags"] == [{"key": "a", "tag": "a=b", "value": "b"}]


def test_faults(state: AwsAccount, url: str) -> None:
    """A fault is answered before or after the call has acted, or the connection is closed."""
    one = Held("model", "a")
    state.add(one)
    faults = [Fault("ThrottlingException", "Rate exceeded"), Fault(None, after_acting=True)]
    state.fault = lambda call: faults.pop(0) if call.operation == "AddTags" and faults else None
    sagemaker = client(url, "sagemaker")
    tags = [{"Key": "team", "Value": "x"}]
    with pytest.raises(ClientError, match="Rate exceeded"):
        sagemaker.add_tags(ResourceArn=one.arn, Tags=tags)
    assert one.tags == {}
    with pytest.raises(HTTPClientError):
        sagemaker.add_tags(ResourceArn=one.arn, Tags=tags)
    assert one.tags == {"team": "x"}


def test_what_does_not_fit_the_models_fails(state: AwsAccount) -> None:
    """An operation that is not known here, or an answer that AWS could not give, fails the test that asked."""
    call = Call("sagemaker", "ListTags", ACCOUNT, REGION, {"ResourceArn": "no arn"}, "AKIA")
    with pytest.raises(AssertionError, match="does not match arn"):
        state.answer(call)
    with pytest.raises(AssertionError, match="does not know sagemaker DeleteModel"):
        state.answer(Call("sagemaker", "DeleteModel", ACCOUNT, REGION, {"ModelName": "x"}, "AKIA"))
    state.add(Held("model", "name with spaces"))
    with pytest.raises(AssertionError, match="does not match"):
        state.answer(Call("sagemaker", "ListModels", ACCOUNT, REGION, {}, "AKIA"))
    with (
        pytest.raises(AssertionError, match="the stand-in does not know"),
        serving(state) as url,
        pytest.raises(ClientError, match="InternalFailure"),
    ):
        client(url, "sagemaker").delete_model(ModelName="x")


def test_it_answers_a_process(state: AwsAccount, url: str) -> None:
    """The environment is that of a person who is logged in."""
    code = (
        "from costtags.account.places import Access\n"
        "access = Access(None, 'Audit')\n"
        "print(access.caller, access.accounts(['organization']), access.regions(access.account, ['all']))"
    )
    state.accounts = [f"{i:012}" for i in range(1, 31)]
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(url), capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"arn:aws:iam::{ACCOUNT}:user/me {state.accounts} ['eu-west-1', 'us-east-1']\n", done.stderr


def test_it_is_fast_enough(state: AwsAccount, url: str) -> None:
    """Tests ask for the tags of 10,000 resources: some hundred calls a second."""
    state.add(*(Held("model", f"m{i:05}", tags={"team": "ml-a"}) for i in range(500)))
    sagemaker = client(url, "sagemaker")
    start = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda arn: sagemaker.list_tags(ResourceArn=arn), list(state.held)))
    assert time.monotonic() - start < 30  # half a second where nothing else runs
