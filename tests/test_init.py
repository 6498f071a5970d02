"""The command init as a user runs it, as a process; AWS is a small stand-in that speaks its protocols."""

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costtags.adopt import draft, observed, state, tag_policy
from costtags.adopt.observed import Resource
from costtags.schema import Schema, load
from costtags.suggest import folded
from costtags.yamlfile import parse

from .stand_in import ACCOUNT, Body, Call, Fault, StandIn, environment, serving

COMMAND = str(Path(sys.executable).with_name("costtags"))
ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data" / "init"
SHIPPED = load(ROOT / "tags.yaml")


# A stand-in for AWS


@dataclass
class Cloud(StandIn):
    """Region -> ARN -> tags; and the tag policy."""

    regions: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    policy: str | None = None
    page: int = 100

    def GetResources(self, call: Call) -> Body:
        request = call.body
        only = request.get("ResourceTypeFilters")
        found = [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for arn, tags in self.regions.get(call.region, {}).items()
            if only is None or arn.split(":")[2] in only
        ]
        start = int(request.get("PaginationToken") or "0")
        size = min(self.page, request.get("ResourcesPerPage", 50))
        end = start + size
        return {"PaginationToken": str(end) if end < len(found) else "", "ResourceTagMappingList": found[start:end]}

    def DescribeEffectivePolicy(self, call: Call) -> Body | Fault:
        assert call.body == {"PolicyType": "TAG_POLICY"}
        if self.policy is None:
            return Fault("EffectivePolicyNotFoundException", "none")
        content = {"PolicyContent": self.policy, "TargetId": ACCOUNT, "PolicyType": "TAG_POLICY"}
        return {"EffectivePolicy": content}


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    made = Cloud()
    with serving(made) as made.url:
        yield made


def run(
    *arguments: str, folder: Path = DATA, cloud: Cloud | None = None, piped: str | bytes = "", **variables: str
) -> tuple[int, str, str]:
    """Run `costtags init` in a folder; return exit code, stdout and stderr."""
    done = subprocess.run(
        [COMMAND, "init", *arguments],
        cwd=folder,
        env=environment(cloud.url, **variables) if cloud else environment(**variables),
        input=piped.encode() if isinstance(piped, str) else piped,
        capture_output=True,
        timeout=60,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in out + err
    return done.returncode, out, err


def golden(name: str, text: str) -> None:
    """Compare a text with the file of that name; with COSTTAGS_WRITE_GOLDEN, write it."""
    path = DATA / name
    if os.environ.get("COSTTAGS_WRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def loaded(text: str, folder: Path) -> Schema:
    """Return what costtags reads in the text of a tags.yaml."""
    (folder / "made.yaml").write_text(text)
    return load(folder / "made.yaml")


# The example


def test_example(tmp_path: Path) -> None:
    """Without options, the shipped example is written, commented; check accepts it."""
    code, out, err = run(folder=tmp_path)
    assert (code, out) == (0, "")
    assert err == "tags.yaml written: the example\nnext: edit it, then run costtags check\n"
    text = (tmp_path / "tags.yaml").read_text()
    assert parse(text, "").data == parse((ROOT / "tags.yaml").read_text(), "").data
    assert text.count("#") > 10
    checked = subprocess.run([COMMAND, "check"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout) == (0, "tags.yaml: 4 tags, 3 required; 2 budgets\n")


MODELINE = "# yaml-language-server: $schema=./tags.schema.json\n"


@pytest.mark.parametrize("arguments", [[], ["--from-tag-policy", str(DATA / "policy.json")]])
def test_schema_for_editors(tmp_path: Path, arguments: list[str]) -> None:
    """The line that editors read stands in the file only where the schema that it names is there."""
    assert run(*arguments, folder=tmp_path)[0] == 0
    without = (tmp_path / "tags.yaml").read_text()
    assert not re.search(r"^#\s*yaml-language-server", without, re.MULTILINE)
    assert "costtags json-schema > tags.schema.json" in without
    (tmp_path / "tags.yaml").unlink()
    (tmp_path / "tags.schema.json").write_text("{}")
    assert run(*arguments, folder=tmp_path)[0] == 0
    with_ = (tmp_path / "tags.yaml").read_text()
    assert with_.startswith(MODELINE)
    assert "json-schema" not in with_
    assert parse(with_, "").data == parse(without, "").data


# Never overwrites


@pytest.mark.parametrize("what", ["file", "empty", "folder", "dangling link"])
def test_refuses_what_exists(tmp_path: Path, what: str) -> None:
    """Whatever stands there stays, and AWS or the input is not even asked."""
    target = tmp_path / "tags.yaml"
    {
        "file": lambda: target.write_text("mine"),
        "empty": lambda: target.write_text(""),
        "folder": target.mkdir,
        "dangling link": lambda: target.symlink_to(tmp_path / "nowhere"),
    }[what]()
    before = [(path.name, path.lstat().st_mtime_ns) for path in tmp_path.iterdir()]
    for arguments in ([], ["--from-tag-policy", "live"], ["--from-state", "missing.json"]):
        code, out, err = run(*arguments, folder=tmp_path)
        assert (code, out) == (2, "")
        assert err == (
            "costtags: tags.yaml exists, and init overwrites nothing; name another file with --out, or print with -\n"
        )
    assert [(path.name, path.lstat().st_mtime_ns) for path in tmp_path.iterdir()] == before


def test_a_race_has_one_winner(tmp_path: Path) -> None:
    """Of several that start at once, one writes; the others say that the file exists."""
    started = [
        subprocess.Popen([COMMAND, "init"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert sorted(code for _, code in ends) == [0, 2, 2, 2]
    assert all("exists" in err for err, code in ends if code)
    assert [path.name for path in tmp_path.iterdir()] == ["tags.yaml"]


def test_out(tmp_path: Path) -> None:
    """Another file, standard output, and a folder that is not there."""
    assert run("--out", "other.yaml", folder=tmp_path)[0] == 0
    code, out, err = run("--out", "-", folder=tmp_path)
    assert (code, err) == (0, "made: the example\n")
    assert out == (tmp_path / "other.yaml").read_text()
    code, _, err = run("--out", "no/tags.yaml", folder=tmp_path)
    assert (code, err) == (2, "costtags: cannot write no/tags.yaml: No such file or directory\n")
    assert [path.name for path in tmp_path.iterdir()] == ["other.yaml"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from-tag-policy", "x", "--from-account"], "give one of"),
        (["--from-state", "x", "--region", "eu-west-1"], "--region and --all-services go with --from-account"),
        (["--all-services"], "--region and --all-services go with --from-account"),
        (["--from-tag-policy", "x", "--profile", "p"], "--profile goes with"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, arguments: list[str], message: str) -> None:
    """An option that would do nothing is an error."""
    code, out, err = run(*arguments, folder=tmp_path)
    assert (code, out) == (2, "")
    assert message in err
    assert not list(tmp_path.iterdir())


# A tag policy


def test_tag_policy(tmp_path: Path) -> None:
    """Operators, what cannot be expressed, and values that YAML would take for something else."""
    code, out, err = run("--from-tag-policy", "policy.json", "--out", "-")
    assert code == 0
    golden("policy.yaml", out)
    golden("policy.stderr", err)
    schema = loaded(out, tmp_path)
    assert [tag.key for tag in schema.required] == ["CostCenter"]
    assert schema.tags["CostCenter"].values == ("100", "300*", "400")
    assert schema.tags["environment"].values == ("dev", "no", "2026-01-01")
    assert "jane" not in out + err


def test_effective_policy(cloud: Cloud) -> None:
    """What describe-effective-policy printed, its policy alone, and AWS asked, give the same tags."""
    code, out, _ = run("--from-tag-policy", "effective.json", "--out", "-")
    assert code == 0
    golden("effective.yaml", out)
    content = json.loads((DATA / "effective.json").read_text())["EffectivePolicy"]["PolicyContent"]
    for piped in (content, content.encode("utf-16"), json.dumps({"Policy": {"Content": content}})):
        code, again, _ = run("--from-tag-policy", "-", "--out", "-", piped=piped)
        assert code == 0
        assert parse(again, "").data == parse(out, "").data
    cloud.policy = content
    code, live, err = run("--from-tag-policy", "live", "--out", "-", cloud=cloud)
    assert (code, parse(live, "").data) == (0, parse(out, "").data)
    assert err == "made: 2 keys, 1 required; from the tag policy in effect in this account\n"
    assert cloud.operations() == ["DescribeEffectivePolicy"]


@pytest.mark.parametrize("document", ["tag-policy", "tag-policy-report"])
def test_there_and_back(tmp_path: Path, document: str) -> None:
    """The tag policy of the shipped tags.yaml gives its keys, values and required tags back."""
    rendered = subprocess.run(
        [COMMAND, "render", document], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    code, out, _ = run("--from-tag-policy", "-", "--out", "-", piped=rendered)
    assert code == 0
    made = loaded(out, tmp_path)
    assert list(made.tags) == list(SHIPPED.tags)
    for key, tag in SHIPPED.tags.items():
        assert (made.tags[key].values, made.tags[key].required) == (tag.values, tag.required)


@pytest.mark.parametrize(
    ("piped", "message"),
    [
        ("", "standard input is empty"),
        ("tags:\n  a: b\n", "standard input is not JSON: line 1: Expecting value"),
        ("[" * 100_000, "standard input is not JSON"),
        ("[]", 'standard input is not a tag policy: it holds no object "tags"'),
        ('{"Version": "2012-10-17", "Statement": []}', "is not a tag policy: it is an IAM or service control policy"),
        (
            '{"Policy": {"PolicySummary": {"Type": "SERVICE_CONTROL_POLICY"}, "Content": "{}"}}',
            'is not a tag policy: its type is "SERVICE_CONTROL_POLICY"',
        ),
        ('{"EffectivePolicy": {"PolicyContent": "{"}}', "the policy in standard input is not JSON: line 1"),
        ('{"tags": {}}', "standard input holds no tag that tags.yaml could hold"),
        (
            '{"tags": {"aws:x": {"tag_key": {"@@assign": "aws:x"}}}}',
            'holds no tag that tags.yaml could hold\n"aws:x": keys that begin with "aws:" are reserved for AWS\n',
        ),
        (" " * 1_000_001, "standard input is larger than 1 MB: is it the right file?"),
    ],
)
def test_no_tag_policy(piped: str, message: str) -> None:
    """What is no tag policy ends with what it is instead."""
    code, out, err = run("--from-tag-policy", "-", "--out", "-", piped=piped)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("costtags: ")


def test_no_such_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    code, _, err = run("--from-state", "gone.json", folder=tmp_path)
    assert (code, err) == (2, "costtags: cannot read gone.json: No such file or directory\n")


# An exported stack


def test_state(tmp_path: Path) -> None:
    """Own tags and default tags of both providers; no secret, no one else's resources."""
    code, out, err = run("--from-state", "stack.json", "--out", "-")
    assert code == 0
    golden("stack.yaml", out)
    golden("stack.stderr", err)
    schema = loaded(out, tmp_path)
    assert [tag.key for tag in schema.required] == ["Environment", "cost-center"]
    assert schema.tags["cost-center"].values == ("ML-Sales", "007", "ML-Research")
    assert schema.tags["cost-center"].aliases == {"ML-Sales": ("ml-sales",)}
    for never in ("hunter2", "v1:", "person0", "forgotten", "theirs", "ciphertext"):
        assert never not in out + err


def test_state_of_a_self_managed_backend() -> None:
    """The file of a self-managed backend holds the same resources one level deeper."""
    deployment = json.loads((DATA / "stack.json").read_text())["deployment"]
    piped = json.dumps({"version": 3, "checkpoint": {"stack": "dev", "latest": deployment}})
    code, out, _ = run("--from-state", "-", "--out", "-", piped=piped)
    assert code == 0
    assert parse(out, "").data == parse((DATA / "stack.yaml").read_text(), "").data


@pytest.mark.parametrize(
    ("piped", "message"),
    [
        ('{"tags": {}}', "standard input is not an exported stack: make one with `pulumi stack export > FILE`"),
        ('{"deployment": {"resources": {"a": 1}}}', 'its "resources" is no list of resources'),
        ('{"version": 3, "deployment": {}}', "no tags found: standard input holds no AWS resource that takes tags"),
        (
            '{"deployment": {"resources": [{"urn": "u", "type": "aws:sagemaker/model:Model", "inputs": {}}]}}',
            "no tags found that tags.yaml could hold",
        ),
    ],
)
def test_no_state(piped: str, message: str) -> None:
    """What is no exported stack, or holds no tags, ends with a reason."""
    code, out, err = run("--from-state", "-", "--out", "-", piped=piped)
    assert (code, out) == (2, "")
    assert message in err


# The tags in use in an account


def arn(region: str, name: str, service: str = "sagemaker") -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{name}"


def busy(cloud: Cloud) -> None:
    """Fill two regions: other spellings, names, e-mail addresses, empty values, AWS's own keys, near keys."""
    first: dict[str, dict[str, str]] = {}
    for i in range(60):
        tags = {"environment": ["prod", "dev", "dev", "Dev"][i % 4], "Name": f"job {i}", "ticket": f"ML-{1000 + i}"}
        tags |= {"cost-center": "ML-Sales" if i % 3 else "ML Sales"} if i % 10 else {"Cost_Center": "ML-Research"}
        tags |= {"cost-centre": "ML-Sales"} if i == 7 else {}
        tags |= {"sagemaker:domain-arn": "x", "aws:createdBy": "y"} if i < 5 else {}
        tags |= {"owner": f"p{i}@example.com" if i % 2 else "data-platform"} if i < 20 else {}
        tags |= {"approved": ""} if i < 3 else {}
        first[arn("eu-west-1", f"training-job/t{i}")] = tags
    first[arn("eu-west-1", "model/once-tagged")] = {}
    first[arn("eu-west-1", "bucket", "s3")] = {"data-class": "internal"}
    cloud.regions = {
        "eu-west-1": first,
        "us-east-1": {
            arn("us-east-1", f"endpoint/e{i}"): {"cost-center": "ML-Marketing", "environment": "no"} for i in range(12)
        },
    }


def test_account(cloud: Cloud, tmp_path: Path) -> None:
    """SageMaker's resources of the regions named, page by page."""
    busy(cloud)
    cloud.page = 25
    code, out, err = run("--from-account", "--region", "eu-west-1", "--region", "us-east-1", "--out", "-", cloud=cloud)
    assert code == 0, err
    golden("account.yaml", out)
    golden("account.stderr", err)
    schema = loaded(out, tmp_path)
    assert [tag.key for tag in schema.required] == ["cost-center", "environment", "Name", "ticket"]
    assert schema.tags["ticket"].pattern == "ML-[0-9]{4}"
    assert schema.tags["environment"].values == ("dev", "prod", "no")
    assert [(call.operation, call.region) for call in cloud.calls] == [("GetResources", "eu-west-1")] * 3 + [
        ("GetResources", "us-east-1")
    ]
    assert all(request["ResourceTypeFilters"] == ["sagemaker"] for request in cloud.asked("GetResources"))


def test_account_all_services(cloud: Cloud) -> None:
    """Every service's resources, in the configured region."""
    busy(cloud)
    code, out, err = run("--from-account", "--all-services", "--out", "-", cloud=cloud, AWS_REGION="eu-west-1")
    assert code == 0, err
    assert "  # Seen too: s3 (1)." in out
    assert "\n  data-class:\n" in out
    assert [request.get("ResourceTypeFilters") for request in cloud.asked("GetResources")] == [None]


def test_account_progress(cloud: Cloud, tmp_path: Path) -> None:
    """On a terminal, a line says how far the scan is, and is gone at the end; elsewhere there is none."""
    busy(cloud)
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "init", "--from-account", "--region", "eu-west-1"],
        cwd=tmp_path,
        env=environment(cloud.url),
        stderr=inner,
    )
    os.close(inner)
    shown = b""
    try:
        while read := os.read(outer, 65536):
            shown += read
    except OSError:  # Linux's way to say that the other side has gone
        pass
    os.close(outer)
    assert process.wait(60) == 0
    assert b"\reu-west-1: 61 resources\x1b[K\r\x1b[Ktags.yaml written: " in shown


AWS_FAULTS = [
    (
        ("AccessDeniedException", "User: x is not authorized to perform: tag:GetResources"),
        "eu-west-1: AWS denies GetResources (AccessDeniedException: User: x is not authorized to perform: "
        "tag:GetResources); allow tag:GetResources to the caller",
    ),
    (
        ("ThrottledException", "slow down"),
        "eu-west-1: AWS takes no more calls of GetResources for now (ThrottledException: slow down); run it again in "
        "some minutes",
    ),
    (
        ("UnrecognizedClientException", "The security token included in the request is invalid."),
        "log in again (aws sso login); or is the region not enabled for this account?",
    ),
    (("PaginationTokenExpiredException", "too late"), "PaginationTokenExpiredException: too late); run it again"),
]


@pytest.mark.parametrize(("fault", "message"), AWS_FAULTS)
def test_account_refused(cloud: Cloud, tmp_path: Path, fault: tuple[str, str], message: str) -> None:
    """What AWS refuses ends the run with what to do, and no file."""
    busy(cloud)
    cloud.faults["GetResources"] = [Fault(*fault)] * 9
    code, out, err = run("--from-account", "--region", "eu-west-1", cloud=cloud, folder=tmp_path)
    assert (code, out) == (2, "")
    assert message in err
    assert not list(tmp_path.iterdir())


def test_account_throttled_once(cloud: Cloud) -> None:
    """One refused call is tried again."""
    busy(cloud)
    cloud.faults["GetResources"] = [Fault("ThrottledException", "slow down")]
    assert run("--from-account", "--region", "eu-west-1", "--out", "-", cloud=cloud)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["--from-account"], {}, "no region: name the regions to look into with --region, or set AWS_REGION"),
        (
            ["--from-account", "--region", "eu-west-3"],
            {},
            "no tags found: no SageMaker resource in eu-west-3 has any; name other regions with --region, or count "
            "every service's with --all-services",
        ),
        (["--from-account", "--region", "x"], {"AWS_ACCESS_KEY_ID": ""}, "no AWS credentials found; log in"),
        (["--from-account", "--region", "a/b"], {}, "a/b: AWS cannot be asked: "),
        (["--from-account", "--profile", "none"], {}, "`aws configure list-profiles` lists those there are"),
        (["--from-tag-policy", "live"], {"AWS_ACCESS_KEY_ID": ""}, "no AWS credentials found; log in"),
        (["--from-tag-policy", "live"], {}, "no tag policy applies to this account"),
        (["--from-tag-policy", "live"], {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS did not answer: "),
        (["--from-account", "--region", "x"], {"AWS_ENDPOINT_URL": "nonsense"}, "an AWS setting cannot be used: "),
    ],
)
def test_aws_cannot_be_asked(
    cloud: Cloud, tmp_path: Path, arguments: list[str], variables: dict[str, str], message: str
) -> None:
    """No region, no tags, no credentials, no answer: each with what to do."""
    code, out, err = run(*arguments, cloud=cloud, folder=tmp_path, **variables)
    assert (code, out) == (2, "")
    assert message in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (("AccessDeniedException", "no"), "allow organizations:DescribeEffectivePolicy to the caller"),
        (("AWSOrganizationsNotInUseException", "no"), "this account is in no organization, so it has no tag policy"),
        (("TooManyRequestsException", "no"), "AWS takes no more calls of DescribeEffectivePolicy for now"),
    ],
)
def test_live_policy_refused(cloud: Cloud, fault: tuple[str, str], message: str) -> None:
    """What Organizations refuses ends the run with what to do."""
    cloud.faults["DescribeEffectivePolicy"] = [Fault(*fault)] * 9
    code, _, err = run("--from-tag-policy", "live", "--out", "-", cloud=cloud)
    assert code == 2
    assert message in err


# What others wrote


HOSTILE = "x\n# - y: &a *b\u2028\u202e\x1b[31m\ud800\x85 #\ttags: {}"


def test_hostile_text(tmp_path: Path) -> None:
    """Whatever stands in keys and values of others ends no comment and no line of ours."""
    tags = {
        HOSTILE: "a",
        "k: v": HOSTILE,
        "- q": "yes",
        "#c": "1e3",
        "!t": "~",
        "0x1F": "&a",
        "<<": "<<",
        "é\u0301": "a",
    }
    entry = {"urn": "u", "type": "aws:sagemaker/model:Model", "inputs": {"tags": tags | {"ok": "no"}}}
    piped = json.dumps({"deployment": {"resources": [entry, entry | {"urn": "v"}]}})
    for arguments in (["--from-state", "-"], ["--from-tag-policy", "-"]):
        policy = {
            key: {"tag_key": {"@@assign": key}, "tag_value": {"@@assign": [value]}} for key, value in tags.items()
        }
        policy["ok"] = {"tag_key": "ok", "tag_value": ["no"]}
        text = piped if arguments[0] == "--from-state" else json.dumps({"tags": policy})
        code, out, err = run(*arguments, "--out", "-", piped=text)
        assert code == 0, err
        assert loaded(out, tmp_path).tags["ok"].values == ("no",)
        assert all(line.isprintable() for line in (out + err).split("\n"))


AWS_TEXT = st.text(st.characters(categories=["L", "N", "Zs"], include_characters="_.:/=+-@"), max_size=20)
KEYS = ["cost-center", "Cost_Center", "cost center ", "CostCode", "env", "ENV", "aws:x", "sagemaker:y", "", "-", "_"]
VALUES = ["ml-sales", "ML Sales", "ML-Sales ", "no", "007", "~", "2026-01-01", "a@b.de", "1-12", "11-2", "null", "*"]
WORDS = st.sampled_from([*KEYS, *VALUES])
ANY_TEXT = st.one_of(WORDS, WORDS, AWS_TEXT, st.text(max_size=20), st.text(alphabet="\u00a0a", max_size=300))


def assert_loads(made: draft.Draft) -> Schema:
    """Write a draft as the command does and read it as the other commands do."""
    text = draft.text(made, schema_beside=False)
    with tempfile.TemporaryDirectory() as folder:
        schema = loaded(text, Path(folder))
    assert [(key.key, key.required) for key in made.keys] == [(t.key, t.required) for t in schema.tags.values()]
    return schema


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(st.dictionaries(ANY_TEXT, st.none() | ANY_TEXT, max_size=6), st.booleans()), max_size=12))
def test_any_tags_make_a_right_file(carried: list[tuple[dict[str, str | None], bool]]) -> None:
    """Whatever resources carry, the file is right; each value seen is allowed, an alias, or said to be left out."""
    resources = [Resource(tags, "s3", sagemaker) for tags, sagemaker in carried]
    try:
        made = observed.drafted(resources, "a test")
    except draft.CannotDraft:
        return
    schema = assert_loads(made)
    for resource in resources:
        for key, value in resource.tags.items():
            tag = schema.tags.get(key) or schema.tags.get(schema.meant_key(key) or "")
            if tag is None or not value:
                continue
            drafted = next(one for one in made.keys if one.key == tag.key)
            assert tag.allows(value) or value in tag.meaning or drafted.left_out


OPERATORS = st.sampled_from(["@@assign", "@@append", "@@remove", "@@operators_allowed_for_child_policies", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT | st.lists(ANY_TEXT, max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(OPERATORS | ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
SETTING = st.dictionaries(OPERATORS, st.lists(ANY_TEXT, max_size=4) | JSON, max_size=3) | JSON
NAMES = st.sampled_from(["tag_key", "tag_value", "enforced_for", "report_required_tag_for", "other"])
POLICY = st.dictionaries(ANY_TEXT, st.dictionaries(NAMES, SETTING, max_size=4) | JSON, max_size=8)


@settings(deadline=None, max_examples=150)
@given(st.fixed_dictionaries({"tags": POLICY}) | JSON)
def test_any_policy_makes_a_right_file(policy: Any) -> None:
    """Whatever a policy holds, the file is right or there is a message."""
    try:
        made = tag_policy.drafted(policy, "a test", "test")
    except draft.CannotDraft:
        return
    assert_loads(made)


@settings(deadline=None, max_examples=100)
@given(st.fixed_dictionaries({"deployment": st.fixed_dictionaries({"resources": st.lists(JSON, max_size=3)})}) | JSON)
def test_any_state_makes_a_right_file(data: Any) -> None:
    """Whatever JSON is taken for a state, the file is right or there is a message."""
    try:
        made = state.drafted(data, "a test", "test")
    except draft.CannotDraft:
        return
    assert_loads(made)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"tags": JSON, "tagsAll": JSON, "defaultTags": JSON | JSON.map(json.dumps)},
        ),
        max_size=4,
    )
)
def test_any_inputs_make_a_right_file(inputs: list[Any]) -> None:
    """The same for inputs of any form, on resources and on their provider."""
    kinds = ["aws:sagemaker/model:Model", "aws-native:sagemaker:Domain", "pulumi:providers:aws", "aws:s3/bucket:Bucket"]
    entries = [
        {"urn": f"u{i}", "type": kinds[i], "provider": "u2::id", "inputs": content} for i, content in enumerate(inputs)
    ]
    try:
        made = state.drafted({"deployment": {"resources": entries}}, "a test", "test")
    except draft.CannotDraft:
        return
    assert_loads(made)


# How values are read


def values_of(*values: str) -> draft.Key:
    """Return the draft of one key that resources carry with these values."""
    made = observed.drafted([Resource({"k": value}, "sagemaker", True) for value in values], "a test")
    assert_loads(made)
    (key,) = made.keys
    return key


def test_many_values_are_free_text() -> None:
    """More than a list should hold, names of resources, and values seen once each are not listed."""
    many = [f"v{i}x" for i in range(41)]
    assert values_of(*many, *many).values == ()
    assert len(values_of(*many[:40], *many[:40]).values) == 40
    assert values_of("one", "two", "three").values == ()
    assert "Seen" in " ".join(values_of("one").notes)
    assert [value.text for value in values_of("one", "one", "two").values] == ["one", "two"]


def test_a_pattern_only_where_it_is_plain_to_see() -> None:
    """Many codes of one form make a pattern; a few, or codes of several forms, do not."""
    codes = [f"{i:06}" for i in range(50)]
    assert values_of(*codes).pattern == "[0-9]{6}"
    assert values_of(*[f"P-{code}" for code in codes]).pattern == "P-[0-9]{6}"
    assert values_of(*codes[:10]).pattern is None
    assert values_of(*codes, "other").pattern is None
    assert values_of(*codes, "12").pattern is None


def test_other_spellings_of_values_are_aliases() -> None:
    """Case and separators, but not digits that only a separator keeps apart; near ones are pointed out only."""
    key = values_of(*["ML-Sales"] * 20, "ml sales", "ML_SALES", "ml sales", "ML-Saels", "1-12", "11-2", "1-12", "11-2")
    assert [(value.text, value.note) for value in key.values] == [
        ("ML-Sales", "23"),
        ("1-12", "2"),
        ("11-2", "2"),
        ("ML-Saels", '1; "ML-Sales" misspelt?'),
    ]
    assert key.aliases == {"ML-Sales": ("ml sales", "ML_SALES")}


@pytest.mark.parametrize(
    "value", ["jane.doe@example.com", "Jane <jane@x.org>", "AKIAIOSFODNN7EXAMPLE", "ghp_" + "a1" * 18]
)
def test_personal_data_and_credentials_are_not_repeated(value: str) -> None:
    """Not as values, not in comments, not in messages; also where it is the key."""
    made = observed.drafted(
        [Resource({"owner": one, one: "x"}, "s", True) for one in (value, "team", "team")], "a test"
    )
    text = draft.text(made, schema_beside=False)
    assert value not in text + "\n".join(made.summary)
    assert next(key for key in made.keys if key.key == "owner").values == ()


def test_required_by_coverage() -> None:
    """80% of SageMaker's resources carry it: required, whatever others carry."""
    carried = [{"a": "x", "b": "x"}] * 4 + [{"a": "x"}] * 4 + [{}] * 2
    resources = [Resource(tags, "sagemaker", True) for tags in carried] + [Resource({"b": "x"}, "s3", False)] * 90
    made = observed.drafted(resources, "a test")
    assert [(key.key, key.required, key.notes[0]) for key in made.keys] == [
        ("b", False, "On 40% of 10 SageMaker resources, and on 90 others."),
        ("a", True, "On 80% of 10 SageMaker resources."),
    ]


def test_more_keys_than_aws_allows() -> None:
    """The fifty most used stay; the others are named."""
    resources = [Resource({f"key{i:02}x": "v" for i in range(n)}, "s", True) for n in range(1, 61)]
    made = observed.drafted(resources, "a test")
    assert len(assert_loads(made).tags) == 50
    assert len(made.left_out) == 10
    assert made.left_out[0].startswith('"key50x": AWS allows 50 tags on a resource')


def test_folding_is_the_schemas() -> None:
    """Spellings that are grouped are those that the schema recognises."""
    resources = [Resource({key: "v"}, "s", True) for key in ("Cost Center", "cost-center", "cost-center", "COSTCENTER")]
    schema = assert_loads(observed.drafted(resources, "a test"))
    assert list(schema.tags) == ["cost-center"]
    assert {schema.meant_key(key) for key in ("Cost Center", "COSTCENTER")} == {"cost-center"}
    assert folded("Cost Center") == folded("COSTCENTER")


def test_help_is_fast() -> None:
    """Neither the program's help nor the command's loads what only the command needs."""
    for arguments in (["--help"], ["init", "--help"]):
        code = (
            f"import sys; from costtags.cli import main; main({arguments}, standalone_mode=False); print(*sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
        assert "init" in done.stdout
        assert not {"boto3", "botocore", "ruamel.yaml", "costtags.adopt"} & set(done.stdout.split())


def test_files_need_no_boto3(tmp_path: Path) -> None:
    """Drafts from files load no AWS client."""
    code = (
        "import sys\nfrom costtags.cli import main\n"
        f"main(['init', '--from-state', {str(DATA / 'stack.json')!r}], standalone_mode=False)\nprint(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert "botocore" not in done.stdout.split()


DEPLOYED = """\
import pulumi
import pulumi_aws as aws
import pulumi_aws_native as native

kept = pulumi.Output.secret("hunter2")
ours = aws.Provider("ours", region="eu-west-1", default_tags={"tags": {"environment": "prod"}})
for name in ("a", "b"):
    notebook = aws.sagemaker.NotebookInstance(
        name, instance_type="ml.t3.medium", role_arn="r", tags={"cost-center": "ML-Sales", "token": kept},
        opts=pulumi.ResourceOptions(provider=ours),
    )
aws.sagemaker.Model("m", execution_role_arn="r", tags={"Cost_Center": "ML-Sales", "from": notebook.arn})
aws.sagemaker.Endpoint("e", endpoint_config_name="c", tags=pulumi.Output.secret({"all": "hunter3"}))
native.sagemaker.Domain(
    "d", auth_mode="IAM", default_user_settings={"execution_role": "r"}, domain_name="d",
    tags=[{"key": "cost-center", "value": "ML-Research"}, {"key": "token", "value": kept}],
)
"""


@pytest.mark.engine
@pytest.mark.parametrize("secrets", [[], ["--show-secrets"]])
def test_what_pulumi_itself_exports(
    secrets: list[str], project: Any, engine_environment: dict[str, str], tmp_path: Path
) -> None:
    """A stack that the real engine deployed and exported, also with its secrets in plain text."""
    from .engine import drive

    config = "config:\n  aws:region: eu-west-1\n  aws-native:region: eu-west-1\n  aws:defaultTags: {tags: {stage: x}}\n"
    folder = project(DEPLOYED, config)
    done = drive.up(folder, env=engine_environment)
    assert done.exit_code == 0, done.output
    exported = drive.run(["stack", "export", "--stack", "dev", *secrets], folder, engine_environment)
    assert "hunter2" in exported.stdout or not secrets
    code, out, err = run("--from-state", "-", "--out", "-", piped=exported.stdout)
    assert code == 0, err
    schema = loaded(out, tmp_path)
    assert list(schema.tags) == ["cost-center", "token", "environment", "from", "stage"]
    assert schema.tags["cost-center"].values == ("ML-Sales", "ML-Research")
    assert schema.tags["token"].values is None
    assert "1 resource whose tags are secret or not known as a whole" in err
    assert "hunter" not in out + err
