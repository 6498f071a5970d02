"""`costtags state`: what it makes of an exported stack, how it ends, and that the policy pack says the same."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from costtags import exemptions, policyconfig, schema
from costtags.check import Place
from costtags.check import judge as judge_place
from costtags.effective import UNKNOWN
from costtags.gate.formats import FORMATS
from costtags.gate.report import Report
from costtags.gate.state import StateError, judge, read

from . import test_corpus as corpus
from .engine import drive

COSTTAGS = Path(sys.executable).with_name("costtags")
GOLDEN = Path(__file__).parent / "golden"

TAGS = """\
version: 1
tags:
  cost-center: {values: [ML-Marketing, ML-Sales]}
  environment: {values: [dev, staging, prod], default: dev}
  project: {pattern: "[a-z][a-z0-9-]{1,30}", required: false}
"""
RIGHT = {"cost-center": "ML-Sales", "environment": "dev"}
WRONG = {"cost-center": "ML-Sales", "environment": "nowhere"}
MODEL = "aws:sagemaker/model:Model"
NATIVE = "aws-native:sagemaker:Model"
STACK = "urn:pulumi:dev::ml::pulumi:pulumi:Stack::ml-dev"
KEY, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
ENCRYPTED = {KEY: SECRET, "ciphertext": "v1:abc:def"}
ASSET = {KEY: "c44067f5952c0a294b673a41bacd8c17", "hash": "x", "text": "y"}

Run = Callable[..., subprocess.CompletedProcess[str]]
Findings = list[tuple[str, str, str | None]]


# ---- making and judging states


def plain_secret(value: Any) -> dict[str, Any]:
    """Return a secret as `pulumi stack export --show-secrets` writes it."""
    return {KEY: SECRET, "plaintext": json.dumps(value)}


def urn(name: str, type_: str = MODEL) -> str:
    return f"urn:pulumi:dev::ml::{type_}::{name}"


def resource(name: str, tags: Any = None, type_: str = MODEL, **more: Any) -> dict[str, Any]:
    inputs = {"executionRoleArn": "role"} | ({} if tags is None else {"tags": tags})
    return {"urn": urn(name, type_), "custom": True, "id": name, "type": type_, "inputs": inputs, **more}


def provider(name: str, type_: str = "pulumi:providers:aws", id_: str = "id", **inputs: Any) -> dict[str, Any]:
    return {"urn": urn(name, type_), "custom": True, "id": id_, "type": type_, "inputs": inputs}


def by(owner: Mapping[str, Any]) -> str:
    """Return the reference to a provider that a resource has."""
    return f"{owner['urn']}::{owner['id']}"


def export(*resources: Any, version: int = 3, stack: bool = True) -> dict[str, Any]:
    root = [{"urn": STACK, "custom": False, "type": "pulumi:pulumi:Stack"}] if stack else []
    return {"version": version, "deployment": {"manifest": {}, "resources": [*root, *resources]}}


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> schema.Schema:
    path = tmp_path_factory.mktemp("rules") / "tags.yaml"
    path.write_text(TAGS, encoding="utf-8")
    return schema.load(path)


Judged = Callable[..., Report]


@pytest.fixture(scope="session")
def judged(rules: schema.Schema) -> Judged:
    """Judge an export in this process; ``config`` is a policy config."""

    def run(
        document: Any, config: Mapping[str, Any] | None = None, excused: exemptions.Exemptions | None = None
    ) -> Report:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        excused = excused or exemptions.Exemptions("exemptions.yaml")
        return judge(read(data), rules, excused, policyconfig.levels(config or {}), Path("/project"))

    return run


def found(report: Report) -> Findings:
    return [(finding.urn.split("::", 3)[3], finding.code, finding.tag) for finding in report.findings]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Judge an export by the command line; a document that is no text or bytes is written as JSON."""

    def state(
        document: Any, *arguments: str, env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / "tags.yaml").write_text(TAGS, encoding="utf-8")
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        (tmp_path / "state.json").write_bytes(data)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_", "TF_AWS_", "COSTTAGS_"))}
        return subprocess.run(
            [COSTTAGS, "state", *(arguments or ("state.json",))],
            **{"cwd": tmp_path, "env": {**kept, **(env or {})}, "capture_output": True, "timeout": 120, **options},
            text=True,
        )

    return state


# ---- the command


@pytest.mark.parametrize(("form", "file"), [("text", "state.txt"), ("json", "state.json")])
def test_an_export_of_the_real_engine_prints_the_golden_file(run: Run, form: str, file: str) -> None:
    """An export made by Pulumi 3.259.0 is blocked, with the same bytes each time; no secret is in them."""
    document = (GOLDEN / "state-export.json").read_bytes()
    done, again = (run(document, "state.json", "--format", form) for _ in range(2))
    assert done.returncode == 1, done.stderr
    assert done.stderr == (
        "note: encrypted values count as unknown; `pulumi stack export --show-secrets` has them in plain text\n"
    )
    assert done.stdout == (GOLDEN / file).read_text(encoding="utf-8")
    assert again.stdout == done.stdout


def test_the_json_is_that_of_the_preview(run: Run) -> None:
    """The contract is the preview's, with another engine."""
    made = json.loads(run(export(resource("m", WRONG)), "state.json", "--format", "json").stdout)
    assert list(made) == ["version", "engine", "project", "stack", "schema", "verdict", "resources", "findings"]
    assert [made[name] for name in ("engine", "project", "stack", "schema", "verdict")] == [
        *("state", "ml", "dev", "tags.yaml", "blocked")
    ]
    (row,) = made["resources"]
    assert row["tags"]["environment"] == {"value": "nowhere", "known": True, "secret": False, "source": "resource"}
    (finding,) = made["findings"]
    assert list(finding) == ["urn", "type", "policy", "level", "code", "tag", "message", "fix", "file", "line"]


def test_stdin_and_files(run: Run, tmp_path: Path) -> None:
    """An export can come through a pipe, and a format can go to a file."""
    text = json.dumps(export(resource("m", RIGHT)))
    done = run({}, "-", "--format", "text", "--format", "json=out.json", input=text)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Passed: 1 resource judged; findings: none.\n")
    assert json.loads((tmp_path / "out.json").read_text())["verdict"] == "passed"


def test_which_tags_yaml(run: Run, tmp_path: Path) -> None:
    """An explicit tags.yaml comes before the variable's, and that before the one of the working directory."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tags.yaml").write_text(f"version: 1\ntags:\n  {name}: {{values: [x]}}\n")
    document, variable = export(resource("m", {})), {"COSTTAGS_SCHEMA": str(tmp_path / "b" / "tags.yaml")}
    assert 'tag "a" is missing' in run(document, "state.json", "--schema", "a/tags.yaml", env=variable).stdout
    assert 'tag "b" is missing' in run(document, env=variable).stdout
    assert 'tag "cost-center" is missing' in run(document).stdout
    (tmp_path / "below").mkdir()
    assert 'tag "cost-center" is missing' in run(document, "../state.json", cwd=tmp_path / "below").stdout


def test_a_policy_config_and_exemptions(run: Run, tmp_path: Path) -> None:
    """Levels and exemptions work as in the preview, with the rows on what exemptions did."""
    until = str(datetime.now(tz=UTC).date() + timedelta(days=30))
    entry = {"owner": "me", "reason": "why", "expires": until}
    entries = [
        {"resource": urn("m"), "policies": ["tag-values"], **entry},
        {"resource": urn("gone"), "policies": ["tag-values"], **entry},
        {"resource": urn("m"), "policies": ["tag-spelling"], **entry, "expires": "2020-01-01"},
    ]
    (tmp_path / "exemptions.yaml").write_text(json.dumps(entries))
    document = export(resource("m", WRONG), resource("n", {"environment": "dev"}))
    (tmp_path / "levels.json").write_text('{"required-tags": "advisory"}')
    done = run(document, "state.json", "--policy-config", "levels.json", "--format", "json")
    rows = {(f["policy"], f["level"], f["code"]) for f in json.loads(done.stdout)["findings"]}
    assert done.returncode == 0
    assert rows == {
        ("tag-values", "exempt", "wrong-value"),
        ("required-tags", "advisory", "missing"),
        *(("exemptions-in-use", "advisory", f"exemption-{what}") for what in ("expired", "unused", "used")),
    }
    (tmp_path / "levels.json").write_text('{"exemptions-in-use": "disabled", "tag-values": "disabled"}')
    done = run(document, "state.json", "--policy-config", "levels.json", "--format", "json")
    assert [(f["policy"], f["code"]) for f in json.loads(done.stdout)["findings"]] == [("required-tags", "missing")]
    assert done.returncode == 1
    (tmp_path / "levels.json").write_text('{"required-tag": "advisory"}')
    done = run(document, "state.json", "--policy-config", "levels.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'did you mean "required-tags"?' in done.stderr


def test_places_are_seen_from_the_working_directory(run: Run, tmp_path: Path) -> None:
    """An export knows paths in its project only; --project says where that is."""
    folder = tmp_path / "infra"
    folder.mkdir()
    document = export(resource("m", WRONG, sourcePosition="project:///lib/a%20b.py#7,3"))
    assert "BLOCKED  lib/a b.py:7: m  " in run(document).stdout
    assert "BLOCKED  infra/lib/a b.py:7: m  " in run(document, "state.json", "--project", "infra").stdout
    done = run(document, "state.json", "--project", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")


# ---- what is no export

WORD = "`pulumi stack export --file FILE` writes an exported stack"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", f"is empty; {WORD}"),
        (b" \n", f"is empty; {WORD}"),
        (b"hello", f"is not JSON (line 1: Expecting value); {WORD}"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b'{"version": 3, "deployment": {"resources": [{"urn": "\xe4"}]}}', "is not UTF-8 text"),
        (json.dumps(export(resource("m")), indent=1).encode()[:300], "is cut off: its JSON ends in line "),
        (json.dumps(export(resource("m"))).encode()[:130], "is cut off: its JSON ends in line 1 before it is complete"),
        (
            json.dumps(export(resource("ü")), ensure_ascii=False).encode().partition(b"\xbc")[0],
            "is cut off: it ends within",
        ),
        (b"[]", f'is no exported stack (no "deployment"); {WORD}'),
        (b'{"steps": []}', f'is no exported stack (no "deployment"); {WORD}'),
        (b'{"deployment": {}}', 'is no exported stack ("version" is null)'),
        (b'{"version": "3", "deployment": {}}', 'is no exported stack ("version" is "3")'),
        (b'{"version": true, "deployment": {}}', 'is no exported stack ("version" is true)'),
        (b'{"version": 5, "deployment": {}}', "has the format 5, and this costtags reads 4 at most: upgrade costtags"),
        (b'{"version": 3, "deployment": []}', 'is no exported stack: "deployment" is no object'),
        (b'{"version": 3, "checkpoint": []}', 'is no checkpoint: "checkpoint" is no object'),
        (b'{"version": 3, "deployment": {"resources": {}}}', 'is no exported stack: "resources" is no list'),
        (b'{"version": 3, "deployment": {"resources": [7]}}', "is damaged: resource 1 is no object"),
        (b'{"version": 3, "deployment": {"resources": [{}]}}', 'is damaged: resource 1 has no URN ("urn")'),
        (b'{"version": 3, "deployment": {"resources": [{"urn": "urn:x"}]}}', "is damaged: resource 1 has no URN"),
        (json.dumps(export({"urn": urn("m")})).encode(), f'is damaged: {urn("m")} has no type ("type")'),
        (
            json.dumps(export(resource("m", inputs=[]) | {"inputs": []})).encode(),
            f'"inputs" of {urn("m")} is no object',
        ),
        (b'{"version": 3, "deployment": ' + b"[" * 100_000, "is nested too deeply"),
        (b'{"version": 3, "deployment": ' + b"1" * 5000 + b"}", "is not JSON that can be read: Exceeds the limit"),
        (gzip.compress(b"{}"), "is compressed; give what it holds: gunzip -c FILE | costtags state -"),
    ],
    ids=range(25),
)
def test_what_is_no_export(judged: Judged, data: bytes, said: str) -> None:
    """What cannot be judged is said in words, and never passes."""
    with pytest.raises(StateError) as error:
        judged(data)
    assert said in str(error.value)


def test_messages_name_the_file_and_exit_with_2(run: Run) -> None:
    """No traceback, nothing on stdout."""
    for document, arguments, said in [
        (b"hello", (), f"costtags: state.json is not JSON (line 1: Expecting value); {WORD}\n"),
        (b"", ("-",), f"costtags: stdin is empty; {WORD}\n"),
        (b"", ("nowhere.json",), "costtags: cannot read nowhere.json: No such file or directory\n"),
        (b"", (".",), "costtags: cannot read .: Is a directory\n"),
    ]:
        done = run(document, *arguments, input="")
        assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


@pytest.mark.parametrize(
    "document",
    [
        export(stack=False),
        {"version": 3, "deployment": {"manifest": {}}},
        {"version": 3, "deployment": None},
        {"version": 3, "checkpoint": {"stack": "organization/ml/dev", "latest": None}},
    ],
)
def test_a_stack_without_resources_passes_and_says_so(run: Run, document: Any) -> None:
    """Nothing is deployed: that is no fault, and no success of a check either."""
    done = run(document)
    assert done.returncode == 0
    assert done.stderr == "note: the export has no resources: nothing is deployed, so there is nothing to judge\n"
    assert done.stdout.endswith("Passed: 0 resources judged; findings: none.\n")


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_all_formats_of_exports_and_checkpoints(judged: Judged, version: int) -> None:
    """Old formats have resources in the same form; a file of a backend in files is read too."""
    made = export(resource("m", WRONG), version=version)
    checkpoint = {"version": version, "checkpoint": {"stack": "organization/ml/dev", "latest": made["deployment"]}}
    reports = [judged(made), judged({**made, "features": ["views"]}), judged(checkpoint)]
    assert [(report.project, report.stack) for report in reports] == [("ml", "dev")] * 3
    assert [found(report) for report in reports] == [[("m", "wrong-value", "environment")]] * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_what_powershell_writes(judged: Judged, encoding: str) -> None:
    """Windows' PowerShell turns what it redirects into UTF-16, or adds a byte order mark."""
    text = json.dumps(export(resource("m", {**RIGHT, "project": "ü"})), ensure_ascii=False)
    assert found(judged(text.encode(encoding))) == [("m", "wrong-value", "project")]


def test_half_a_surrogate_pair_reaches_no_output(judged: Judged) -> None:
    """Text that UTF-8 cannot hold is replaced, as Pulumi does, and whole pairs stay."""
    report = judged(export(resource("m", {**RIGHT, "a\ud800": "x", "b\U0001f600": "y"})))
    assert list(report.resources[0].tags) == ["a\ufffd", "b\U0001f600", "cost-center", "environment"]
    for write in FORMATS.values():
        write(report).encode()


# ---- which resources


def test_only_what_is_there_is_judged(judged: Judged) -> None:
    """Not what is only read, waits for its deletion, or was deleted already and is not made again yet."""
    report = judged(
        export(
            resource("read", {}, external=True),
            resource("old", {}, delete=True),
            resource("replaced", {}, pendingReplacement=True),
            resource("old", RIGHT),
            resource("protected", WRONG, protect=True),
            resource("imported", WRONG, importID="x"),
            resource("tainted", WRONG, taint=True),
            resource("failed", WRONG, initErrors=["no"]),
            {"urn": urn("c", "a:b:C"), "custom": False, "type": "a:b:C", "inputs": {"tags": {}}},
            resource("other", {}, "pulumi:pulumi:StackReference", external=True),
            resource("bucket", {}, "aws:s3/bucket:Bucket"),
            resource("new", {}, "aws:sagemaker/newThing:NewThing"),
        )
    )
    names = ["failed", "imported", "protected", "tainted"]
    assert found(report) == [*((name, "wrong-value", "environment") for name in names), ("new", "unknown-type", None)]
    assert [r.urn.split("::")[3] for r in report.resources] == ["failed", "imported", "old", "protected", "tainted"]
    assert report.others == 2


def test_documents_are_judged(judged: Judged) -> None:
    """Budgets and policies are judged as in the preview."""
    budget = resource("b", None, "aws:budgets/budget:Budget")
    budget["inputs"] = {"costFilters": [{"name": "TagKeyValue", "values": ["cost-center$ML-Sales"]}]}
    scp = resource("p", None, "aws:organizations/policy:Policy")
    scp["inputs"] = {"type": "SERVICE_CONTROL_POLICY", "content": "{"}
    hidden = resource("q", None, "aws:organizations/policy:Policy")
    hidden["inputs"] = {"content": ENCRYPTED}
    report = judged(export(budget, scp, hidden))
    assert [row[:2] for row in found(report)] == [
        *(("b", "filter-malformed"), ("p", "policy-malformed"), ("q", "unknown-value"))
    ]
    assert (report.documents, report.others) == (3, 0)


def test_the_name_of_a_resource_may_hold_colons(judged: Judged) -> None:
    """Project and stack come from the first parts of a URN."""
    report = judged(export(resource("a::b::c", WRONG), stack=False))
    assert (report.project, report.stack) == ("ml", "dev")
    assert found(report) == [("a::b::c", "wrong-value", "environment")]


# ---- where tags come from


def sources(report: Report) -> dict[str, str]:
    (judged_resource,) = report.resources
    return {key: tag.source for key, tag in judged_resource.tags.items()}


@pytest.mark.parametrize("text", [True, False])
def test_default_tags_of_the_provider(judged: Judged, text: bool) -> None:
    """A resource has the default tags of exactly the provider that it was deployed by, and its own over them."""
    tags = {"tags": {"cost-center": "ML-Sales", "environment": "nowhere"}}
    old = provider("p", defaultTags=json.dumps(tags) if text else tags)
    new = provider("p", id_="id2")
    report = judged(export(old, new, resource("m", {"environment": "dev"}, provider=by(old))))
    assert found(report) == []
    assert sources(report) == {"cost-center": "provider", "environment": "resource"}
    report = judged(export(old, new, resource("m", {"environment": "dev"}, provider=by(new))))
    assert found(report) == [("m", "missing", "cost-center")]


def test_aws_native_has_default_tags_in_its_inputs(judged: Judged) -> None:
    """What equals the provider's default tag is the provider's."""
    owner = provider("p", "pulumi:providers:aws-native", defaultTags=json.dumps({"tags": {"environment": "dev"}}))
    tags = [{"key": key, "value": value} for key, value in RIGHT.items()]
    report = judged(export(owner, resource("m", tags, NATIVE, provider=by(owner))))
    assert found(report) == []
    assert sources(report) == {"cost-center": "resource", "environment": "provider"}


def test_secret_default_tags_that_aws_native_wrote_into_the_inputs(judged: Judged) -> None:
    """They stand there in plain text, without a mark: all is judged, and nothing is shown."""
    owner = provider("p", "pulumi:providers:aws-native", defaultTags=ENCRYPTED)
    tags = [{"key": "cost-center", "value": "ML-Sales"}, {"key": "project", "value": "HUSH"}]
    report = judged(export(owner, resource("m", tags, NATIVE, provider=by(owner))))
    assert found(report) == [("m", "missing", "environment"), ("m", "wrong-value", "project")]
    for write in FORMATS.values():
        assert "HUSH" not in write(report)
        assert 'ML-Sales",' not in write(report)


def test_ignored_keys(judged: Judged) -> None:
    """Providers are judged too."""
    ignoring = provider("p", ignoreTags=json.dumps({"keys": ["environment"], "keyPrefixes": ["cost-"]}))
    assert found(judged(export(ignoring))) == [
        *(("p", "ignored-key", "cost-center"), ("p", "ignored-key", "environment"))
    ]


def test_the_environment_of_the_judge_is_not_that_of_the_deployment(run: Run) -> None:
    """TF_AWS_DEFAULT_TAGS_* of here and now did not deploy the stack."""
    variables = {f"TF_AWS_DEFAULT_TAGS_{key}": value for key, value in RIGHT.items()}
    done = run(export(resource("m", {})), env={**variables, "TF_AWS_IGNORE_TAGS_KEYS": "environment"})
    assert done.returncode == 1
    assert done.stdout.endswith("Blocked: 1 resource judged; findings: 2 mandatory.\n")


def test_what_the_environment_of_the_deployment_set(judged: Judged) -> None:
    """A tag that only the provider's report has came from there: it counts, and no other key does."""
    reported = {**RIGHT, "environment": "nowhere", "Environment": "x", "made-by": "console", "aws:x": "y"}

    def state(**outputs: Any) -> Report:
        return judged(export(resource("m", {"cost-center": "ML-Sales"}, outputs=outputs)))

    report = state(tagsAll=reported)
    assert sources(report) == {"cost-center": "resource", "environment": "environment"}
    assert found(report) == [("m", "wrong-value", "environment")]
    assert "(from TF_AWS_DEFAULT_TAGS_)" in report.findings[0].message
    assert found(state(tagsAll=RIGHT)) == []
    for hidden in (ENCRYPTED, "[secret]", UNKNOWN, [], None, 7):
        assert found(state(tagsAll=hidden)) == [("m", "missing", "environment")]
    assert found(state(tagsAll={**RIGHT, "environment": ENCRYPTED})) == [("m", "unknown-value", "environment")]
    report = state(tagsAll=plain_secret(RIGHT))
    assert found(report) == []
    assert report.resources[0].tags["environment"].secret


def test_inputs_win_over_what_was_reported(judged: Judged) -> None:
    """The verdict is on what was asked for, as everywhere."""
    report = judged(export(resource("m", WRONG, outputs={"tags": RIGHT, "tagsAll": RIGHT})))
    assert found(report) == [("m", "wrong-value", "environment")]


def test_the_bridge_s_own_notes_are_no_tags(judged: Judged) -> None:
    """Imported and refreshed resources have a list `__defaults` in their maps."""
    report = judged(export(resource("m", {**RIGHT, "__defaults": []}), resource("n", {**RIGHT, "__defaults": "x"})))
    assert [list(r.tags) for r in report.resources] == [
        *(["cost-center", "environment"], ["__defaults", "cost-center", "environment"])
    ]


# ---- secrets and what is not known


@pytest.mark.parametrize("value", [ENCRYPTED, "[secret]", plain_secret("[secret]"), UNKNOWN, ASSET, {KEY: "new"}])
def test_values_that_cannot_be_read_are_unknown(judged: Judged, value: Any) -> None:
    """Not wrong, be it the value of one tag, all tags, or what a provider adds."""
    assert found(judged(export(resource("m", {**RIGHT, "environment": value})))) == [
        *(("m", "unknown-value", "environment"),)
    ]
    assert found(judged(export(resource("m", value)))) == [("m", "unknown-value", None)]
    owner = provider("p", defaultTags=value)
    report = judged(export(owner, resource("m", {"environment": "dev"}, provider=by(owner))))
    assert found(report) == [("m", "unknown-value", None)]
    listed = [{"key": "cost-center", "value": "ML-Sales"}, {"key": "environment", "value": value}]
    assert found(judged(export(resource("m", listed, NATIVE)))) == [("m", "unknown-value", "environment")]
    assert {finding.level for finding in report.findings} == {"advisory"}


@pytest.mark.parametrize(
    "tags",
    [
        {**RIGHT, "environment": plain_secret("hush")},
        plain_secret({**RIGHT, "environment": "hush"}),
        plain_secret({**RIGHT, "environment": plain_secret("hush")}),
    ],
)
def test_secrets_in_plain_text_are_judged_and_never_shown(judged: Judged, tags: Any) -> None:
    """With --show-secrets the export has the values; the outputs have them not."""
    report = judged(export(resource("m", tags)))
    assert found(report) == [("m", "wrong-value", "environment")]
    for write in FORMATS.values():
        assert "hush" not in write(report)


def test_secret_default_tags(judged: Judged) -> None:
    """They are JSON text in a secret, which is JSON text itself."""
    text = json.dumps({"tags": {"environment": "hush"}})
    owner = provider("p", defaultTags=plain_secret(text))
    report = judged(export(owner, resource("m", {"cost-center": "ML-Sales"}, provider=by(owner))))
    assert found(report) == [("m", "wrong-value", "environment")]
    assert report.resources[0].tags["environment"].secret
    assert "hush" not in "".join(write(report) for write in FORMATS.values())


def test_a_domain_hands_its_tags_on(judged: Judged) -> None:
    """tagPropagation is judged, in a secret too."""
    domains = []
    for name, value in [("a", "ENABLED"), ("b", plain_secret("ENABLED")), ("c", ENCRYPTED), ("d", "DISABLED")]:
        domains.append(resource(name, RIGHT, "aws:sagemaker/domain:Domain"))
        domains[-1]["inputs"]["tagPropagation"] = value
    assert found(judged(export(*domains))) == [("c", "unknown-value", None), ("d", "no-propagation", None)]


# ---- places


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({}, (None, None)),
        ({"sourcePosition": "project:///a.py#3,1"}, ("a.py", 3)),
        ({"sourcePosition": "project:///../out.py#3"}, (None, None)),
        ({"sourcePosition": "file:///project/a.py#3"}, (None, None)),
        ({"sourcePosition": "project:///a.py"}, (None, None)),
        ({"sourcePosition": "project:///a.py#" + "9" * 5000}, (None, None)),
        ({"sourcePosition": 7, "stackTrace": [None, {}, {"sourcePosition": []}]}, (None, None)),
        (
            {
                "sourcePosition": "project:///venv/lib/python3.12/site-packages/pulumi_aws/provider.py#1",
                "stackTrace": [
                    {"sourcePosition": "project:///venv/lib/python3.12/site-packages/pulumi_aws/provider.py#1"},
                    {},
                    {"sourcePosition": "project:///../../usr/lib/python3.12/runpy.py#1"},
                    {"sourcePosition": "project:///infra/main.py#9"},
                    {"sourcePosition": "project:///__main__.py#2"},
                ],
            },
            ("infra/main.py", 9),
        ),
    ],
)
def test_places(judged: Judged, more: dict[str, Any], place: tuple[str | None, int | None]) -> None:
    """The nearest frame in the project, not in what is installed there, wherever the project lay."""
    (finding,) = judged(export(resource("m", WRONG, **more))).findings
    assert (finding.file, finding.line) == place


# ---- the same as the pack

tag_keys = st.sampled_from(["cost-center", "environment", "project", "Environment", "costcenter", "other", "aws:x"])
tag_values = st.one_of(
    st.sampled_from(["ML-Sales", "dev", "x", "", " ", UNKNOWN, None, 7, True, 1.5]), st.lists(st.integers(), max_size=1)
)
tag_maps = st.one_of(st.none(), st.just(UNKNOWN), st.dictionaries(tag_keys, tag_values, max_size=5))


@given(tags=tag_maps, defaults=tag_maps, type_=st.sampled_from([MODEL, NATIVE, "aws:sagemaker/domain:Domain"]))
def test_a_resource_is_judged_as_by_the_pack(
    judged: Judged, rules: schema.Schema, tags: Any, defaults: Any, type_: str
) -> None:
    """Without outputs, a resource of a state has the findings that costtags.check has for it, for a copy of it too."""
    assume(not (type_ == NATIVE and defaults == UNKNOWN))  # a state has them in the inputs
    inputs = {} if tags is None else {"tags": tags}
    outer = UNKNOWN if defaults == UNKNOWN else {"tags": defaults}
    owner = provider("p", defaultTags=outer)
    expected = judge_place(rules, Place(type_, inputs, owner["inputs"]), {})
    rows = [resource(name, tags, type_, provider=by(owner)) for name in ("m", "n")]
    report = judged(export(owner, *rows), {"all": "mandatory", "exemptions-in-use": "disabled"})
    for row in rows:
        assert sorted((f.code, f.tag or "", f.message, f.fix) for f in report.findings if f.urn == row["urn"]) == (
            sorted((f.code, f.tag or "", f.message, f.fix) for f in expected)
        )


# Programs of every kind of source, secret, exemption and level; what state says of all others is checked by hand.
DEPLOYED = (
    *("all_wrong", "both_providers", "component_with_children", "default_tags_with_a_wrong_value"),
    *("default_tags_with_a_secret", "exemptions_of_all_kinds", "ignore_tags_by_key", "levels_by_policy"),
    *("native_default_tags_with_secrets", "native_secret_list", "policies_and_budgets_exempt", "read_resource"),
    *("secret_values", "transform_keeps_unknown_and_secret"),
)


@pytest.mark.engine
@pytest.mark.parametrize("name", DEPLOYED)
def test_the_pack_says_the_same_of_what_was_deployed(
    name: str, tmp_path: Path, engine_environment: dict[str, str]
) -> None:
    """`pulumi policy analyze --file`, with this pack, has the same findings word for word."""
    program = next(program for program in corpus.PROGRAMS if program.name == name)
    folder = tmp_path / "project"
    folder.mkdir()
    corpus.place(program, folder)
    (tmp_path / "backend").mkdir()
    environment = {
        **engine_environment,
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "COSTTAGS_SCHEMA": str(folder / "tags.yaml"),
    }
    done = drive.up(folder, env=environment)
    assert done.exit_code == 0, done.output
    exported, findings = folder / "state.json", folder / "findings.jsonl"
    arguments = ["stack", "export", "--stack", corpus.STACK, "--show-secrets", "--file", str(exported)]
    assert drive.run(arguments, folder, environment).exit_code == 0
    done = drive.run(
        [
            *("policy", "analyze", "--file", str(exported), "--json"),
            *("--policy-pack", str(corpus.PACK), "--policy-pack-config", str(folder / "policies.json")),
        ],
        folder,
        {**environment, "COSTTAGS_FINDINGS": str(findings)},
    )
    # It judges what is only read too, of which a state has no inputs.
    read_only = {row["urn"] for row in json.loads(exported.read_text())["deployment"]["resources"] if "external" in row}
    by_policy = policyconfig.levels(program.label.policies)
    packs = [
        row | {"level": corpus.real_level(by_policy[row["policy"]], exempt=row["exempt"])}
        for row in corpus.lines(findings)
        if "policy" in row and row["urn"] not in read_only  # the others tell what was remediated
    ]
    ours = subprocess.run(
        [COSTTAGS, "state", exported, "--policy-config", "policies.json", "--format", "json"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    report = json.loads(ours.stdout)
    assert corpus.comparable(report["findings"]) == corpus.comparable(packs), done.output
    assert report["findings"], "a program without findings tells nothing"
    assert ours.returncode == (1 if report["verdict"] == "blocked" else 0)
    for text in program.label.hidden:
        assert text not in ours.stdout + ours.stderr


# ---- whatever a file holds

anything = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
        st.sampled_from([ENCRYPTED, ASSET, UNKNOWN, "[secret]", plain_secret({"a": "b"}), {KEY: 1}, {KEY: SECRET}]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


def whole_export() -> Any:
    """Return an export that has some of everything."""
    owner = provider("p", defaultTags=json.dumps({"tags": {"a": "b"}}), ignoreTags={"keys": ["x"], "keyPrefixes": []})
    made = resource("m", RIGHT, provider=by(owner), outputs={"tagsAll": {"environment": "dev"}})
    made["stackTrace"] = [{"sourcePosition": "project:///a.py#1"}]
    domain = resource("d", {"a": plain_secret("b")}, "aws:sagemaker/domain:Domain", sourcePosition="project:///b.py#2")
    native = resource("n", [{"key": "a", "value": "b"}], NATIVE)
    budget = resource("b", None, "aws:budgets/budget:Budget")
    budget["inputs"] = {
        "costFilters": [{"name": "TagKeyValue", "values": ["user:cost-center$ML-Sales"]}],
        "filterExpression": {"ands": [{"tags": {"key": "environment", "values": ["x"], "matchOptions": ["EQUALS"]}}]},
    }
    statement = {"Effect": "Deny", "Action": "sagemaker:AddTags", "Condition": {"Null": {"aws:TagKeys": "true"}}}
    policy = resource("p", None, "aws-native:iam:ManagedPolicy")
    policy["inputs"] = {"policyDocument": {"Statement": [statement]}}
    tag_policy = resource("t", None, "aws-native:organizations:Policy")
    entry = {"tag_key": {"@@assign": "environment"}, "tag_value": {"@@assign": ["dev"]}}
    tag_policy["inputs"] = {"type": "TAG_POLICY", "content": {"tags": {"environment": entry}}}
    return export(owner, made, domain, native, budget, policy, tag_policy)


def places_in(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, item in items for place in places_in(item, (*at, key)))]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_a_changed_export_gives_a_verdict_or_a_message(judged: Judged, data: st.DataObject) -> None:
    """Whatever stands anywhere in an export, it is judged or refused in words; every format can write the verdict."""
    document = deepcopy(whole_export())  # what is changed in one example must not be in the next
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([place for place in places_in(document) if place]))
        target = document
        for key in way:
            target = target[key]
        if isinstance(target, dict) and data.draw(st.booleans()):
            target[data.draw(st.text(max_size=8))] = target.pop(last)
        else:
            target[last] = deepcopy(data.draw(anything))
    try:
        report = judged(document)
    except StateError:
        return
    for write in FORMATS.values():
        write(report).encode()


@settings(deadline=None)
@given(document=anything, cut=st.integers(0, 2000), noise=st.binary(max_size=3))
def test_any_bytes_give_a_message(judged: Judged, document: Any, cut: int, noise: bytes) -> None:
    """Random JSON, and an export that is cut or damaged anywhere."""
    whole = json.dumps(whole_export()).encode()
    for data in (json.dumps(document).encode(), whole[:cut], whole[:cut] + noise + whole[cut + 1 :]):
        with suppress(StateError):
            judged(data)


def test_an_exemption_counts_each_finding_once(judged: Judged) -> None:
    """The row says how many findings an entry excused."""
    entry = exemptions.Exemption(urn("*"), ("required-tags",), (), "me", "why", date(2099, 1, 1), 3)
    report = judged(export(resource("m", {}), resource("n", {})), excused=exemptions.Exemptions("x", (entry,)))
    assert [finding.level for finding in report.findings].count("exempt") == 4
    assert "4 findings excused until 2099-01-01" in report.findings[-1].message + report.findings[0].message
