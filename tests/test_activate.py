"""What an activation decides, on fixed dates, and how AWS is called; the command as a whole: test_cli_activate.py."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.session import Session
from botocore.stub import Stubber

from costtags.account import billing_tags, clients
from costtags.account.activation import (
    SAGEMAKER_KEYS,
    Activation,
    BilledKey,
    PastBackfill,
    activation,
    applied,
    backfill,
    backfill_start,
    moment,
)
from costtags.account.activation_text import as_text, rules_text
from costtags.schema import load

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def schema(tmp_path):
    path = tmp_path / "tags.yaml"
    path.write_text("version: 1\ntags:\n  b: {}\n  a: {required: false, misspellings: [A1]}\n")
    return load(path)


def billed(key: str, *, active: bool = False, since: str | None = None, used: str | None = None) -> BilledKey:
    return BilledKey(key, active, since, used)


def state(schema: Any, *keys: BilledKey, sagemaker: bool | None = None) -> Activation:
    return activation(schema, "tags.yaml", None, keys, sagemaker)


@pytest.mark.parametrize(
    ("text", "today", "expected"),
    [
        ("2026-01", date(2026, 11, 22), date(2026, 1, 1)),
        ("2026-01-01", date(2026, 11, 22), date(2026, 1, 1)),
        ("2026-11", date(2026, 11, 1), date(2026, 11, 1)),
        ("2025-11", date(2026, 11, 30), date(2025, 11, 1)),
        ("2027-02", date(2028, 2, 29), date(2027, 2, 1)),
        ("2025-10", date(2026, 11, 1), "AWS backfills at most 12 months: 2025-11 is the earliest now"),
        ("2027-01", date(2028, 2, 29), "AWS backfills at most 12 months: 2027-02 is the earliest now"),
        ("2026-12", date(2026, 11, 30), "2026-12 lies in the future"),
        ("2026-01-02", date(2026, 11, 22), "a backfill starts on the first of a month: 2026-01, not 2026-01-02"),
        ("2026-13", date(2026, 11, 22), '"2026-13" is no month; write one like 2026-11'),
        ("2026-02-30", date(2026, 11, 22), '"2026-02-30" is no month; write one like 2026-11'),
        ("0000-01", date(2026, 11, 22), '"0000-01" is no month; write one like 2026-11'),
        ("2026-1", date(2026, 11, 22), '"2026-1" is no month; write one like 2026-11'),
        ("２０２６-01", date(2026, 11, 22), '"２０２６-01" is no month; write one like 2026-11'),
        ("2026-01\n", date(2026, 11, 22), '"2026-01\n" is no month; write one like 2026-11'),
        ("", date(2026, 11, 22), '"" is no month; write one like 2026-11'),
    ],
)
def test_backfill_start(text, today, expected):
    """A month is read as its first day, within AWS's limits; all else is refused with the reason."""
    if isinstance(expected, date):
        assert backfill_start(text, today) == expected
    else:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
            backfill_start(text, today)
        assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T12:00:00Z", NOW),
        ("2026-11-22T14:00:00+02:00", NOW),
        ("2026-11-22T12:00:00", NOW),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_moment(text, expected):
    """AWS writes times with Z or with an offset; what is no time is none."""
    assert moment(text) == expected


def test_order_and_what_is_wanted(schema):
    """tags.yaml's keys come first, sorted; SageMaker's own are wanted only where asked for."""
    assert [(key.key, key.wanted) for key in state(schema).keys] == [
        ("a", True), ("b", True), *((key, False) for key in SAGEMAKER_KEYS)
    ]  # fmt: skip
    assert all(key.wanted for key in state(schema, sagemaker=True).keys)
    assert [key.key for key in state(schema, sagemaker=False).keys] == ["a", "b"]
    assert sorted(SAGEMAKER_KEYS) == list(SAGEMAKER_KEYS)


def test_only_inactive_keys_are_to_be_activated(schema):
    """Neither active keys nor those not seen nor other spellings are touched."""
    found = state(schema, billed("a"), billed("A"), billed("a1"), billed("x"), billed("sagemaker:domain-arn"))
    assert found.to_activate == ["a"]
    assert [(wrong.billed.key, wrong.means) for wrong in found.misspelt] == [("A", "a"), ("a1", "a")]
    assert state(schema, billed("a", active=True), billed("b", active=True)).to_activate == []


@pytest.mark.parametrize(
    ("keys", "remains"),
    [
        ([], True),
        ([billed("b", active=True)], False),
        ([billed("b", active=True), billed("a")], True),
        ([billed("b")], True),
        ([billed("b", active=True), billed("sagemaker:domain-arn")], False),
    ],
)
def test_what_remains(schema, keys, remains):
    """Work remains for inactive keys and for required ones not seen; "a" is optional."""
    assert state(schema, *keys).remains is remains


def test_applied(schema):
    """Each key gets what AWS said of it; one that was not reached says so."""
    before = state(schema, billed("a"), billed("b"), billed("x", active=True))
    after = applied(before, {"a": None})
    assert [(key.key, key.state, key.activated, key.error) for key in after.keys[:2]] == [
        ("a", "active", True, None),
        ("b", "inactive", False, "not tried, or no answer: run it again, activating twice does no harm"),
    ]
    assert (before.active_keys, after.active_keys) == (1, 2)


def test_backfill_counts_what_would_be_activated(schema):
    """Before --apply, a key that it would activate is neither lost nor in the way; after it, it is."""
    keys = [billed("b", since="2026-09-01T00:00:00Z")]
    before = state(schema, *keys)
    plan = backfill(before, date(2026, 8, 1), keys, [], NOW)
    assert (plan.removed, plan.refusal) == ((), None)
    plan = backfill(applied(before, {"b": "refused"}), date(2026, 8, 1), keys, [], NOW)
    assert [key.key for key in plan.removed] == ["b"]
    assert plan.refusal == "still inactive: b; a backfill would take them out of these months"


@pytest.mark.parametrize(
    ("past", "refusal"),
    [
        (PastBackfill("2026-01-01", "2026-11-21T12:00:01Z", "SUCCEEDED"), "the next after 2026-11-22 12:00 UTC"),
        (PastBackfill("2026-01-01", "2026-11-21T12:00:00Z", "SUCCEEDED"), None),
        (PastBackfill("2026-01-01", "2026-11-21T15:00:00+02:00", "SUCCEEDED"), "the next after 2026-11-22 13:00 UTC"),
        (PastBackfill("2026-01-01", "2026-11-22T11:00:00Z", "FAILED"), None),
        (PastBackfill("2026-01-01", None, None), None),
        (PastBackfill("2026-01-01", None, "PROCESSING"), "AWS is still processing the last one"),
    ],
)
def test_backfill_once_in_24_hours(schema, past, refusal):
    """What AWS would refuse is refused here, to the second; what is not known is left to AWS."""
    keys = [billed("b", active=True)]
    plan = backfill(state(schema, *keys), date(2026, 8, 1), keys, [past], NOW)
    assert plan.refusal is None if refusal is None else str(plan.refusal).endswith(refusal)
    assert rules_text(plan).count("\nLast request: from 2026-01") == 1


def test_many_keys_taken_out(schema):
    """A long list of keys that a backfill takes out is cut in the text."""
    keys = [billed(f"k{n:02}", since="2026-09-01T00:00:00Z") for n in range(25)]
    plan = backfill(state(schema, *keys), date(2026, 8, 1), keys, [], NOW)
    text = rules_text(plan)
    assert "    k19: inactive since 2026-09-01\n    and 5 more; --format json lists all\n" in text
    assert "k20" not in text


def test_no_keys_at_all():
    """A tags.yaml without tags is an error elsewhere; here it prints nothing wrong."""
    empty = Activation("tags.yaml", None, False, (), (), 0)
    assert as_text(empty).endswith("\nDone: 0 of 0 keys active.\n")


@pytest.fixture
def ce(monkeypatch):
    """Return a client that may not reach the network."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return clients.client(Session(), "ce")


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([], [("a", None), ("b", None)]),
        ([{"TagKey": "b", "Code": "C", "Message": "m"}], [("a", None), ("b", "C: m")]),
        ([{"Code": "C", "Message": "m"}], [("a", "C: m"), ("b", "C: m")]),
        ([{"TagKey": "B", "Code": "C"}], [("a", "C: no reason given"), ("b", "C: no reason given")]),
        ([{"TagKey": "b"}], [("a", None), ("b", "no code: no reason given")]),
        ([{"TagKey": "b", "Message": "m"}, {"Code": "C"}], [("a", "C: no reason given"), ("b", "no code: m")]),
    ],
)
def test_errors_that_name_no_key(ce, errors, expected):
    """An error of which it is not clear which key it means leaves none of the others for done."""
    with Stubber(ce) as stub:
        entries = [{"TagKey": key, "Status": "Active"} for key in "ab"]
        stub.add_response(
            "update_cost_allocation_tags_status", {"Errors": errors}, {"CostAllocationTagsStatus": entries}
        )
        assert list(billing_tags.activate(ce, ["a", "b"])) == expected


def test_nothing_to_activate_asks_nothing(ce):
    """Without keys there is no request."""
    with Stubber(ce):
        assert list(billing_tags.activate(ce, [])) == []


def test_an_answer_without_keys(ce):
    """A bill that knows no keys at all, and a history without requests."""
    with Stubber(ce) as stub:
        stub.add_response("list_cost_allocation_tags", {})
        stub.add_response("list_cost_allocation_tag_backfill_history", {})
        assert (billing_tags.listed(ce), billing_tags.backfills(ce)) == ([], [])


@pytest.fixture
def no_settings(monkeypatch):
    """Hide the AWS settings of this machine."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({}, "ce.us-east-1.amazonaws.com"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "ce.us-east-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "ce.cn-northwest-1.amazonaws.com.cn"),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, "ce.cn-northwest-1.amazonaws.com.cn"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "cn-north-1"}, "ce.us-east-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://localhost:4566"}, "localhost:4566"),
        ({"AWS_ENDPOINT_URL_COST_EXPLORER": "http://localhost:1"}, "localhost:1"),
    ],
)
@pytest.mark.usefixtures("no_settings")
def test_where_cost_explorer_is(monkeypatch, settings, host):
    """Whatever the region, Cost Explorer is asked where its partition has it; a user's endpoint comes first."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert clients.client(Session(), "ce").meta.endpoint_url.split("//")[1] == host


@pytest.mark.parametrize(
    ("settings", "file", "expected"),
    [
        ({}, "", ("adaptive", 5)),
        ({"AWS_RETRY_MODE": "standard"}, "", ("standard", 5)),
        ({"AWS_MAX_ATTEMPTS": "9"}, "", ("adaptive", 9)),
        ({}, "max_attempts = 7\nretry_mode = standard\n", ("standard", 7)),
    ],
)
@pytest.mark.usefixtures("no_settings")
def test_retries(monkeypatch, tmp_path: Path, settings, file, expected):
    """Throttled calls are repeated more patiently than by default, unless the user set how."""
    (tmp_path / "config").write_text(f"[default]\n{file}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    retries = clients.client(Session(), "ce").meta.config.retries
    assert (retries["mode"], retries["total_max_attempts"]) == expected


def test_govcloud():
    """GovCloud has no Cost Explorer of its own: the message says where its bill is."""
    error = EndpointConnectionError(endpoint_url="https://ce.us-gov-west-1.amazonaws.com/")
    assert billing_tags.explained(error, None) == (
        'AWS did not answer: Could not connect to the endpoint URL: "https://ce.us-gov-west-1.amazonaws.com/"; '
        "GovCloud accounts are billed through a standard account: run this with credentials of that account"
    )
