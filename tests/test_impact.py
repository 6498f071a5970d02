"""costtags impact as a user runs it: on log files, on CloudTrail's event history, and on Athena.

moto has no LookupEvents.
"""

import contextlib
import csv
import gzip
import io
import itertools
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from click.testing import CliRunner

from costtags.account.places import Access, Place, Unreachable
from costtags.cli import main
from costtags.impact import lookup
from costtags.impact.events import Call
from costtags.impact.lookup import Journal, JournalProblem, Question
from costtags.impact.table import query

from . import stand_in
from .stand_in import Body, Fault, StandIn, serving
from .test_athena import Service as Athena
from .test_impact_decide import ACCOUNT, RIGHT, event

COMMAND = str(Path(sys.executable).with_name("costtags"))
ROOT = Path(__file__).parents[1]
NOW = datetime.now(tz=UTC).replace(microsecond=0)
BREAK_GLASS = ("--break-glass", "arn:aws:iam::*:role/BreakGlass")
NO_MANAGEMENT = (
    "note: no account here is taken to be the management account, which service control policies do not reach: name "
    "it with --management-account\n"
)


def numbered(number: int, *arguments: Any, when: datetime = NOW, **changed: Any) -> dict[str, Any]:
    stamp = f"{when:%Y-%m-%dT%H:%M:%SZ}"
    return event(*arguments, eventID=f"id-{number}", eventTime=stamp, **changed)


def environment(url: str = "http://127.0.0.1:1", **variables: str) -> dict[str, str]:
    return stand_in.environment(url, **({"AWS_REGION": "eu-west-1", "AWS_MAX_ATTEMPTS": "3"} | variables))


def run(*arguments: str, url: str | None = None, folder: Path = ROOT) -> tuple[int, str, str]:
    """Run it as a process where it asks AWS, and in this one where it reads files."""
    if url is None:
        with contextlib.chdir(folder):
            result = CliRunner(env=environment()).invoke(main, ["impact", *arguments])
        assert "Traceback" not in result.stdout + result.stderr, result.stderr
        return result.exit_code, result.stdout, result.stderr
    done = subprocess.run(
        [COMMAND, "impact", *arguments],
        cwd=folder,
        env=environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


# --- Log files --------------------------------------------------------------------------------------------------------

DAY = datetime(2026, 11, 10, 10, tzinfo=UTC)
EVENTS = [
    numbered(1, "CreateEndpoint", {}, when=DAY),
    numbered(2, "CreateEndpoint", RIGHT, when=DAY + timedelta(days=1)),
    numbered(3, "CreateTrainingJob", {**RIGHT, "environment": "production"}, when=DAY + timedelta(days=2)),
    numbered(4, "CreateTrainingJob", {}, when=DAY + timedelta(days=3), errorCode="ValidationException"),
    numbered(5, "CreateTrainingJob", {}, "BreakGlass", when=DAY + timedelta(days=4)),
    numbered(6, "CreateTrainingJob", None, when=DAY + timedelta(days=5), requestParameters=None),
    numbered(7, "DescribeEndpoint", {}, when=DAY + timedelta(days=7)),
]
OTHER = {"eventSource": "s3.amazonaws.com", "eventName": "PutObject", "eventTime": "2026-11-10T10:00:00Z"}


def test_a_log_file(tmp_path: Path) -> None:
    """The whole text; the same event in two files counts once."""
    for name in ("a", "b"):
        with gzip.open(tmp_path / f"{name}.json.gz", "wt") as file:
            json.dump({"Records": [*EVENTS, OTHER]}, file)
    code, out, error = run(str(tmp_path), *BREAK_GLASS)
    assert error == "principals from Pulumi.org.yaml\n"
    principal = f"arn:aws:iam::{ACCOUNT}:role/Scientist"
    assert out == (
        f"""\
scp-require-tags would have denied 2 calls of 1 principal in 7 days
Of the calls that it is about: 2 allowed, 1 cannot be told, 1 failed anyway (2026-11-10 10:00 to 2026-11-17 10:00 UTC).

denied  cannot tell  allowed  failed anyway  last                  principal                                 \
action             account       region
     1            1        0              1  2026-11-15T10:00:00Z  {principal}  CreateTrainingJob  {ACCOUNT}  eu-west-1
     1            0        1              0  2026-11-11T10:00:00Z  {principal}  CreateEndpoint     {ACCOUNT}  eu-west-1

CreateTrainingJob by {principal}, such as event id-3 at 2026-11-12T10:00:00Z:
  tag "environment" has a value that is not allowed; allowed: dev, staging, prod; did you mean "prod"?
  denied by ValuesEnvironment

CreateEndpoint by {principal}, such as event id-1 at 2026-11-10T10:00:00Z:
  tag "cost-center" is missing; allowed: ML-Marketing, ML-Sales, ML-Research
  tag "environment" is missing; allowed: dev, staging, prod
  tag "project" is missing; allowed: what matches [a-z][a-z0-9-]{{1,30}}
  denied by RequireCostCenter, RequireEnvironment, RequireProject

cannot tell, 1 call: the event has no request parameters: CloudTrail leaves out what is too large

{NO_MANAGEMENT}"""
    )
    assert code == 1


def test_json(tmp_path: Path) -> None:
    """The contract; every source form gives the same."""
    plain = tmp_path / "plain.json"
    plain.write_text(json.dumps({"Records": EVENTS}, indent=1))
    code, expected, _ = run(str(plain), *BREAK_GLASS, "--format", "json", "--management-account", "999988887777")
    assert code == 1
    data = json.loads(expected)
    assert data["version"] == 1
    assert data["documents"] == ["scp-require-tags"]
    assert data["period"] == {"since": "2026-11-10T10:00:00Z", "until": "2026-11-17T10:00:00Z"}
    assert data["summary"] == {
        "calls": 6,
        "denied": 2,
        "allowed": 2,
        "cannot_tell": 1,
        "failed_anyway": 1,
        "principals_denied": 1,
    }
    assert data["rows"][0] == {
        "principal": f"arn:aws:iam::{ACCOUNT}:role/Scientist",
        "action": "CreateTrainingJob",
        "account": ACCOUNT,
        "region": "eu-west-1",
        "denied": 1,
        "allowed": 0,
        "cannot_tell": 1,
        "failed_anyway": 1,
        "last": "2026-11-15T10:00:00Z",
        "reasons": [
            {
                "decision": "cannot tell",
                "why": "the event has no request parameters: CloudTrail leaves out what is too large",
                "calls": 1,
            }
        ],
        "example": {
            "event": "id-3",
            "time": "2026-11-12T10:00:00Z",
            "denied_by": ["ValuesEnvironment"],
            "messages": [
                'tag "environment" has a value that is not allowed; allowed: dev, staging, prod; did you mean "prod"?'
            ],
        },
    }
    assert "production" not in expected  # no values of requests
    lower = [{key.lower(): value for key, value in one.items()} for one in EVENTS]
    forms = {
        "lines.jsonl": "".join(json.dumps(one) + "\n" for one in EVENTS),
        "athena.json": "".join(
            json.dumps({**one, "requestparameters": json.dumps(one["requestparameters"])}) + "\n" for one in lower
        ),
        "lookup.json": json.dumps({"Events": [{"EventId": "x", "CloudTrailEvent": json.dumps(e)} for e in EVENTS]}),
        "lake.json": "\n".join(json.dumps({"eventJson": json.dumps(one)}) for one in EVENTS),
        "array.json": json.dumps(EVENTS),
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text)
        arguments = (str(tmp_path / name), *BREAK_GLASS, "--format", "json", "--management-account", "999988887777")
        assert run(*arguments)[:2] == (1, expected), name


def test_no_call_to_sagemaker(tmp_path: Path) -> None:
    """Nothing denied since nothing was there is said."""
    (tmp_path / "a.json").write_text(json.dumps([OTHER]))
    code, out, _ = run(str(tmp_path), *BREAK_GLASS)
    assert code == 0
    assert "\nnote: there is no call to SageMaker in what was read\n" in out


def test_a_damaged_file(tmp_path: Path) -> None:
    """Damaged somewhere in the middle, in whatever way: the others are read."""
    lines = "".join(
        json.dumps({**one, "eventID": f"{one['eventID']}-{n}"}) + "\n" for n in range(400) for one in EVENTS
    )
    packed = gzip.compress(lines.encode(), mtime=0)
    (tmp_path / "b.json").write_text(json.dumps(EVENTS[0]))
    kinds = set()
    for at in range(100, 1100, 50):
        (tmp_path / "a.json.gz").write_bytes(packed[:at] + b"\xff" * 40 + packed[at + 40 :])
        code, out, _ = run(str(tmp_path), *BREAK_GLASS, "--format", "json")
        unread = json.loads(out)["unread"]
        assert code == 1
        kinds |= {one["why"].rpartition(":")[2] for one in unread if "is no whole gzip file" in one["why"]}
    assert any("CRC check" not in one for one in kinds), kinds  # what zlib itself raises


def test_a_policy_in_the_older_language(tmp_path: Path) -> None:
    """Without a Version, a variable is plain text, which no tag equals."""
    deny = {"Effect": "Deny", "Action": "sagemaker:CreateEndpoint", "Resource": "*"}
    deny["Condition"] = {"StringEquals": {"aws:RequestTag/project": "${aws:PrincipalAccount}"}}
    (tmp_path / "a.json").write_text(json.dumps(numbered(1, "CreateEndpoint", {"project": ACCOUNT})))
    for version, expected in (({}, 0), ({"Version": "2008-10-17"}, 0), ({"Version": "2012-10-17"}, 1)):
        (tmp_path / "p.json").write_text(json.dumps({**version, "Statement": deny}))
        assert run("a.json", "--policy", "p.json", folder=tmp_path)[0] == expected


def test_nothing_denied(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(EVENTS[1]))
    code, out, _ = run(str(file), *BREAK_GLASS, "--management-account", ACCOUNT[::-1])
    assert (code, out.splitlines()[0]) == (0, "scp-require-tags would have denied 0 calls in less than an hour")


def test_damaged_files(tmp_path: Path) -> None:
    """What cannot be read is told, with its place; the rest counts."""
    whole = gzip.compress(json.dumps({"Records": EVENTS}).encode())
    good = json.dumps(EVENTS[0])
    files = {
        "cut.json.gz": whole[:-40],
        "text.json": b"hello",
        "latin.json": b'"\xe9"',
        "deep.json": b"[" * 100_000,
        "lines.jsonl": f'{good}\n{{"cut": \n\n{{"a": 1}}\n7\n'.encode(),
        "first.jsonl": f"{{cut\n{json.dumps(EVENTS[4])}\n".encode(),
        "empty.json": b"",
        "many.json": json.dumps({"Records": [1, 2, 3, 4, 5]}).encode(),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    code, out, _ = run(str(tmp_path), *BREAK_GLASS, "--format", "json")
    data = json.loads(out)
    assert code == 1
    assert data["summary"]["denied"] == 1
    assert data["summary"]["allowed"] == 1
    shown = {one["what"].removeprefix(f"{tmp_path}/"): one["why"] for one in data["unread"]}
    no_event = "no eventSource and eventName, as every event of CloudTrail has"
    assert shown == {
        "cut.json.gz": "is no whole gzip file: Compressed file ended before the end-of-stream marker was reached",
        "text.json": "is no JSON: Expecting value (line 1)",
        "latin.json": "is no text in UTF-8",
        "deep.json": "is nested too deeply",
        "lines.jsonl:2": "is no JSON: Expecting value",
        "lines.jsonl:4": no_event,
        "lines.jsonl:5": "no JSON object",
        "first.jsonl:1": "is no JSON: Expecting property name enclosed in double quotes",
        "many.json (event 1)": "no JSON object",
        "many.json (event 2)": "no JSON object",
        "many.json (event 3)": "no JSON object",
        "many.json": "2 more entries that are no events",
    }


def test_nothing_readable(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert run(str(tmp_path), *BREAK_GLASS) == (
        2,
        "",
        "principals from Pulumi.org.yaml\n"
        f"costtags: nothing could be read:\n{tmp_path}: holds no log files (.json, .json.gz, .jsonl, .jsonl.gz, "
        ".ndjson, .ndjson.gz)\n",
    )


def test_hostile_names(tmp_path: Path) -> None:
    """Nothing in an event acts on a terminal, or as a formula."""
    identity = {"type": "IAMUser", "arn": "=cmd|' /C calc'!A0\x1b[31m\n::error::x", "accountId": "+1"}
    tags = {"Environment\x1b[0m": "x", "=1+1": "y", "environment": "\x07"}
    file = tmp_path / "a.json"
    file.write_text(json.dumps(numbered(1, "CreateEndpoint", tags, userIdentity=identity, awsRegion="@x\u202e")))
    for form in ("text", "json", "csv"):
        code, out, _ = run(str(file), *BREAK_GLASS, "--format", form)
        assert code == 1
        assert not any(c in out for c in "\x1b\x07\u202e")
        assert not any(line.startswith("::") for line in out.splitlines())
        if form == "csv":
            (row,) = list(csv.DictReader(io.StringIO(out)))
            cells = (row["principal"][:2], row["account"], row["region"][:2])
            assert cells == ("'=", "'+1", "'@")


def test_many_rows(tmp_path: Path) -> None:
    """The text has an example of the first; the numbers of all."""
    file = tmp_path / "a.json"
    file.write_text(json.dumps([numbered(n, "CreateEndpoint", {}, f"R{n:02}", when=DAY) for n in range(25)]))
    _, out, _ = run(str(file), *BREAK_GLASS)
    assert out.startswith("scp-require-tags would have denied 25 calls of 25 principals in less than an hour\n")
    assert out.count(", such as event id-") == 20
    assert "\n... and an example of each of the other 5 in --format json\n" in out


def test_two_documents(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(EVENTS[0]))
    _, out, _ = run(str(file), *BREAK_GLASS, "--document", "scp-require-tags", "--document", "scp-deny-new-spend")
    assert out.startswith(
        "scp-require-tags and scp-deny-new-spend would have denied 1 call of 1 principal in less than an hour\n"
    )
    assert "scp-require-tags RequireProject, scp-deny-new-spend NoNewSpend\n" in out


def test_sessions(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    bob = json.loads(json.dumps(EVENTS[0]).replace("/alice", "/bob")) | {"eventID": "id-9"}
    file.write_text(json.dumps([EVENTS[0], bob]))
    _, out, _ = run(str(file), *BREAK_GLASS, "--sessions", "--format", "json")
    assert [row["session"] for row in json.loads(out)["rows"]] == ["alice", "bob"]
    assert "alice" not in run(str(file), *BREAK_GLASS, "--format", "json")[1]


def test_any_policy(tmp_path: Path) -> None:
    """Without tags.yaml too; what it allows is not judged, and that is said."""
    file, policy = tmp_path / "a.json", tmp_path / "p.json"
    file.write_text(json.dumps(EVENTS))
    deny = {"Sid": "No", "Effect": "Deny", "Action": "sagemaker:Describe*", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [deny, {**deny, "Effect": "Allow"}]}))
    code, out, _ = run(str(file), "--policy", str(policy), "--policy-type", "iam", folder=tmp_path)
    assert code == 1
    assert out.startswith("p.json would have denied 1 call of 1 principal in 7 days\n")
    assert out.endswith(
        "  denied by No\n\nnote: p.json: 1 statement that allows is not judged: others that allow the calls are taken "
        "to stand beside the policy\nnote: IAM policies are taken to be attached to every role and user\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "p.json:1: is no JSON: Expecting property name enclosed in double quotes"),
        ("[]", 'p.json is no policy: it has no "Statement", one object or a list of them'),
        (
            '{"Statement": [{"Effect": "Allow", "Action": "*"}]}',
            "p.json has no statement with Effect Deny: there is nothing to judge by. What a list of allowed actions "
            "leaves out is not judged",
        ),
        (
            '{"Statement": [{"Effect": "Deny"}, {"Sid": "S", "Effect": "deny", "Action": {}, "NotAction": "*"}]}',
            "p.json: statement 1 has neither Action nor NotAction\n"
            'p.json: statement "S": Effect must be Allow or Deny, in this spelling\n'
            'p.json: statement "S" has both Action and NotAction\n'
            'p.json: statement "S": Action must be a text or a list of texts',
        ),
        (
            '{"Statement": {"Effect": "Deny", "Action": "*", "Condition": {"StringEqual": {"aws:TagKeys": "x"}}}}',
            'p.json: statement 1: IAM has no operator "StringEqual"',
        ),
        (
            '{"Statement": {"Effect": "Deny", "Action": "*", "Condition": {"Null": "x"}, "Principal": "*"}}',
            "p.json: statement 1 has Principal: only policies of resources have that, which are not judged\n"
            'p.json: statement 1: Condition must be of the form {"StringEquals": {"aws:RequestTag/team": "x"}}',
        ),
    ],
)
def test_policies_that_are_none(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "p.json").write_text(text)
    (tmp_path / "a.json").write_text(json.dumps(EVENTS))
    code, out, error = run("a.json", "--policy", "p.json", folder=tmp_path)
    assert (code, out, error) == (2, "", f"costtags: {expected}\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("a.json", "--athena", "w", "--table", "d.t"), "files or --athena: name one source"),
        (("a.json", "--account", ACCOUNT), "--account says where to ask for events: files and Athena's table are read"),
        (("a.json", "--region", "eu-west-1"), "--region says where to ask for events: files are read whole"),
        (
            ("--athena", "w", "--table", "d.t", "--region", "all"),
            "--region with --athena is the one that the workgroup is in",
        ),
        (("--athena", "w"), "--athena WORKGROUP and --table DATABASE.TABLE go together"),
        (("a.json", "--journal", "j"), "--journal is for the event history; files and Athena are read at once"),
        (("--since", "soon"), '--since and --until: "soon" is no time: write 7d, 12h, 4w, 2026-11-01 or 2026-11-01T08'),
        (("--since", "1d", "--until", "2d"), "--since must lie before --until"),
        (("--management-account", "root"), '--management-account: "root" is no account id of 12 digits'),
        (("--document", "budgets", *BREAK_GLASS), "budgets denies no call: there is nothing to judge by"),
        (("--document", "scp"), 'no document "scp"; those that deny are among: iam-require-tags, iam-protect-tags'),
    ],
)
def test_mistakes(tmp_path: Path, arguments: tuple[str, ...], expected: str) -> None:
    (tmp_path / "a.json").write_text("")
    code, out, error = run(*arguments, "--schema", str(ROOT / "tags.yaml"), folder=tmp_path)
    assert (code, out) == (2, "")
    assert expected in error.replace("\n", " ")


# --- The event history ------------------------------------------------------------------------------------------------


@dataclass
class Trail(StandIn):
    """CloudTrail's LookupEvents, and Organizations and Athena; what goes wrong, by chance or from some call on."""

    account: str = ACCOUNT
    events: list[dict[str, Any]] = field(default_factory=list)
    page: int = 50
    fault_rate: float = 0.0
    denied_regions: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    after: int = 10**9
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    athena: Athena = field(default_factory=Athena)

    def answer(self, call: stand_in.Call) -> Body | Fault:
        return self.athena.answer(call) if call.service == "athena" else super().answer(call)

    def DescribeOrganization(self, _: stand_in.Call) -> Body:
        return {"Organization": {"Id": "o-exampleorgid", "MasterAccountId": self.account}}

    def LookupEvents(self, call: stand_in.Call) -> Body | Fault:
        request = call.body
        if len(self.calls) > self.after:
            return Fault(None)
        if call.region in self.denied_regions:
            return Fault("AccessDeniedException", "not allowed by an SCP")
        if self.chance.random() < self.fault_rate:
            return self.chance.choice([Fault(None), Fault("", status=500), Fault("ThrottlingException", "x")])
        if request.get("NextToken") in self.expired:
            self.expired.clear()
            return Fault("InvalidNextTokenException", "expired")
        (wanted,) = request["LookupAttributes"]
        member = {"EventSource": "eventSource", "EventName": "eventName"}[wanted["AttributeKey"]]
        found = sorted(
            (
                one
                for one in self.events
                if one["awsRegion"] == call.region
                and one[member] == wanted["AttributeValue"]
                and _epoch(one) >= request["StartTime"]
                and _epoch(one) <= request["EndTime"]
            ),
            key=lambda one: (-_epoch(one), one["eventID"]),
        )
        start = int(request.get("NextToken", "0").partition("-")[0])
        end = start + min(self.page, request["MaxResults"])
        events = [
            {
                "EventId": one["eventID"],
                "EventName": one["eventName"],
                "EventTime": datetime.fromtimestamp(_epoch(one), UTC),
                "EventSource": one["eventSource"],
                "CloudTrailEvent": json.dumps(one),
            }
            for one in found[start:end]
        ]
        return {"Events": events} | ({"NextToken": f"{end}-{wanted['AttributeValue']}"} if end < len(found) else {})

    def lookups(self) -> list[tuple[str, str]]:
        return [
            (call.region, call.body["LookupAttributes"][0]["AttributeValue"])
            for call in self.calls
            if call.operation == "LookupEvents"
        ]


def _epoch(one: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(one["eventTime"]).timestamp()


@pytest.fixture
def trail() -> Iterator[Trail]:
    made = Trail()
    with serving(made) as made.url:
        yield made


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def test_the_event_history(trail: Trail) -> None:
    """One request where a page holds all; the management account is asked for where that is wanted."""
    trail.events = [
        numbered(1, "CreateEndpoint", {}, when=ago(60)),
        numbered(2, "CreateEndpoint", {}, when=ago(60 * 24 * 8)),
        numbered(3, "DescribeEndpoint", {}, when=ago(1)),
        numbered(4, "CreateCluster", {}, when=ago(1), eventSource="ecs.amazonaws.com"),
    ]
    code, out, error = run(*BREAK_GLASS, url=trail.url)
    assert (code, error) == (1, "principals from Pulumi.org.yaml\n")
    assert out.startswith("scp-require-tags would have denied 1 call of 1 principal in 7 days\n")
    assert trail.lookups() == [("eu-west-1", "sagemaker.amazonaws.com")]
    code, out, _ = run(*BREAK_GLASS, "--since", "90d", "--organization", url=trail.url)
    assert (code, out.splitlines()[0]) == (0, "scp-require-tags would have denied 0 calls in 90 days")
    assert "allowed, 2 calls: service control policies do not reach the management account\n" in out
    assert set(trail.operations()) == {"LookupEvents", "DescribeOrganization"}


def test_regions_that_cannot_be_asked(trail: Trail) -> None:
    trail.events = [numbered(1, "CreateEndpoint", RIGHT, when=ago(60))]
    trail.denied_regions = {"us-east-1"}
    arguments = (*BREAK_GLASS, "--region", "us-east-1", "--region", "eu-west-1", "--management-account", "9" * 12)
    code, out, _ = run(*arguments, url=trail.url)
    assert code == 1
    assert out.endswith(
        f"\nNot read: 1\n  {ACCOUNT} us-east-1: AWS denies LookupEvents (AccessDeniedException: not allowed "
        "by an SCP)\n"
    )
    trail.denied_regions.add("eu-west-1")
    code, out, error = run(*arguments, url=trail.url)
    assert (code, out) == (2, "")
    assert error.startswith("principals from Pulumi.org.yaml\ncosttags: nothing could be read:\n")


def test_without_credentials() -> None:
    done = subprocess.run(
        [COMMAND, "impact", *BREAK_GLASS],
        cwd=ROOT,
        env=environment(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "costtags: no AWS credentials found; log in" in done.stderr
    assert "Traceback" not in done.stderr


PLACES = [Place(ACCOUNT, "eu-west-1"), Place(ACCOUNT, "us-east-1")]
ACTIONS = ("CreateEndpoint", "CreateTrainingJob")


@pytest.fixture
def access(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Access:
    for name, value in environment(trail.url, AWS_MAX_ATTEMPTS="8", AWS_RETRY_MODE="standard").items():
        monkeypatch.setenv(name, value)
    # The waits between retries are botocore's: they would only make the test long.
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    return Access(None)


def busy(trail: Trail, number: int) -> set[str]:
    """Many events in two regions, several in a second, most of them of no interest; return the ids that count."""
    chosen = random.Random(7)
    for index in range(number):
        action = chosen.choices(["DescribeTrainingJob", *ACTIONS], [8, 1, 1])[0]
        region = chosen.choice(PLACES).region
        trail.events.append(numbered(index, action, {}, when=ago(index // 6), awsRegion=region))
    return {one["eventID"] for one in trail.events if one["eventName"] in ACTIONS}


def look(access: Access, journal: Journal) -> tuple[list[Call], list[Unreachable]]:
    unread: list[Unreachable] = []
    return list(lookup.calls(access, PLACES, journal, unread, lambda _: None, pace=0)), unread


def question() -> Question:
    return Question(ACTIONS, NOW - timedelta(days=30), NOW)


def test_busy_places_are_asked_by_action(trail: Trail, access: Access) -> None:
    """All of them for as many pages as there are actions, then each action, from there on."""
    expected = busy(trail, 3000)
    found, unread = look(access, Journal(None, {}, question()))
    assert {call.id for call in found} == expected
    assert unread == []
    by_source = [region for region, name in trail.lookups() if name == "sagemaker.amazonaws.com"]
    assert sorted(by_source) == ["eu-west-1"] * 2 + ["us-east-1"] * 2
    assert len(trail.lookups()) <= 4 + len(expected) // 50 + len(ACTIONS) * len(PLACES)


def test_faults(trail: Trail, access: Access) -> None:
    """Throttling, lost connections, errors of AWS, and a token that has expired."""
    expected = busy(trail, 2000)
    trail.fault_rate = 0.3
    trail.expired = {"50-CreateEndpoint"}
    found, unread = look(access, Journal(None, {}, question()))
    assert {call.id for call in found} == expected
    assert unread == []
    assert trail.expired == set()


def test_the_journal(trail: Trail, access: Access, tmp_path: Path) -> None:
    """What was broken off is gone on with: each event is there, and few requests are made twice."""
    expected = busy(trail, 3000)
    look(access, Journal(None, {}, question()))
    whole = len(trail.calls)
    path = tmp_path / "journal"
    trail.calls.clear()
    for stop in (3, 4, 5, 10**9):
        trail.after = len(trail.calls) + stop
        before = path.read_text() if path.exists() else ""
        journal = Journal(path, {"since": "30d"}, question())
        found, unread = look(access, journal)
        journal.close()
        assert path.read_text().startswith(before[: before.rfind("\n") + 1])
        assert bool(unread) == (stop < 10**9)
        if stop == 4:  # the process ends while it writes
            path.write_text(path.read_text()[:-30])
    assert {call.id for call in found} == expected
    answered = [line for line in path.read_text().splitlines()[1:] if line.endswith("}")]
    assert len(answered) <= whole + 8
    trail.calls.clear()
    again, _ = look(access, Journal(path, {"since": "30d"}, question()))
    assert {call.id for call in again} == expected
    assert trail.calls == []  # all is there
    with pytest.raises(JournalProblem, match="is the journal of another question"):
        Journal(path, {"since": "7d"}, question())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello\n", "is no journal of costtags impact: name another file"),
        ("[]\n", "is no journal of costtags impact: name another file"),
        ('{"version": 1}\n', "is no journal of costtags impact: name another file"),
    ],
)
def test_journals_that_are_none(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "j").write_text(text)
    with pytest.raises(JournalProblem, match=expected):
        Journal(tmp_path / "j", {}, question())
    assert (tmp_path / "j").read_text() == text


def test_killed_and_run_again(trail: Trail, tmp_path: Path) -> None:
    """As a process: what was read before the kill is not read again."""
    for index in range(400):
        trail.events.append(numbered(index, "CreateEndpoint", {}, when=ago(index + 10)))
    journal = tmp_path / "journal"
    arguments = [COMMAND, "impact", *BREAK_GLASS, "--journal", str(journal), "--format", "json"]
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=environment(trail.url), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 30
    while time.monotonic() < end and (not journal.exists() or len(journal.read_text().splitlines()) < 4):
        time.sleep(0.05)
    process.kill()
    process.wait()
    asked = len(trail.calls)
    code, out, _ = run(*arguments[2:], url=trail.url)
    assert code == 1
    assert json.loads(out)["summary"]["denied"] == 400
    assert len(trail.calls) - asked < 8


def test_the_pace() -> None:
    """Never two requests within the pace, to one place."""
    times: list[float] = []
    paced = lookup._paced(lambda: times.append(time.monotonic()), 0.05, threading.Event())
    for _ in range(4):
        paced()
    assert all(later - earlier >= 0.049 for earlier, later in itertools.pairwise(times))
    assert lookup.PACE == 0.5


# --- Athena -----------------------------------------------------------------------------------------------------------

_NAMES = [
    *("eventid", "eventtime", "eventsource", "eventname", "eventtype", "awsregion", "errorcode"),
    *("recipientaccountid", "requestparameters", "user_type", "user_arn", "user_account", "user_principal"),
    *("user_name", "invoked_by", "issuer"),
]


def row(one: dict[str, Any]) -> list[str | None]:
    identity = one["userIdentity"]
    values = {
        **{name.lower(): value for name, value in one.items() if isinstance(value, str)},
        "requestparameters": json.dumps(one["requestParameters"]) if one["requestParameters"] is not None else "null",
        "user_type": identity["type"],
        "user_arn": identity["arn"],
        "user_account": identity["accountId"],
        "user_principal": identity["principalId"],
        "issuer": identity["sessionContext"]["sessionIssuer"]["arn"],
    }
    return [values.get(name) for name in _NAMES]


def test_athena(trail: Trail, tmp_path: Path) -> None:
    """The same as from the files; what it cost is told."""
    file = tmp_path / "a.json"
    file.write_text(json.dumps(EVENTS[:6]))
    common = (*BREAK_GLASS, "--format", "json", "--since", "2026-11-01", "--until", "2026-11-20")
    _, expected, _ = run(str(file), *common)
    trail.athena.columns = [(name, "varchar") for name in _NAMES]
    trail.athena.rows = [row(one) for one in EVENTS[:6]]
    trail.athena.partitions = ["region", "timestamp"]
    code, out, error = run(*common, "--athena", "w", "--table", "logs.trail", url=trail.url)
    assert (code, out) == (1, expected)
    assert error == (
        "principals from Pulumi.org.yaml\n"
        "note: query 8c2a4d3e-0000-4000-8000-000000000001: 30.0 MB scanned, 0.0001 USD by the list price of most "
        "regions (5 USD/TB)\n"
    )
    assert set(trail.athena.operations()) <= {
        *("GetTableMetadata", "StartQueryExecution", "GetQueryExecution", "GetQueryResults"),
    }
    trail.athena.partitions = []
    assert (
        "note: logs.trail has no partition by day that is known here: the query reads all of it\n"
        in run(*common, "--athena", "w", "--table", "logs.trail", url=trail.url)[2]
    )
    trail.athena.states, trail.athena.reason = ["FAILED"], "TABLE_NOT_FOUND: line 1"
    code, out, error = run(*common, "--athena", "w", "--table", "logs.trail", url=trail.url)
    assert (code, out) == (2, "")
    assert "of Athena failed: TABLE_NOT_FOUND: line 1" in error


def test_the_query() -> None:
    since, until = datetime(2026, 11, 1, 8, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    text = query('logs.t"x', ["timestamp"], ["CreateApp", "CreateEndpoint"], since, until)
    assert text.endswith(
        """\
FROM "logs"."t""x"
WHERE eventsource = 'sagemaker.amazonaws.com'
  AND eventname IN ('CreateApp', 'CreateEndpoint')
  AND eventtime >= '2026-11-01T08:00:00Z'
  AND eventtime < '2026-11-20T00:00:00Z'
  AND "timestamp" BETWEEN '2026/10/31' AND '2026/11/21'"""
    )
    assert 'useridentity.sessioncontext.sessionissuer.arn AS "issuer"' in text
    by_day = query("logs.t", ["region", "year", "month", "day"], ["CreateApp"], since, until).splitlines()[-1]
    assert by_day == (
        '  AND CAST("year" AS varchar) || lpad(CAST("month" AS varchar), 2, \'0\') || '
        "lpad(CAST(\"day\" AS varchar), 2, '0') BETWEEN '20261031' AND '20261121'"
    )


def test_the_session_is_botocores() -> None:
    """The event history is an API that botocore knows: 50 events a page at most."""
    model = Session().get_service_model("cloudtrail").operation_model("LookupEvents")
    assert model.input_shape.members["MaxResults"].metadata["max"] == lookup.PAGE
