"""The Lambda function of SpendDigest: what it reads, says, mails once, and does where AWS refuses."""

import html.parser
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import ANY, Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from costtags.components.spend_digest_lambda import handler

from .aws_models import validate

ACCOUNT = "123456789012"
TODAY = date(2026, 11, 22)
CONFIG: dict[str, Any] = {
    "account": ACCOUNT,
    "sender": "costs@example.com",
    "emails": ["finops@example.com", "lead@example.com"],
    "budgets": ["ml-*", "research"],
    "keys": ["cost-center", "project"],
    "services": ["Amazon SageMaker"],
}


def budget(name: str, limit: str | None = "100", actual: str | None = "50", forecast: str | None = "90") -> Any:
    def spend(amount: str) -> dict[str, str]:
        return {"Amount": amount, "Unit": "USD"}

    calculated = {} if actual is None else {"ActualSpend": spend(actual)}
    calculated |= {} if forecast is None else {"ForecastedSpend": spend(forecast)}
    made = {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY", "CalculatedSpend": calculated}
    return made | ({} if limit is None else {"BudgetLimit": spend(limit)})


def month(start: str, groups: dict[str, str], unit: str = "USD") -> Any:
    return {
        "TimePeriod": {"Start": start, "End": start},
        "Groups": [
            {"Keys": [key], "Metrics": {"AmortizedCost": {"Amount": amount, "Unit": unit}}}
            for key, amount in groups.items()
        ],
    }


def denied(code: str = "AccessDeniedException", operation: str = "X") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code}: not you"}}, operation)


class Aws:
    """Stands in for boto3: answers, or raises what it is told to; checks each request by AWS's own model."""

    def __init__(self, budgets: Any = (), costs: Any = None) -> None:
        self.budgets: Any = list(budgets)
        self.costs: Any = costs if costs is not None else {}
        self.mailed: list[Any] = []
        self.sent: dict[str, Any] = {}
        self.asked: list[Any] = []
        self.fails: dict[str, Exception] = {}

    def __call__(self, _service: str) -> Any:
        return SimpleNamespace(
            get_paginator=lambda _: SimpleNamespace(paginate=self.describe_budgets),
            get_cost_and_usage=self.get_cost_and_usage,
            put_item=self.put_item,
            update_item=self.update_item,
            send_email=self.send_email,
        )

    def called(self, service: str, operation: str, given: Any) -> None:
        validate(service, operation, given)
        self.asked.append(operation)
        if operation in self.fails:
            raise self.fails[operation]

    def describe_budgets(self, **given: Any) -> Any:
        self.called("budgets", "DescribeBudgets", given)
        yield {"Budgets": self.budgets[:1]}
        yield {"Budgets": self.budgets[1:]}
        yield {}

    def get_cost_and_usage(self, **given: Any) -> Any:
        self.called("ce", "GetCostAndUsage", given)
        answer = self.costs.get(given["GroupBy"][0]["Key"], [])
        if isinstance(answer, Exception):
            raise answer
        pages = answer if answer and isinstance(answer[0], list) else [answer]
        number = int(given.get("NextPageToken", "0"))
        more = {"NextPageToken": str(number + 1)} if number + 1 < len(pages) else {}
        return {"ResultsByTime": pages[number], **more}

    def put_item(self, **given: Any) -> None:
        self.called("dynamodb", "PutItem", given)
        item = {key: next(iter(value.values())) for key, value in given["Item"].items()}
        before = self.sent.get(item["scheduled"])
        if before and not (before["request"] == item["request"] and before["state"] == "sending"):
            raise denied("ConditionalCheckFailedException")
        self.sent[item["scheduled"]] = item

    def update_item(self, **given: Any) -> None:
        self.called("dynamodb", "UpdateItem", given)
        self.sent[given["Key"]["scheduled"]["S"]]["state"] = "sent"

    def send_email(self, **given: Any) -> None:
        self.called("sesv2", "SendEmail", given)
        self.mailed.append(given)


COSTS = {
    "cost-center": [
        month("2026-10-01", {"cost-center$": "10", "cost-center$ML-Sales": "70", "cost-center$ML-Research": "20"}),
        month("2026-11-01", {"cost-center$": "25", "cost-center$ML-Sales": "75"}),
    ],
    "project": [month("2026-10-01", {"project$": "100"}), month("2026-11-01", {"project$churn": "100"})],
}
BUDGETS = [budget("ml-all", "20000", "4100.5", "21000"), budget("research", "100", "120", "150"), budget("other")]


def read(aws: Aws, today: date = TODAY, **config: Any) -> handler.Digest:
    return handler.read({**CONFIG, **config}, aws, today)


# --- what it says


def test_the_whole_mail() -> None:
    """All budgets in one mail, worst first, and the coverage of each tag; what it cost stands below."""
    digest = read(Aws(BUDGETS, COSTS))
    assert handler.subject(digest) == "SageMaker spend on 2026-11-22: 1 of 2 budgets over, at least 75.0% tagged"
    assert handler.text(digest) == (
        "Budgets\n"
        "\n"
        "Budget              Limit          Actual        Used    Forecast       State\n"
        "research (monthly)  USD 100.00     USD 120.00    120.0%  USD 150.00     over\n"
        "ml-all (monthly)    USD 20,000.00  USD 4,100.50  20.5%   USD 21,000.00  at risk\n"
        "\n"
        "Tag coverage\n"
        "\n"
        "Tag          Month           Spend       Carries the tag  Does not\n"
        "cost-center  2026-10         USD 100.00  90.0%            USD 10.00\n"
        "cost-center  2026-11 so far  USD 100.00  75.0%            USD 25.00\n"
        "project      2026-10         USD 100.00  0.0%             USD 100.00\n"
        "project      2026-11 so far  USD 100.00  100.0%           USD 0.00\n"
        "\n"
        "Account 123456789012, 2026-11-22. AWS updates budgets about three times a day.\n"
        "Coverage: amortised cost of Amazon SageMaker, without tax, credit, refund. A tag counts from the day on which "
        "it is activated as a cost allocation tag.\n"
        "This digest took 2 requests to Cost Explorer: USD 0.02.\n"
    )


def test_what_is_asked_of_cost_explorer() -> None:
    """The month before and this one so far, amortised, SageMaker's, without what cannot carry a tag."""
    asked: list[Any] = []
    aws = Aws([], {})
    aws.get_cost_and_usage = lambda **given: asked.append(given) or {"ResultsByTime": []}  # type: ignore[method-assign]
    read(aws, budgets=[], keys=["team"])
    read(aws, date(2026, 1, 1), budgets=[], keys=["team"])
    assert [one["TimePeriod"] for one in asked] == [
        {"Start": "2026-10-01", "End": "2026-11-22"},
        {"Start": "2025-12-01", "End": "2026-01-01"},
    ]
    assert asked[0] == {
        "TimePeriod": {"Start": "2026-10-01", "End": "2026-11-22"},
        "Granularity": "MONTHLY",
        "Metrics": ["AmortizedCost"],
        "GroupBy": [{"Type": "TAG", "Key": "team"}],
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon SageMaker"]}},
                {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Tax", "Credit", "Refund"]}}},
            ]
        },
    }
    validate("ce", "GetCostAndUsage", asked[0])


def test_the_first_days_of_a_month() -> None:
    """Without a forecast, an amount or a limit the mail says so; without spend there is no coverage to tell."""
    budgets = [
        budget("ml-new", forecast=None),
        budget("ml-none", actual=None, forecast=None),
        budget("ml-open", limit=None),
        budget("ml-zero", limit="0"),
    ]
    digest = read(Aws(budgets, {"cost-center": [month("2026-11-01", {"cost-center$": "0"})]}), budgets=["ml-*"])
    assert handler.budget_rows(digest) == [
        ("ml-new (monthly)", "USD 100.00", "USD 50.00", "50.0%", "none yet", "ok"),
        ("ml-none (monthly)", "USD 100.00", "not known yet", "", "none yet", "ok"),
        ("ml-open (monthly)", "none", "USD 50.00", "", "USD 90.00", "ok"),
        ("ml-zero (monthly)", "USD 0.00", "USD 50.00", "", "USD 90.00", "ok"),
    ]
    assert handler.coverage_rows(digest) == [("cost-center", "2026-11 so far", "USD 0.00", "no spend", "USD 0.00")]
    assert handler.subject(digest) == "SageMaker spend on 2026-11-22: 0 of 4 budgets over"


def test_the_worst_comes_first() -> None:
    """Budgets stand by how much of them is used; last those of which that is not known."""
    names = [budget("a", actual=None), budget("b", actual="0"), budget("c", actual="1"), budget("d", actual="200")]
    assert [one.name for one in read(Aws(names, COSTS), budgets=["*"]).budgets] == ["d", "c", "b", "a"]


def test_no_spend_at_all() -> None:
    """An account that has not used SageMaker gets a mail that says that."""
    digest = read(Aws(), budgets=[])
    assert handler.text(digest).startswith("Tag coverage\n\nNo spend in this month and the last\n")
    assert "No spend in this month" in handler.page(digest)
    assert handler.subject(digest) == "SageMaker spend on 2026-11-22: nothing to tell"


def test_budgets_that_are_not_there() -> None:
    """A name that no budget has is said, and the rest is told."""
    text = handler.text(read(Aws(BUDGETS, COSTS), budgets=["ml-all", "reserch", "x-*"]))
    assert "Budget reserch: there is none of this name.\nBudget x-*: there is none of this name.\n" in text
    assert "ml-all (monthly)" in text
    assert "research (monthly)" not in text
    alone = read(Aws([], {}), budgets=["x"], keys=[])
    assert "Budget x: there is none of this name." in handler.text(alone)


def test_currencies_stand_apart() -> None:
    """Amounts of two currencies are not added."""
    costs = {"project": [month("2026-11-01", {"project$a": "5"}), month("2026-11-01", {"project$": "7"}, "CNY")]}
    rows = handler.coverage_rows(read(Aws([], costs), budgets=[], keys=["project"]))
    assert [(row[2], row[3]) for row in rows] == [("CNY 7.00", "0.0%"), ("USD 5.00", "100.0%")]


def test_many_values() -> None:
    """Each further page is a request that is paid for; more pages than that are not, and the mail says so."""
    pages = [[month("2026-11-01", {f"project$v{number}": "1"})] for number in range(3)]
    digest = read(Aws([], {"project": pages}), budgets=[], keys=["project"])
    assert (digest.requests, digest.coverage[0].total) == (3, Decimal(3))
    assert "took 3 requests to Cost Explorer: USD 0.03." in handler.text(digest)
    endless = read(Aws(BUDGETS, {"project": pages * 10}), keys=["project"])
    assert endless.requests == handler.MAX_PAGES
    assert endless.unread == ["coverage of tag project: TooManyValues: it has more values than 20 pages hold"]
    assert endless.coverage == []


@pytest.mark.parametrize(
    ("fraction", "shown"), [("0", "0.0%"), ("0.99999", "99.9%"), ("1", "100.0%"), ("12.5", "1,250.0%")]
)
def test_percent(fraction: str, shown: str) -> None:
    """What is not all of it is never rounded to all of it."""
    assert handler.percent(Decimal(fraction)) == shown


# --- hostile names

EVIL = "<img src=x onerror=alert(1)>\"'&\r\nBcc: x@evil.example\x1b[2J\u202egpj"


class Elements(html.parser.HTMLParser):
    """Collects elements, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.said.append(data)


ELEMENTS = {"html", "head", "meta", "title", "body", "h2", "table", "tr", "th", "td", "ul", "li", "p", "small"}


def hostile(name: str) -> handler.Digest:
    costs = {name: [month("2026-11-01", {f"{name}$": "1", f"{name}$x": "1"}, unit="<b>")]}
    aws = Aws([budget(name)], costs)
    aws.costs["bad"] = denied(f"<script>{name}")
    return read(aws, budgets=["*", name + "!"], keys=[name, "bad"])


def test_hostile_names() -> None:
    """Names of budgets and tags are text: no markup, no line, no control character of theirs gets through."""
    digest = hostile(EVIL)
    page = Elements(handler.page(digest))
    assert page.tags <= ELEMENTS
    assert page.attributes <= {"lang", "charset", "name", "content", "style"}
    assert "".join(page.said).count("<img src=x onerror=alert(1)>\"'& Bcc: x@evil.example [2J gpj") >= 4
    text = handler.text(digest)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not any(one.startswith("Bcc") for one in text.splitlines())
    assert "\n" not in handler.subject(digest)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=300).filter(lambda text: not text.endswith("*")))
def test_any_name(name: str) -> None:
    """Whatever a budget or a tag is called, the mail's lines and elements are ours."""
    digest = handler.Digest(TODAY, ACCOUNT, ["Amazon SageMaker"])
    digest.budgets = [handler.Budget(name, "USD", "monthly", Decimal(1), Decimal(2), None)]
    digest.coverage = [handler.Coverage(name, "2026-11", "USD", Decimal(2), Decimal(1))]
    digest.unread = [f"coverage of tag {handler.line(name)}: X"]
    assert Elements(handler.page(digest)).tags <= ELEMENTS
    assert len(handler.text(digest).splitlines()) == 15
    assert len(handler.line(name)) <= handler.MAX_NAME


# --- where AWS refuses


@pytest.mark.parametrize(
    "error",
    [
        denied(),
        denied("ThrottlingException"),
        EndpointConnectionError(endpoint_url="https://ce.us-east-1.amazonaws.com"),
    ],
)
def test_what_cannot_be_read_is_named(error: Exception) -> None:
    """A part that AWS refuses, throttles or cannot be reached for is named; the rest goes out."""
    digest = read(Aws(BUDGETS, {**COSTS, "project": error}))
    (unread,) = digest.unread
    assert unread.startswith("coverage of tag project: ")
    assert {one.key for one in digest.coverage} == {"cost-center"}
    assert handler.subject(digest).endswith(", incomplete")
    assert "Could not be read\n\n- coverage of tag project: " in handler.text(digest)
    assert "<h2>Could not be read</h2><ul><li>coverage of tag project: " in handler.page(digest)
    aws = Aws(BUDGETS, COSTS)
    aws.fails["DescribeBudgets"] = error
    assert [one.split(":")[0] for one in read(aws).unread] == ["budgets"]


def test_nothing_can_be_read() -> None:
    """Where nothing can be read there is nothing to mail: it fails, and says of what."""
    aws = Aws([], {"cost-center": denied(), "project": denied("ThrottlingException")})
    aws.fails["DescribeBudgets"] = denied()
    with pytest.raises(
        RuntimeError, match=r"^nothing could be read: budgets: AccessDenied.*; coverage of tag project: "
    ):
        read(aws)


def test_throttling_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clients try again where they are throttled."""
    made: list[Any] = []
    monkeypatch.setattr(boto3, "client", lambda service, **given: made.append((service, given["config"])))
    handler.client("ce")
    assert [(service, config.retries) for service, config in made] == [("ce", {"mode": "standard", "max_attempts": 6})]


def test_real_clients() -> None:
    """botocore's own client takes the requests, and reads all pages of budgets."""
    client = boto3.client("budgets", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stubber:
        stubber.add_response("describe_budgets", {"Budgets": [budget("a")], "NextToken": "t"}, {"AccountId": ACCOUNT})
        stubber.add_response("describe_budgets", {"Budgets": [budget("b")]}, {"AccountId": ACCOUNT, "NextToken": "t"})
        found, missing = handler.budgets(client, ACCOUNT, ["*", "c"])
    assert [one.name for one in found] == ["a", "b"]
    assert missing == ["c"]
    explorer = boto3.client("ce", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    asked = dict.fromkeys(("TimePeriod", "Granularity", "Metrics", "GroupBy", "Filter"), ANY)
    with Stubber(explorer) as stubber:
        stubber.add_response("get_cost_and_usage", {"ResultsByTime": COSTS["project"]}, asked)
        digest = handler.Digest(TODAY, ACCOUNT, ["Amazon SageMaker"])
        assert [one.fraction for one in handler.coverage(explorer, "project", digest)] == [0, 1]


# --- mailed once


Invoke = Callable[..., Any]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Invoke:
    """Calls the function as Lambda does, with stand-ins for AWS."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG))
    monkeypatch.setattr(handler, "CONFIG", file)
    monkeypatch.setenv("TABLE", "sent")

    def call(aws: Aws, scheduled: str | None = "2026-11-22T07:00:00Z", request: str = "r-1") -> Any:
        monkeypatch.setattr(handler, "client", aws)
        event = {"scheduled": scheduled} if scheduled else {}
        return handler.handler(event, SimpleNamespace(aws_request_id=request))

    return call


def test_it_is_mailed(invoke: Invoke, capsys: pytest.CaptureFixture[str]) -> None:
    """One mail to all, as text and as HTML; the log has numbers, and no address."""
    aws = Aws(BUDGETS, COSTS)
    done = invoke(aws)
    assert done == {"sent": True, "recipients": 2, "budgets": 2, "requests": 2, "unread": []}
    (mail,) = aws.mailed
    assert mail["FromEmailAddress"] == "costs@example.com"
    assert mail["Destination"] == {"ToAddresses": CONFIG["emails"]}
    body = mail["Content"]["Simple"]["Body"]
    assert body["Text"]["Data"].startswith("Budgets\n")
    assert body["Html"]["Data"].startswith("<!DOCTYPE html>")
    assert aws.sent["2026-11-22T07:00:00Z"]["state"] == "sent"
    assert "@" not in capsys.readouterr().out


def test_an_event_that_comes_twice(invoke: Invoke) -> None:
    """The scheduler may deliver twice: it is mailed once. The next time is another digest."""
    aws = Aws(BUDGETS, COSTS)
    assert [invoke(aws, request=request)["sent"] for request in ("r-1", "r-2", "r-1")] == [True, False, False]
    assert invoke(aws, "2026-11-29T07:00:00Z")["sent"]
    assert len(aws.mailed) == 2


def test_two_at_once(invoke: Invoke) -> None:
    """While one run is sending, another one for the same time is not."""
    aws = Aws(BUDGETS, COSTS)
    assert handler.claim(aws("dynamodb"), "2026-11-22T07:00:00Z", "r-1")
    assert not invoke(aws, request="r-2")["sent"]
    assert aws.mailed == []


def test_a_retry(invoke: Invoke) -> None:
    """What SES refused fails, is tried again by Lambda as the same request, and then goes out."""
    aws = Aws(BUDGETS, COSTS)
    aws.fails["SendEmail"] = denied("MessageRejected")
    with pytest.raises(ClientError, match="MessageRejected"):
        invoke(aws)
    assert aws.sent["2026-11-22T07:00:00Z"]["state"] == "sending"
    del aws.fails["SendEmail"]
    assert invoke(aws)["sent"]
    assert len(aws.mailed) == 1


def test_sent_and_not_noted(invoke: Invoke, capsys: pytest.CaptureFixture[str]) -> None:
    """A mail that is out is not sent again because that could not be noted."""
    aws = Aws(BUDGETS, COSTS)
    aws.fails["UpdateItem"] = denied("ThrottlingException")
    assert invoke(aws)["sent"]
    assert "the digest is sent, but that could not be noted" in capsys.readouterr().out


def test_the_table_cannot_be_reached(invoke: Invoke) -> None:
    """Without knowing whether it was sent nothing is sent; the failure is seen."""
    aws = Aws(BUDGETS, COSTS)
    aws.fails["PutItem"] = denied("ResourceNotFoundException")
    with pytest.raises(ClientError):
        invoke(aws)
    assert aws.mailed == []


def test_by_hand(invoke: Invoke) -> None:
    """An event without a time, `aws lambda invoke` with {}, sends at once and leaves the schedule's alone."""
    aws = Aws(BUDGETS, COSTS)
    assert [invoke(aws, None)["sent"] for _ in range(2)] == [True, True]
    assert aws.sent == {}


def test_the_largest_mail(invoke: Invoke, tmp_path: Any) -> None:
    """Fifty addresses, a thousand budgets with the longest names: SES takes 40 MB."""
    addresses = [f"{number}@{'x' * 200}.example" for number in range(50)]
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "emails": addresses}))
    aws = Aws([budget(f"ml-{number}-{'x' * 90}") for number in range(1000)], COSTS)
    assert invoke(aws)["recipients"] == 50
    assert len(json.dumps(aws.mailed[0])) < 2_000_000
