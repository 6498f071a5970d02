"""What an audit makes of what was found: the plan of calls, the judgement, the formats, the journal."""

import csv
import io
import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from costtags.account import inventory, judging, run_audit
from costtags.account.audit import Audit, AuditedResource, AuditFinding, Costs, as_json, ordered, read_json
from costtags.account.audit_html import as_html
from costtags.account.audit_text import as_csv, as_text
from costtags.account.aws_config import recorded_types
from costtags.account.clients import AwsFailed
from costtags.account.inventory import Found, Item, Listing
from costtags.account.journal import MAX_AGE, Journal
from costtags.account.places import Place, Unreachable
from costtags.catalog import sagemaker_types
from costtags.check import Finding
from costtags.schema import Schema, load

HERE = Place("123456789012", "eu-west-1")
ROWS = {row.name: row for row in sagemaker_types()}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODEL = get_session().get_service_model("sagemaker")


@pytest.fixture
def schema(tmp_path: Path) -> Schema:
    (tmp_path / "tags.yaml").write_text(
        "version: 1\ntags:\n  team: {values: [ml, data]}\n  note: {required: false}\n"
        'other_keys: denied\nenforce: {resources: ["aws:sagemaker/*"]}\n',
        encoding="utf-8",
    )
    return load(tmp_path / "tags.yaml")


# ---- what is asked


def test_every_list_gets_the_most_of_a_page_and_the_time_that_bounds_it() -> None:
    since = datetime(2026, 10, 1, tzinfo=UTC)
    for row in inventory.asked(ROWS.values(), since):
        assert row.list_call
        operation = next(name for name in MODEL.operation_names if name.lower() == row.list_call.call.replace("_", ""))
        members = MODEL.operation_model(operation).input_shape.members
        for request in inventory.requests(Listing(row, HERE), members, since):
            assert request["MaxResults"] == 100
            bounds = [name for name in request if name.endswith("After")]
            assert bounds == ([] if row.name not in inventory.RECENT_ONLY else bounds[:1])
            assert bool(bounds) is (row.name in inventory.RECENT_ONLY)


def test_what_is_in_others_brings_their_lists_along() -> None:
    assert [row.name for row in inventory.asked([ROWS["hub-content"]], NOW)] == ["hub", "hub-content"]
    assert [row.name for row in inventory.asked([ROWS["training-job"], ROWS["model"]], None)] == ["model"]
    assert [row.name for row in inventory.asked([ROWS["reserved-capacity"]], NOW)] == []


def item(name: str, **fields: str) -> Item:
    return Item(ROWS[name], HERE, "x", None, None, fields)


@pytest.mark.parametrize(
    ("one", "likely", "certain"),
    [
        (item("user-profile", DomainId="d-1", UserProfileName="anna"), "user-profile/d-1/anna", True),
        (item("user-profile", DomainId="d-1", UserProfileName="Anna"), "user-profile/d-1/Anna", False),
        (item("space", DomainId="d-1", SpaceName="lab"), "space/d-1/lab", True),
        (
            item("app", DomainId="d-1", SpaceName="lab", AppType="JupyterLab", AppName="default"),
            "app/d-1/lab/JupyterLab/default",
            False,
        ),
        (item("app", DomainId="d-1", AppType="JupyterLab", AppName="default"), None, False),
        (item("inference-experiment", Name="x"), "inference-experiment/x", True),
        (item("cluster-extension"), None, False),
    ],
)
def test_arns_that_the_list_does_not_say(one: Item, likely: str | None, certain: bool) -> None:
    whole = None if likely is None else f"arn:aws-cn:sagemaker:eu-west-1:123456789012:{likely}"
    assert inventory.likely_arn(one, "aws-cn") == whole
    assert inventory.certain_arn(one, "aws-cn") == (whole if certain else None)


@pytest.mark.parametrize("text", ["soon", "30", "-1d", "99999d", "1000000d", "2026-13-01", "", "2999-01-01"])
def test_a_time_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"lies in the future|no time to begin") as caught:
        run_audit.since_of(text, NOW)
    assert text in str(caught.value)


def test_times() -> None:
    assert run_audit.since_of("90d", NOW) == NOW - timedelta(days=90)
    assert run_audit.since_of("2026-01-31", NOW) == datetime(2026, 1, 31, tzinfo=UTC)
    assert run_audit.since_of("0", NOW) is run_audit.since_of("0d", NOW) is None


def test_what_aws_config_records_is_botocores_list() -> None:
    assert {"AWS::SageMaker::Domain", "AWS::SageMaker::Model"} < recorded_types()
    assert "AWS::SageMaker::TrainingJob" not in recorded_types()


# ---- what is to be done


def fix(schema: Schema, code: str, tag: str | None, tags: dict[str, str], type_: str = "endpoint") -> str:
    one = Found(type_, HERE, "x", f"arn:aws:sagemaker:eu-west-1:123456789012:{type_}/x", None, tags)
    return judging.fix_of(schema, ROWS[type_], one, Finding(code, tag, "", "remove 3"))


def test_fixes_are_commands_that_a_shell_takes_as_they_are(schema: Schema) -> None:
    start = "aws sagemaker {} --region eu-west-1 --resource-arn arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x "
    add, delete = start.format("add-tags") + "--tags ", start.format("delete-tags") + "--tag-keys "
    assert fix(schema, "missing", "team", {}) == f"{add}'Key=team,Value=<value>'"
    assert fix(schema, "wrong-value", "team", {"team": "Data"}) == f"{add}Key=team,Value=data"
    assert fix(schema, "wrong-case", "Team", {"Team": "ml", "team": "ml"}) == f"{delete}Team"
    assert fix(schema, "unexpected-key", "a b", {}) == f"{delete}'[\"a b\"]'"
    assert fix(schema, "unexpected-key", "file:///etc/passwd", {}) == f"{delete}'[\"file:///etc/passwd\"]'"
    assert fix(schema, "unexpected-key", "--profile", {}) == f"{delete}'[\"--profile\"]'"
    assert fix(schema, "wrong-case", "NOTE", {"NOTE": "it's, x"}).startswith(
        f'{add}\'[{{"Key": "note", "Value": "it\'"\'"\'s, x"}}]\' && {delete}NOTE'
    )
    assert fix(schema, "too-many", None, {}) == "remove 3 tags: aws sagemaker delete-tags, or costtags repair"
    assert "at creation only" in fix(schema, "missing", "team", {}, "workforce")


@given(st.text(), st.text(min_size=1))
def test_no_key_or_value_leaves_its_place_in_a_command(key: str, value: str) -> None:
    one = Found("endpoint", HERE, "x", "arn:x", None, {})
    words = shlex.split(judging._add(one, key, value)) if "\0" not in key + value else []
    assert not words or (len(words) == 9 and words[7] == "--tags")
    if words and words[8].startswith("["):
        shown = "<value>" if value == "..." else value
        assert json.loads(words[8]) == [{"Key": key, "Value": shown}]


# ---- formats

HOSTILE = '=HYPERLINK("x")<script>|`\x1b[31m::error::'


def an_audit() -> Audit:
    finding = AuditFinding("tag-spelling", "mandatory", "wrong-case", HOSTILE, f"tag {HOSTILE}", f"-{HOSTILE}")
    one = AuditedResource(
        arn="arn:aws:sagemaker:eu-west-1:123456789012:endpoint/b",
        type="sagemaker:endpoint",
        name=HOSTILE,
        account="123456789012",
        region="eu-west-1",
        created=None,
        tags={HOSTILE: "@SUM(1)"},
        findings=(finding,),
        cost=Decimal("-1.5"),
    )
    right = replace(one, arn="arn:aws:sagemaker:eu-west-1:123456789012:endpoint/a", findings=(), cost=Decimal(3))
    costs = Costs("2026-10", False, "USD", Decimal(10), Decimal("0.5"), Decimal(8), 2)
    return Audit(
        source="api",
        judged_by="tags.yaml",
        at="2026-11-22T12:00:00Z",
        since=None,
        resources=ordered([one, right]),
        unreachable=(Unreachable(HOSTILE, HOSTILE),),
        notes=(HOSTILE,),
        gone=1,
        costs=costs,
        places=(HERE,),
        levels=(("required-tags", "advisory"),),
    )


def test_json_comes_back_as_it_was() -> None:
    assert read_json(as_json(an_audit())) == an_audit()
    assert [one.cost for one in an_audit().resources] == [Decimal(3), Decimal("-1.5")]


def test_nothing_acts_on_a_terminal_in_a_page_or_in_a_spreadsheet() -> None:
    text, page, table = as_text(an_audit()), as_html(an_audit()), as_csv(an_audit())
    assert "\x1b" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "<script" not in page
    assert "\x1b" not in as_json(an_audit())
    (_, row) = csv.reader(io.StringIO(table))
    assert row[2].startswith("'=")
    assert row[11] == "'@SUM(1)"
    assert row[13].startswith("'-")
    assert row[6] == "-1.5"  # an amount, and no formula
    assert "\x1b" not in table


def test_a_page_needs_nothing_else() -> None:
    page = as_html(an_audit())
    assert "http" not in page.replace("https://docs", "")
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_text_fits_a_terminal() -> None:
    wide = replace(an_audit().resources[1], name="n" * 300, tags={}, findings=an_audit().resources[1].findings)
    audit = replace(an_audit(), resources=(wide,), notes=(), unreachable=())
    table = as_text(audit, width=80).split("\n\n")[1]
    assert max(map(len, table.splitlines())) <= 80
    assert "\x1b[1m" in as_text(audit, width=80, colour=True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 is not JSON: Expecting value"),
        ("[]", "is not what `costtags audit --format json` writes"),
        ('{"version": 2, "resources": []}', "is an audit of version 2; this costtags reads version 1"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_audit(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_json(text)
    assert str(caught.value) == said


def test_every_fault_of_a_changed_audit_is_named() -> None:
    data = json.loads(as_json(an_audit()))
    data["resources"][0]["tags"] = {"a": 1}
    data["resources"][1]["findings"][0]["level"] = "loud"
    del data["source"]
    with pytest.raises(ValueError, match=r".") as caught:
        read_json(json.dumps(data))
    said = str(caught.value)
    assert "source: field required" in said
    assert "resources[0].tags.a" in said
    assert "resources[1].findings[0].level" in said


# ---- the journal

SETTINGS = {"since": "30d", "accounts": ["1"]}


def journal(path: Path, now: datetime = NOW, **settings: object) -> Journal:
    return Journal(path, {**SETTINGS, **settings}, now)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("journal") / "j"
    kept = journal(path)
    kept.page("list a", [{"arn": "ä\n", "tags": {}}], "token")
    kept.keep("tags x", {"k": "v"})
    kept.page("list a", [{"arn": "b", "tags": {}}], None)
    kept.page("list b", [{"arn": "c", "tags": {}}], "t")
    kept.restart("list b")
    kept.complete()
    kept.close()
    return path.read_bytes()


@given(cut=st.integers(0, 700))
def test_a_journal_torn_anywhere_goes_on(written: bytes, tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("torn") / "j"
    path.write_bytes(written[:cut])
    kept = journal(path, NOW + timedelta(hours=1))
    whole = written[:cut].count(b"\n")
    assert kept.resumed == max(whole - 1, 0)
    assert kept.began == (NOW if whole else NOW + timedelta(hours=1))
    kept.keep("tags y", {})
    kept.close()
    again = journal(path, NOW + timedelta(hours=1))
    assert again.answer("tags y") == {}
    assert again.answer("tags x") == ({"k": "v"} if whole > 2 else None)
    assert again.pages("list a").complete is (whole > 3)
    assert [row["arn"] for row in again.pages("list a").rows] == ["ä\n", "b"][: (whole > 1) + (whole > 3)]
    assert again.pages("list b").rows == ([{"arn": "c", "tags": {}}] if whole == 5 else [])
    again.close()


def refusal(path: Path, now: datetime = NOW, **settings: object) -> str:
    with pytest.raises(AwsFailed) as caught:
        journal(path, now, **settings)
    return str(caught.value)


def test_a_journal_that_cannot_be_used(written: bytes, tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(written)
    assert refusal(path, since="90d") == (
        f"the journal {path} is of another audit (since: 30d, now 90d); run with its settings, or name another file"
    )
    assert "began 2026-11-22 12:00 UTC: what it holds may have changed since" in refusal(
        path, NOW + MAX_AGE + timedelta(minutes=1)
    )
    (tmp_path / "k").write_bytes(written + b"nonsense\n")
    assert f"{tmp_path / 'k'}:8: is no line of a journal" in refusal(tmp_path / "k")
    (tmp_path / "tags.yaml").write_text("version: 1", encoding="utf-8")
    assert "is no journal of `costtags audit`" in refusal(tmp_path / "tags.yaml")
    assert (tmp_path / "tags.yaml").read_text(encoding="utf-8") == "version: 1"
    assert "cannot use the journal" in refusal(tmp_path / "no" / "folder")
    first = journal(path)
    assert "another costtags is writing the journal" in refusal(path)
    first.close()
    journal(path).close()


@pytest.mark.parametrize(
    "line",
    [
        '{"page":"list a","rows":5,"next":null}',
        '{"page":"list a","rows":[{}],"next":null}',
        '{"page":"list a","rows":[{"name":"a","arn":"a","created":"late","fields":{}}],"next":null}',
        '{"page":"list a","rows":[{"name":"a","arn":"a","created":null,"fields":[]}],"next":null}',
        '{"page":"tagged a","rows":[{"arn":"a","tags":{"k":5}}],"next":null}',
        '{"answer":"tags x","is":[1]}',
        '{"answer":"described x","is":"x"}',
        "[" * 100_000,
    ],
)
def test_a_journal_in_which_someone_wrote_is_refused_at_the_line(written: bytes, tmp_path: Path, line: str) -> None:
    (tmp_path / "j").write_bytes(written + line.encode() + b"\n")
    assert refusal(tmp_path / "j") == f"{tmp_path / 'j'}:8: is no line of a journal; remove the file for a new audit"


def test_a_journal_is_for_its_owner(tmp_path: Path) -> None:
    journal(tmp_path / "j").close()
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600
