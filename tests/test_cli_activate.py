"""The command activate as a user runs it, as a process, against a small stand-in for Cost Explorer.

moto has no cost allocation tags.
"""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .stand_in import ACCOUNT, Body, Call, Fault, StandIn, environment, serving

COMMAND = str(Path(sys.executable).with_name("costtags"))
ROOT = Path(__file__).parents[1]
NOW = datetime.now(tz=UTC)
THIS_MONTH = f"{NOW:%Y-%m}"


def months_ago(number: int) -> str:
    """Return the month that lies so many months back: 2026-01."""
    year, month = divmod(NOW.year * 12 + NOW.month - 1 - number, 12)
    return f"{year:04}-{month + 1:02}"


def hours_ago(number: float) -> str:
    """Return a time as AWS writes it."""
    return f"{NOW - timedelta(hours=number):%Y-%m-%dT%H:%M:%SZ}"


@dataclass
class Service(StandIn):
    """Cost Explorer, as far as cost allocation tags go."""

    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    backfills: list[dict[str, str]] = field(default_factory=list)
    page: int = 100
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Key -> code and message of the error that a 200 answer holds for it."""
    poisoned: set[str] = field(default_factory=set)
    """Keys that make a whole request fail."""

    def key(self, key: str, state: str, since: str | None = None, used: str | None = None, kind: str = "User") -> None:
        """Make a key known to the bill."""
        entry = {"TagKey": key, "Status": state, "Type": "AWSGenerated" if kind == "AWS" else "UserDefined"}
        dates = {"LastUpdatedDate": since and f"{since}T00:00:00Z", "LastUsedDate": used and f"{used}-01T00:00:00Z"}
        self.tags[key] = entry | {name: date for name, date in dates.items() if date}

    def ListCostAllocationTags(self, call: Call) -> Body:
        start = int(call.body.get("NextToken", "0"))
        keys = list(self.tags.values())
        more = {"NextToken": str(start + self.page)} if start + self.page < len(keys) else {}
        return {"CostAllocationTags": keys[start : start + self.page]} | more

    def UpdateCostAllocationTagsStatus(self, call: Call) -> Body | Fault:
        entries = call.body["CostAllocationTagsStatus"]
        keys = [entry["TagKey"] for entry in entries]
        if missing := [key for key in keys if key in self.poisoned or key not in self.tags]:
            found = ",".join(missing)
            return Fault("ValidationException", f"Failed to update Cost Allocation Tag: Tag keys not found: {found}")
        for entry in entries:
            if entry["TagKey"] not in self.refused:
                self.tags[entry["TagKey"]] |= {"Status": entry["Status"], "LastUpdatedDate": hours_ago(0)}
        refused = {key: self.refused[key] for key in keys if key in self.refused}
        return {"Errors": [{"TagKey": key, "Code": c, "Message": m} for key, (c, m) in refused.items()]}

    def ListCostAllocationTagBackfillHistory(self, call: Call) -> Body:
        start = int(call.body.get("NextToken", "0"))
        more = {"NextToken": str(start + 1)} if start + 1 < len(self.backfills) else {}
        return {"BackfillRequests": self.backfills[start : start + 1]} | more

    def StartCostAllocationTagBackfill(self, call: Call) -> Body | Fault:
        if any(past["BackfillStatus"] == "PROCESSING" for past in self.backfills):
            return Fault("BackfillLimitExceededException", "A backfill is already in progress.")
        new = {"BackfillFrom": call.body["BackfillFrom"], "RequestedAt": hours_ago(0), "BackfillStatus": "PROCESSING"}
        self.backfills.append(new)
        return {"BackfillRequest": new}

    @property
    def batches(self) -> list[list[str]]:
        """The keys of every request to activate."""
        requests = [request["CostAllocationTagsStatus"] for request in self.asked("UpdateCostAllocationTagsStatus")]
        assert all(entry["Status"] == "Active" for batch in requests for entry in batch)
        return [[entry["TagKey"] for entry in batch] for batch in requests]

    @property
    def writes(self) -> list[str]:
        """The operations that change something."""
        return [name for name in self.operations() if not name.startswith("List")]


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with serving(made) as made.url:
        yield made


def run(service: Service, *arguments: str, folder: Path = ROOT, **variables: str) -> tuple[int, str, str]:
    """Run `costtags activate` in a folder; return exit code, stdout and stderr."""
    done = subprocess.run(
        [COMMAND, "activate", *arguments],
        cwd=folder,
        env=environment(service.url, **variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def run_on_terminal(service: Service, answer: str, *arguments: str) -> tuple[int, str]:
    """Run the command on a terminal and answer its question; return exit code and all that is shown."""
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "activate", *arguments],
        cwd=ROOT,
        env=environment(service.url),
        stdin=inner,
        stdout=inner,
        stderr=inner,
    )
    os.close(inner)
    shown = b""
    answered = False
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([outer], [], [], 0.1)[0]:
            try:
                read = os.read(outer, 65536)
            except OSError:  # Linux's way to say that the other side has gone
                break
            shown += read
            if not read:
                break
        if not answered and shown.endswith(b"[y/N]: "):
            os.write(outer, answer.encode() + b"\n")
            answered = True
    os.close(outer)
    return process.wait(10), shown.decode().replace("\r\n", "\n")


def seen(service: Service, *keys: str, state: str = "Inactive") -> None:
    """Make keys known to the bill, used this month."""
    for key in keys:
        service.key(key, state, since="2026-03-02", used=THIS_MONTH)


OURS = ("cost-center", "environment", "project", "team")
SAGEMAKER = "\n".join(
    [
        "sagemaker:domain-arn        SageMaker  not seen yet",
        "sagemaker:space-arn         SageMaker  not seen yet",
        "sagemaker:user-profile-arn  SageMaker  not seen yet",
    ]
)
HEAD = f"Cost allocation tags of account {ACCOUNT}, for the keys of tags.yaml\n"
WAIT = """Not seen yet: AWS learns a key from the bill. Put the tag on a resource that costs something, wait up to
24 hours, and run this again.
"""


def test_nothing_seen(service):
    """A bill that knows none of the keys: what to do about it, and work remains."""
    assert run(service) == (
        1,
        f"""{HEAD}
cost-center                 required   not seen yet
environment                 required   not seen yet
project                     required   not seen yet
team                        optional   not seen yet
{SAGEMAKER}

{WAIT}
Work remains: 0 of 4 keys active, 4 not seen yet.
""",
        "",
    )
    assert service.operations() == ["ListCostAllocationTags"]


def mixed(service: Service) -> None:
    """One key in each state, a misspelt one, one of SageMaker's, one of others."""
    service.key("cost-center", "Active", since="2026-03-02", used="2026-10")
    service.key("environment", "Inactive", since="2026-01-05", used="2026-10")
    service.key("team", "Inactive")
    service.key("Cost-Center", "Inactive", used="2026-09")
    service.key("CostCode", "Active", since="2025-01-01", used="2025-06")
    service.key("sagemaker:domain-arn", "Inactive", used="2026-10", kind="AWS")
    service.key("aws:createdBy", "Active", kind="AWS")
    service.key("owner", "Inactive", used="2026-10")


def test_mixed(service):
    """Every state, other spellings that the bill knows, and what to do; nothing is changed."""
    mixed(service)
    before = json.dumps(service.tags)
    assert run(service) == (
        1,
        f"""{HEAD}
cost-center                 required   active since 2026-03-02, last used 2026-10
environment                 required   inactive, last used 2026-10
project                     required   not seen yet
team                        optional   inactive
sagemaker:domain-arn        SageMaker  inactive, last used 2026-10
sagemaker:space-arn         SageMaker  not seen yet
sagemaker:user-profile-arn  SageMaker  not seen yet

Spending stands under other spellings too; they are left as they are:
    Cost-Center: means cost-center; inactive, last used 2026-09
    CostCode: means cost-center; active, last used 2025-06

Inactive: no cost report shows these keys. Activate them: costtags activate --apply
{WAIT}
Work remains: 1 of 4 keys active, 2 inactive, 1 not seen yet.
""",
        "",
    )
    assert (json.dumps(service.tags), service.writes) == (before, [])


def test_all_active(service):
    """Where every key is active, nothing is left to do; SageMaker's own do not count where they are not asked for."""
    seen(service, *OURS, state="Active")
    active = f"active since 2026-03-02, last used {THIS_MONTH}"
    assert run(service) == (
        0,
        f"""{HEAD}
cost-center                 required   {active}
environment                 required   {active}
project                     required   {active}
team                        optional   {active}
{SAGEMAKER}

Done: 4 of 4 keys active.
""",
        "",
    )
    assert run(service, "--no-sagemaker-keys") == (
        0,
        f"""{HEAD}
cost-center  required   {active}
environment  required   {active}
project      required   {active}
team         optional   {active}

Done: 4 of 4 keys active.
""",
        "",
    )


def test_an_optional_tag_that_no_one_uses(service):
    """An optional key that the bill has not seen does not fail a job that runs every day."""
    seen(service, "cost-center", "environment", "project", state="Active")
    code, out, _ = run(service)
    assert code == 0
    assert out.endswith(f"\n\n{WAIT}\nDone: 3 of 4 keys active, 1 not seen yet.\n")


def test_apply(service):
    """Exactly what is inactive is activated; a second run changes nothing and says so."""
    mixed(service)
    code, out, err = run(service, "--apply")
    assert (code, err) == (1, "")
    assert (
        out
        == f"""{HEAD}
cost-center                 required   active since 2026-03-02, last used 2026-10
environment                 required   activated now, last used 2026-10
project                     required   not seen yet
team                        optional   activated now
sagemaker:domain-arn        SageMaker  inactive, last used 2026-10
sagemaker:space-arn         SageMaker  not seen yet
sagemaker:user-profile-arn  SageMaker  not seen yet

Spending stands under other spellings too; they are left as they are:
    Cost-Center: means cost-center; inactive, last used 2026-09
    CostCode: means cost-center; active, last used 2025-06

Activated: costs carry these keys within 24 hours, from now on; --backfill-from adds past months.
{WAIT}
Work remains: 3 of 4 keys active, 1 not seen yet.
"""
    )
    assert service.batches == [["environment", "team"]]
    after = json.dumps(service.tags)
    code, out, err = run(service, "--apply")
    assert (code, err) == (1, "")
    assert f"\nNothing changed: none of these keys is inactive.\n{WAIT}" in out
    assert service.batches == [["environment", "team"]]
    assert json.dumps(service.tags) == after


def test_apply_to_sagemakers_own_keys(service):
    """SageMaker's own keys are activated where asked for; one that is not used there is no work left."""
    seen(service, *OURS, state="Active")
    seen(service, "sagemaker:domain-arn", "sagemaker:space-arn")
    code, out, _ = run(service, "--sagemaker-keys")
    assert (code, service.writes) == (1, [])
    assert out.endswith("\nWork remains: 4 of 7 keys active, 2 inactive, 1 not seen yet.\n")
    code, out, _ = run(service, "--apply", "--sagemaker-keys")
    assert code == 0
    assert f"\nsagemaker:space-arn         SageMaker  activated now, last used {THIS_MONTH}\n" in out
    assert out.endswith("\nDone: 6 of 7 keys active, 1 not seen yet.\n")
    assert service.batches == [["sagemaker:domain-arn", "sagemaker:space-arn"]]


def test_json(service):
    """The JSON contract, the same bytes each time."""
    mixed(service)
    service.refused["team"] = ("TagKeysNotFoundException", "Failed to update Cost Allocation Tag: team")
    first, second = run(service, "--format", "json"), run(service, "--format", "json")
    assert first == second
    code, out, err = run(service, "--apply", "--format", "json", "--sagemaker-keys")
    assert (code, err) == (1, "")

    def key(name: str, state: str, since: str | None, used: str | None, **more: Any) -> dict[str, Any]:
        required = name in ("cost-center", "environment", "project")
        kind = "aws" if name.startswith("sagemaker:") else "user"
        rest = {"state": state, "since": since, "last_used": used, "activated": False, "error": None}
        return {"key": name, "required": required, "type": kind} | rest | more

    assert json.loads(out) == {
        "version": 1,
        "account": ACCOUNT,
        "schema": "tags.yaml",
        "keys": [
            key("cost-center", "active", "2026-03-02T00:00:00Z", "2026-10"),
            key("environment", "active", None, "2026-10", activated=True),
            key("project", "not-seen", None, None),
            key(
                "team", "inactive", None, None,
                error="TagKeysNotFoundException: Failed to update Cost Allocation Tag: team",
            ),
            key("sagemaker:domain-arn", "active", None, "2026-10", activated=True),
            key("sagemaker:space-arn", "not-seen", None, None),
            key("sagemaker:user-profile-arn", "not-seen", None, None),
        ],
        "misspelt": [
            {"key": "Cost-Center", "means": "cost-center", "state": "inactive"},
            {"key": "CostCode", "means": "cost-center", "state": "active"},
        ],
        "backfill": None,
    }  # fmt: skip


@pytest.fixture
def many(tmp_path, service) -> list[str]:
    """Write a tags.yaml of 45 keys, all of which the bill knows as inactive."""
    keys = [f"key-{number:02}" for number in range(45)]
    (tmp_path / "tags.yaml").write_text("version: 1\ntags:\n" + "".join(f"  {key}: {{}}\n" for key in keys))
    seen(service, *keys)
    return keys


def test_batches(service, many, tmp_path):
    """45 keys take three requests of at most 20, and the last page of the list counts as the first does."""
    service.page = 7
    code, out, err = run(service, "--apply", folder=tmp_path)
    assert (code, err) == (0, "")
    assert service.batches == [many[:20], many[20:40], many[40:]]
    assert out.endswith("\nDone: 45 of 45 keys active.\n")
    assert len(service.asked("ListCostAllocationTags")) == 7
    assert run(service, "--apply", folder=tmp_path)[0] == 0
    assert len(service.batches) == 3


@pytest.mark.usefixtures("many")
def test_errors_in_a_good_answer(service, tmp_path):
    """What AWS refuses in a 200 answer is told key by key, and the rest goes on."""
    text = "Failed to update Cost Allocation Tag: key-03"
    service.refused["key-03"] = ("TagKeysNotFoundException", text)
    service.refused["key-41"] = ("Odd", "two\nlines \x1b[31m")
    code, out, err = run(
        service,
        "--apply",
        folder=tmp_path,
    )
    assert (code, err) == (1, "")
    assert (
        f"""
Not activated:
    key-03: TagKeysNotFoundException: {text}
    key-41: Odd: two lines \\x1b[31m

Activated: """
        in out
    )
    assert out.endswith("\nWork remains: 43 of 45 keys active, 2 inactive.\n")
    assert len(service.batches) == 3


def test_a_key_that_fails_its_whole_batch(service, many, tmp_path):
    """Where one key makes AWS refuse the request, its batch is sent key by key, and only it is left."""
    service.poisoned = {"key-25"}
    code, out, err = run(service, "--apply", folder=tmp_path)
    assert (code, err) == (1, "")
    assert (
        "Not activated:\n    key-25: ValidationException: Failed to update Cost Allocation Tag: "
        "Tag keys not found: key-25\n\n" in out
    )
    assert out.endswith("\nWork remains: 44 of 45 keys active, 1 inactive.\n")
    assert service.batches == [many[:20], many[20:40], *([key] for key in many[20:40]), many[40:]]


def test_quota(service, many, tmp_path):
    """Where AWS allows no more active keys, the quota is named with how many are active."""
    service.key("other", "Active")
    service.refused = dict.fromkeys(many[1:], ("LimitExceeded", "no more"))
    code, out, _ = run(service, "--apply", folder=tmp_path)
    assert code == 1
    assert (
        "    key-44: LimitExceeded: no more\n"
        "    2 keys are active in this account; AWS allows 500 unless Service Quotas raised it (L-FE0E51D7)\n" in out
    )


@pytest.mark.usefixtures("many")
def test_quota_of_a_whole_request(service, tmp_path):
    """The same where AWS refuses the request."""
    service.faults["UpdateCostAllocationTagsStatus"] = [Fault("LimitExceededException", "Limit exceeded")] * 2
    code, out, err = run(service, "--apply", folder=tmp_path)
    assert code == 2
    assert err == (
        "costtags: AWS refuses UpdateCostAllocationTagsStatus (LimitExceededException: Limit exceeded); if these were "
        "too many calls, run it again in some minutes\n"
        "0 keys are active in this account; AWS allows 500 unless Service Quotas raised it (L-FE0E51D7)\n"
    )
    assert out.endswith("\nWork remains: 0 of 45 keys active, 45 inactive.\n")


@pytest.mark.parametrize("code", ["ThrottlingException", "LimitExceededException"])
def test_throttling(service, code):
    """Throttled calls are sent again, without a word."""
    seen(service, *OURS)
    service.faults = {
        name: [Fault(code, "Rate exceeded")] for name in ("ListCostAllocationTags", "UpdateCostAllocationTagsStatus")
    }
    assert run(service, "--apply")[::2] == (0, "")
    assert service.batches == [list(OURS)] * 2


def test_throttling_without_end(service):
    """Where AWS takes no call at all, the message says to wait."""
    service.faults["ListCostAllocationTags"] = [Fault("ThrottlingException", "Rate exceeded")] * 2
    assert run(service) == (
        2,
        "",
        "costtags: AWS takes no more calls of ListCostAllocationTags for now (ThrottlingException: Rate exceeded); "
        "run it again in some minutes\n",
    )


def test_connection_lost_between_batches(service, many, tmp_path):
    """What was done before the connection was lost is reported; a later run does the rest."""
    service.faults["UpdateCostAllocationTagsStatus"] = [None, Fault(None), Fault(None)]
    code, out, err = run(service, "--apply", "--no-sagemaker-keys", folder=tmp_path)
    assert code == 2
    assert f"\nkey-19  required   activated now, last used {THIS_MONTH}\n" in out
    assert f"\nkey-20  required   inactive, last used {THIS_MONTH}\n" in out
    again = "not tried, or no answer: run it again, activating twice does no harm"
    assert "\nNot activated:\n" + "".join(f"    {key}: {again}\n" for key in many[20:]) in out
    assert out.endswith("\nWork remains: 20 of 45 keys active, 25 inactive.\n")
    assert err == (
        "costtags: AWS did not answer: Connection was closed before we received a valid response from endpoint URL: "
        f'"{service.url}/".\n'
    )
    assert service.batches == [many[:20], many[20:40], many[20:40]]
    service.calls.clear()
    assert run(service, "--apply", folder=tmp_path)[0] == 0
    assert service.batches == [many[20:40], many[40:]]


LINKED = "Failed to {} Cost Allocation Tag{}: Linked account doesn't have access to cost allocation tags."


@pytest.mark.parametrize(
    ("operation", "fault", "message"),
    [
        (
            "ListCostAllocationTags",
            Fault("AccessDeniedException", LINKED.format("list", "s")),
            f"account {ACCOUNT} is a member of an organization, and cost allocation tags belong to its management "
            "account: run this with credentials of the management account (AccessDeniedException: "
            f"{LINKED.format('list', 's')})",
        ),
        (
            "ListCostAllocationTags",
            Fault("ValidationException", LINKED.format("list", "s")),
            f"account {ACCOUNT} is a member of an organization, and cost allocation tags belong to its management "
            "account: run this with credentials of the management account (ValidationException: "
            f"{LINKED.format('list', 's')})",
        ),
        (
            "ListCostAllocationTags",
            Fault("AccessDeniedException", "User: x is not authorized to perform: ce:ListCostAllocationTags"),
            "AWS denies ListCostAllocationTags (AccessDeniedException: User: x is not authorized to perform: "
            "ce:ListCostAllocationTags); allow ce:ListCostAllocationTags to the caller, in the management account; "
            "for others than its root user, IAM access to billing must be switched on in the account's settings too",
        ),
        (
            "UpdateCostAllocationTagsStatus",
            Fault("AccessDeniedException", "no"),
            "AWS denies UpdateCostAllocationTagsStatus (AccessDeniedException: no); allow "
            "ce:UpdateCostAllocationTagsStatus to the caller, in the management account; for others than its root "
            "user, IAM access to billing must be switched on in the account's settings too",
        ),
        (
            "ListCostAllocationTags",
            Fault("AccessDeniedException", "User not enabled for cost explorer access"),
            "AWS denies ListCostAllocationTags (AccessDeniedException: User not enabled for cost explorer access); "
            "open Cost Explorer once in the Billing console: AWS then enables it, within 24 hours",
        ),
        (
            "ListCostAllocationTags",
            Fault("UnrecognizedClientException", "The security token included in the request is invalid."),
            "AWS does not accept the credentials (UnrecognizedClientException: The security token included in the "
            "request is invalid.); log in again (aws sso login)",
        ),
        (
            "ListCostAllocationTags",
            Fault("Odd\x1b", "hostile \x1b]0;title\x07\n text"),
            "AWS refuses ListCostAllocationTags (Odd\\x1b: hostile \\x1b]0;title\\x07 text)",
        ),
        (
            "GetCallerIdentity",
            Fault("ExpiredToken", "The security token included in the request is expired", 403),
            "AWS does not accept the credentials (ExpiredToken: The security token included in the request is "
            "expired); log in again (aws sso login)",
        ),
    ],
)  # fmt: skip
def test_refusals(service, operation, fault, message):
    """What AWS refuses ends with what to do about it; a state that was read is reported all the same."""
    seen(service, *OURS)
    service.faults[operation] = [fault] * 2
    code, out, err = run(service, "--apply")
    assert (code, err) == (2, f"costtags: {message}\n")
    assert bool(out) == (operation == "UpdateCostAllocationTagsStatus")
    assert all(tag["Status"] == "Inactive" for tag in service.tags.values())


def test_the_account_cannot_be_told(service):
    """Whoever may not ask who they are gets the rest."""
    seen(service, *OURS, state="Active")
    service.faults["GetCallerIdentity"] = [Fault("AccessDenied", "explicit deny", 403)] * 2
    code, out, err = run(service, "--format", "json")
    assert (code, json.loads(out)["account"], err) == (0, None, "")
    service.faults["GetCallerIdentity"] = [Fault("AccessDenied", "explicit deny", 403)] * 2
    assert run(service)[1].startswith("Cost allocation tags of account (unknown), for the keys of tags.yaml\n")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            "no AWS credentials found; log in (aws sso login) and name the profile with --profile or AWS_PROFILE, or "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            {"AWS_PROFILE": "nope"},
            "The config profile (nope) could not be found; `aws configure list-profiles` lists those there are",
        ),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            'AWS did not answer: Could not connect to the endpoint URL: "http://127.0.0.1:9/"',
        ),
        ({"AWS_ENDPOINT_URL": "nope"}, "an AWS setting cannot be used: Invalid endpoint: nope"),
        (
            {"AWS_DEFAULT_REGION": "no region"},
            "AWS cannot be asked: Provided region_name 'no region' doesn't match a supported format.",
        ),
    ],
)  # fmt: skip
def test_settings_that_do_not_work(service, variables, message):
    """Without credentials, or with settings that lead nowhere, the message says which."""
    assert run(service, **variables) == (2, "", f"costtags: {message}\n")
    assert service.calls == []


def test_something_else_answers(service):
    """What is not AWS, such as a network's login page, ends with a message."""
    service.faults["GetCallerIdentity"] = [Fault("", "<html>Please log in<br></html>", 200, raw=True)]
    code, out, err = run(service)
    assert (code, out, service.calls) == (2, "", [])
    assert err.startswith("costtags: AWS did not answer: Unable to parse response")
    assert err.count("\n") == 1


def test_profile(service, tmp_path):
    """--profile names the profile of AWS's own files, and retries set there are the user's."""
    config = tmp_path / "config"
    config.write_text(
        "[profile payer]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\nmax_attempts = 3\n"
        "retry_mode = standard\nregion = eu-west-1\n"
    )
    service.faults["ListCostAllocationTags"] = [Fault("ThrottlingException", "Rate exceeded")] * 2
    variables = {"AWS_CONFIG_FILE": str(config), "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert run(service, "--profile", "payer", **variables, AWS_MAX_ATTEMPTS="")[0] == 1
    assert len(service.asked("ListCostAllocationTags")) == 3
    code, _, err = run(service, "--profile", "nope", **variables)
    assert (code, err.split(";")[0]) == (2, "costtags: The config profile (nope) could not be found")


def test_hostile_keys(service):
    """Keys that hold a terminal's commands are written out, in text and in JSON."""
    service.key("\x1b[2Jcost_center\u202e", "Active", used="2026-10")
    service.key("COST_CENTER", "Active", since="2026-01-01")
    (_, text, _), (_, raw, _) = run(service), run(service, "--format", "json")
    assert "    COST_CENTER: means cost-center; active\n" in text
    assert all(c.isprintable() or c == "\n" for c in text + raw)
    assert len(json.loads(raw)["misspelt"]) == 1


def test_hostile_misspelling(service, tmp_path):
    """The same for a key that counts as a spelling of ours: other spaces than the plain one are no letters."""
    (tmp_path / "tags.yaml").write_text("version: 1\ntags: {cost-center: {}}\n")
    service.key("cost\x1f\u2028center", "Active")
    (_, text, _), (_, raw, _) = (run(service, *form, folder=tmp_path) for form in ([], ["--format", "json"]))
    assert "    cost\\x1f\\u2028center: means cost-center; active\n" in text
    assert '"key": "cost\\u001f\\u2028center"' in raw
    assert json.loads(raw)["misspelt"][0]["key"] == "cost\x1f\u2028center"


BACK = months_ago(3)
RULES = f"""
A backfill from {BACK} gives every month since then the state that each key has now:
    - of all keys of the account, also those that tags.yaml does not name;
    - an active key appears in these months, on costs of resources that carried the tag then;
    - an inactive key is taken out of these months, also where it was active then;
    - AWS takes the first of a month, at most 12 months back, one request in 24 hours, one at a time.
"""
REQUESTED = f"""Backfill requested: PROCESSING. Reports follow within 24 hours after it has succeeded;
`costtags activate --backfill-from {BACK}` shows how it stands.
"""


def past(hours: float, status: str = "SUCCEEDED") -> dict[str, str]:
    """Return an earlier request of a backfill."""
    return {"BackfillFrom": "2026-01-01T00:00:00Z", "RequestedAt": hours_ago(hours), "BackfillStatus": status}


def shown(entry: dict[str, str]) -> str:
    """Return how an earlier request is shown."""
    at = datetime.fromisoformat(entry["RequestedAt"])
    return f"Last request: from 2026-01, requested on {at:%Y-%m-%d at %H:%M} UTC, {entry['BackfillStatus']}.\n"


def test_backfill_without_apply(service):
    """Without --apply, what a backfill would do is told, with the latest request; nothing is requested."""
    seen(service, *OURS)
    service.backfills = [past(90), past(30), past(60)]
    code, out, err = run(service, "--backfill-from", BACK)
    assert (code, err, service.writes) == (1, "", [])
    assert out.endswith(
        f"{RULES}{shown(past(30))}"
        f"Backfill not requested; to request it: costtags activate --apply --backfill-from {BACK}\n"
    )


def test_backfill(service):
    """With --yes it is requested, after the keys were activated and the rules printed."""
    seen(service, *OURS)
    code, out, err = run(service, "--apply", "--backfill-from", f"{BACK}-01", "--yes")
    assert (code, err) == (0, "")
    assert out.endswith(f"\nDone: 4 of 4 keys active.\n{RULES}Last request: none so far.\n{REQUESTED}")
    assert service.writes == ["UpdateCostAllocationTagsStatus", "StartCostAllocationTagBackfill"]
    assert service.asked("StartCostAllocationTagBackfill") == [{"BackfillFrom": f"{BACK}-01T00:00:00Z"}]
    code, out, _ = run(service, "--apply", "--backfill-from", BACK, "--yes")
    assert code == 1
    assert out.endswith("Backfill not requested: AWS is still processing the last one.\n")
    assert len(service.asked("StartCostAllocationTagBackfill")) == 1


def test_backfill_json(service):
    """The JSON of a backfill stands alone on stdout; the rules go to stderr."""
    seen(service, *OURS, state="Active")
    service.key("owner", "Inactive", since=f"{months_ago(1)}-03", used=months_ago(1))
    service.backfills = [past(48)]
    code, out, err = run(service, "--apply", "--backfill-from", BACK, "--yes", "--format", "json")
    assert code == 0
    assert err.startswith(RULES)
    assert json.loads(out)["backfill"] == {
        "from": f"{BACK}-01",
        "requested": True,
        "request": {
            "from": f"{BACK}-01", "requested_at": service.backfills[1]["RequestedAt"], "status": "PROCESSING",
        },
        "refused": None,
        "last": {"from": "2026-01-01", "requested_at": hours_ago(48), "status": "SUCCEEDED"},
        "removed": ["owner"],
    }  # fmt: skip


def test_backfill_names_the_keys_that_it_takes_out(service):
    """Keys that were switched off in these months are named: their history goes."""
    seen(service, *OURS, state="Active")
    service.key("owner", "Inactive", since=f"{months_ago(1)}-03", used=THIS_MONTH)
    service.key("no-use-told\x1b", "Inactive", since=f"{months_ago(2)}-03")
    service.key("off-before", "Inactive", since=f"{months_ago(4)}-03", used=THIS_MONTH)
    service.key("unused", "Inactive", since=f"{months_ago(1)}-03", used=months_ago(4))
    service.key("never-on", "Inactive", used=THIS_MONTH)
    _, out, _ = run(service, "--backfill-from", BACK)
    assert (
        f"""Probably taken out: keys that were used and switched off since {BACK}:
    no-use-told\\x1b: inactive since {months_ago(2)}-03
    owner: inactive since {months_ago(1)}-03
    To keep one, activate it first; later, activate it and request another backfill.
Backfill not requested; to request it: """
        in out
    )


@pytest.mark.parametrize(
    ("history", "refusal"),
    [
        ([past(1)], "AWS takes one request in 24 hours; the next after "),
        ([past(50), past(23.9)], "AWS takes one request in 24 hours; the next after "),
        ([past(50), past(40, "PROCESSING")], "AWS is still processing the last one."),
        ([past(24.1)], None),
        ([past(1, "FAILED")], None),
    ],
)
def test_backfill_too_soon(service, history, refusal):
    """What AWS would refuse is not asked; whether a failed request counts, AWS decides."""
    seen(service, *OURS, state="Active")
    service.backfills = history
    code, out, err = run(service, "--apply", "--backfill-from", BACK, "--yes")
    assert err == ""
    if refusal is None:
        assert (code, service.writes) == (0, ["StartCostAllocationTagBackfill"])
    else:
        assert (code, service.writes) == (1, [])
        assert f"\nBackfill not requested: {refusal}" in out


def test_backfill_with_a_key_that_stays_inactive(service):
    """A key of tags.yaml that AWS did not activate would lose its history: no backfill, whatever --yes says."""
    seen(service, *OURS)
    service.refused["team"] = ("Odd", "no")
    code, out, _ = run(service, "--apply", "--backfill-from", BACK, "--yes")
    assert (code, service.asked("StartCostAllocationTagBackfill")) == (1, [])
    assert out.endswith(
        "Backfill not requested: still inactive: team; a backfill would take them out of these months.\n"
    )


def test_backfill_with_no_key_at_all(service):
    """Where none of the keys is active there is nothing to backfill."""
    code, out, _ = run(service, "--apply", "--backfill-from", BACK, "--yes")
    assert (code, service.writes) == (1, [])
    assert out.endswith(
        "Backfill not requested: none of these keys is active: there is nothing to bring into these months.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2026"], f'"2026" is no month; write one like {THIS_MONTH}'),
        ([f"{BACK}-15"], f"a backfill starts on the first of a month: {BACK}, not {BACK}-15"),
        ([months_ago(-1)], f"{months_ago(-1)} lies in the future"),
        ([months_ago(13)], f"AWS backfills at most 12 months: {months_ago(12)} is the earliest now"),
    ],
)
def test_months_that_cannot_be_backfilled(service, arguments, message):
    """A month that AWS would refuse is refused before anything is asked or done."""
    seen(service, *OURS)
    code, out, err = run(service, "--apply", "--yes", "--backfill-from", *arguments)
    assert (code, out, service.calls) == (2, "", [])
    assert err.endswith(f"Error: --backfill-from: {message}\n")


def test_backfill_without_anyone_to_ask(service):
    """Where no one can answer, and no --yes was given, nothing at all is done."""
    seen(service, *OURS)
    code, out, err = run(service, "--apply", "--backfill-from", BACK)
    assert (code, out, service.calls) == (2, "", [])
    assert err.endswith("Error: before a backfill is requested, a person is asked, and there is none here: add --yes\n")


@pytest.mark.parametrize(("answer", "code", "end"), [("y", 0, REQUESTED), ("", 1, "Backfill not requested.\n")])
def test_backfill_asks(service, answer, code, end):
    """On a terminal the question comes after the rules; no answer is a no."""
    seen(service, *OURS, state="Active")
    got, shown = run_on_terminal(service, answer, "--apply", "--backfill-from", BACK)
    assert got == code
    assert shown.endswith(f"{RULES}Last request: none so far.\nRequest it? [y/N]: {answer}\n{end}")
    assert service.writes == ["StartCostAllocationTagBackfill"] * (code == 0)


def test_backfill_whose_answer_is_lost(service):
    """AWS took the request, its answer was lost, and the repeated request is refused: it was requested all the same."""
    seen(service, *OURS, state="Active")
    service.faults["StartCostAllocationTagBackfill"] = [Fault(None, after_acting=True)]
    code, out, err = run(service, "--apply", "--backfill-from", BACK, "--yes")
    assert (code, err) == (0, "")
    assert out.endswith(REQUESTED)
    assert len(service.asked("StartCostAllocationTagBackfill")) == 2


def test_backfill_that_another_requested(service):
    """Someone else's request for other months that came between is not taken for ours, nor is an old one."""
    seen(service, *OURS, state="Active")
    service.backfills = [{**past(40), "BackfillFrom": f"{BACK}-01T00:00:00Z"}]
    start = service.StartCostAllocationTagBackfill

    def come_between(call: Call) -> Fault:
        start(replace(call, body={"BackfillFrom": "2026-02-01T00:00:00Z"}))
        return Fault("BackfillLimitExceededException", "in progress")

    service.StartCostAllocationTagBackfill = come_between
    code, out, err = run(service, "--apply", "--backfill-from", BACK, "--yes")
    assert (code, err) == (
        2,
        "costtags: AWS refuses StartCostAllocationTagBackfill (BackfillLimitExceededException: in progress)\n",
    )
    assert out.endswith(" UTC, SUCCEEDED.\n")
    assert len(service.backfills) == 2


def test_backfill_without_an_answer(service):
    """Where nobody answers, the message says how to learn what became of it; the JSON has the rest."""
    seen(service, *OURS)
    service.faults["StartCostAllocationTagBackfill"] = [Fault(None)] * 2
    code, out, err = run(service, "--apply", "--backfill-from", BACK, "--yes", "--format", "json")
    assert code == 2
    assert all(key["activated"] for key in json.loads(out)["keys"][:4])
    assert json.loads(out)["backfill"]["requested"] is False
    assert err.endswith(f"\nwhether AWS took the request, `costtags activate --backfill-from {BACK}` shows\n")


def test_backfill_denied(service):
    """Where the history may not be read, the keys are activated and reported before the message."""
    seen(service, *OURS)
    service.faults["ListCostAllocationTagBackfillHistory"] = [Fault("AccessDeniedException", "no")]
    code, out, err = run(service, "--apply", "--backfill-from", BACK, "--yes")
    assert code == 2
    assert out.endswith("\nDone: 4 of 4 keys active.\n")
    assert "allow ce:ListCostAllocationTagBackfillHistory to the caller" in err


def test_wrong_schema(service, tmp_path):
    """A tags.yaml with errors ends the run before AWS is asked."""
    (tmp_path / "tags.yaml").write_text("version: 2\ntags: {}\n")
    code, out, err = run(service, folder=tmp_path)
    assert (code, out, service.calls) == (2, "", [])
    assert err.startswith("tags.yaml:1: ")


def test_help_is_fast():
    """Neither the program's help nor the command's loads boto3."""
    for arguments in (["--help"], ["activate", "--help"]):
        code = (
            f"import sys; from costtags.cli import main; main({arguments}, standalone_mode=False); print(*sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
        assert "activate" in done.stdout
        assert not {"boto3", "botocore"} & set(done.stdout.split())
