"""The Lambda function behind the topic of budgets: what it reads, shows, posts and refuses."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest

from costtags.components.budget_alerts import handler

# As AWS sends them: dates, names and numbers aside, these are messages that people published.
ACTUAL = (
    "AWS Budget Notification March 05, 2023\nAWS Account 123456789012\n\nDear AWS Customer,\n\n"
    "You requested that we alert you when the ACTUAL Cost associated with your ml-all budget is greater than $0.75 "
    "per day. Yesterday, the ACTUAL Cost associated with this budget is $1.70. You can find additional details below "
    "and by accessing the AWS Budgets dashboard [1].\n\nBudget Name: ml-all\nBudget Type: Cost\n"
    "Budgeted Amount: $5.00\nAlert Type: ACTUAL\nAlert Threshold: > $0.75\nACTUAL Amount: $1.70\n\n"
    "[1] https://console.aws.amazon.com/billing/home#/budgets\n"
)
FORECASTED = (
    "AWS Budget Notification January 28, 2026\nAWS Account 123456789012\n\nDear AWS Customer,\n\n"
    "You requested that we alert you when the FORECASTED Cost associated with your test budget is greater than $0.00 "
    "for the current month. The FORECASTED Cost associated with this budget is $0.95. You can find additional details "
    "below and by accessing the AWS Budgets dashboard [1].\n\nBudget Name: test\nBudget Type: Cost\n"
    "Budgeted Amount: $0.02\nAlert Type: FORECASTED\nAlert Threshold: > $0.00\nFORECASTED Amount: $0.95\n\n"
    "[1] https://console.aws.amazon.com/costmanagement/home#/budgets\n"
)
# https://docs.aws.amazon.com/cost-management/latest/userguide/cad-alert-chime.html
ANOMALY = {
    "accountId": "123456789012",
    "anomalyDetailsLink": "https://console.aws.amazon.com/cost-management/home#/anomaly-detection/monitors/a/anomalies/b",
    "anomalyId": "newAnomalyId",
    "anomalyScore": {"maxScore": 0.47, "currentScore": 0.47},
    "anomalyStartDate": "2026-05-25T00:00:00Z",
    "dimensionalValue": "ML-Marketing",
    "impact": {"maxImpact": 151, "totalImpact": 1001},
    "monitorArn": "arn:aws:ce::123456789012:anomalymonitor/a",
    "monitorName": "anomalies-cost-center",
    "rootCauses": [{"linkedAccount": "123456789012", "region": "eu-west-1", "service": "Amazon SageMaker", "n": 1}],
}
SUBJECT = "AWS Budgets: ml-all has exceeded your alert threshold"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter/chat/webhook"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:chat-webhook-AbCdEf"


def event(message: str, subject: str | None = SUBJECT) -> dict[str, Any]:
    return {
        "Records": [{"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Subject": subject, "Message": message}}]
    }


def read(message: str, subject: str | None = SUBJECT) -> handler.Alert:
    return handler.read(event(message, subject)["Records"][0]["Sns"])


def test_an_actual_alert() -> None:
    """What a budget says is taken apart, in the order in which it says it."""
    alert = read(ACTUAL)
    assert list(alert.items()) == [
        ("Subject", SUBJECT),
        ("Account", "123456789012"),
        ("Budget Name", "ml-all"),
        ("Budget Type", "Cost"),
        ("Budgeted Amount", "$5.00"),
        ("Alert Type", "ACTUAL"),
        ("Alert Threshold", "> $0.75"),
        ("ACTUAL Amount", "$1.70"),
        ("Details", handler.BUDGETS),
    ]


def test_a_forecasted_alert() -> None:
    """A forecast has its own amount."""
    assert (read(FORECASTED)["FORECASTED Amount"], read(FORECASTED)["Alert Type"]) == ("$0.95", "FORECASTED")


def test_an_anomaly() -> None:
    """An anomaly is JSON; it names the tag's value, the impact and the causes."""
    assert read(json.dumps(ANOMALY), "AWS Cost Management: anomaly") == {
        "Subject": "AWS Cost Management: anomaly",
        "Monitor": "anomalies-cost-center",
        "Value": "ML-Marketing",
        "Since": "2026-05-25T00:00:00Z",
        "Impact": "1001",
        "Causes": "123456789012, eu-west-1, Amazon SageMaker",
        "Details": ANOMALY["anomalyDetailsLink"],
    }


@pytest.mark.parametrize(
    "link", ["https://evil.example/", "https://console.aws.amazon.com.evil.example/x", "javascript:alert(1)", None]
)
def test_a_link_elsewhere(link: str | None) -> None:
    """Only links to AWS's console are shown."""
    assert "Details" not in read(json.dumps({**ANOMALY, "anomalyDetailsLink": link}))


@pytest.mark.parametrize("message", ["", "Your budget action was executed.", "[1]", '"x"', "{}", "nothing: known"])
def test_anything_else_is_shown_as_it_is(message: str) -> None:
    """A message of another form, or none, is no error."""
    assert read(message, None) == {"Subject": "AWS Budgets", "Message": message, "Details": handler.BUDGETS}
    assert len(read("x" * 100_000)["Message"]) == handler.MAX_TEXT


HOSTILE = ACTUAL.replace("Budget Name: ml-all", "Budget Name: <!channel> <https://evil.example|ok> & [a](b) **\x1b[2J")


def test_hostile_text_in_slack() -> None:
    """Nothing of a message is markup or a mention to Slack, and nothing in it can add a line."""
    (said,) = handler.text(read(HOSTILE, "a\nb\u2028<!here>")).values()
    lines = said.split("\n")
    assert lines[0] == "a b &lt;!here&gt;"
    assert lines[2] == "Budget Name: &lt;!channel&gt; &lt;https://evil.example|ok&gt; &amp; [a](b) ** [2J"
    assert "Alert Threshold: &gt; $0.75" in lines
    assert len(lines) == len(read(ACTUAL))


def test_hostile_text_in_teams() -> None:
    """Teams gets texts that it shows as they are: no element of the card reads Markdown."""
    made = handler.card(read(HOSTILE))
    body = made["attachments"][0]["content"]["body"]
    assert {block["type"] for block in body} == {"RichTextBlock"}
    assert {run["type"] for block in body for run in block["inlines"]} == {"TextRun"}
    assert "<!channel> <https://evil.example|ok> & [a](b)" in body[2]["inlines"][0]["text"]


class Webhook:
    """A webhook that keeps what it is sent; answers with ``status``."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[str, Any, str | None]] = []
        outer = self

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.path, json.loads(body), self.headers["Content-Type"]))
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Receiver)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=b"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_post(webhook: Webhook) -> None:
    """An alert is posted as JSON."""
    handler.post(webhook.url, {"Subject": "s", "Limit": "> 5 €"})
    assert webhook.got == [("/hook?a=b", {"text": "s\nLimit: &gt; 5 €"}, "application/json")]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500])
def test_a_post_that_fails(webhook: Webhook, status: int) -> None:
    """Whatever is not taken raises, so that it is tried again; a redirect is not followed."""
    webhook.status = status
    with pytest.raises(OSError, match=str(status)) as caught:
        handler.post(webhook.url, {"Subject": "s"})
    assert webhook.url not in str(caught.value)
    assert len(webhook.got) == 1


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://hooks.slack.com/services/x", "text"),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/x", "attachments"),
        ("https://x.1.environment.api.powerplatform.com/x", "attachments"),
        ("https://logic.azure.com.example/", "text"),
    ],
)
def test_the_form_fits_the_host(monkeypatch: pytest.MonkeyPatch, url: str, kind: str) -> None:
    """Teams gets a card, everyone else a text."""
    sent: list[Any] = []

    class Opener:
        def open(self, request: Any, timeout: float) -> Any:
            sent.append((request.full_url, json.loads(request.data), timeout))
            return io.BytesIO()

    monkeypatch.setattr(handler.urllib.request, "build_opener", lambda _: Opener())
    handler.post(url, {"Subject": "s"})
    assert [(found, kind in body, timeout) for found, body, timeout in sent] == [(url, True, handler.TIMEOUT)]


class Clients:
    """Stands in for boto3: holds one value."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.asked: list[Any] = []

    def client(self, service: str) -> "Clients":
        self.asked.append(service)
        return self

    def get_parameter(self, **given: Any) -> Any:
        self.asked.append(given)
        return {"Parameter": {"Value": self.value}}

    def get_secret_value(self, **given: Any) -> Any:
        self.asked.append(given)
        return {"SecretString": self.value}


@pytest.mark.parametrize(
    ("arn", "asked"),
    [
        (PARAMETER, ["ssm", {"Name": PARAMETER, "WithDecryption": True}]),
        (SECRET, ["secretsmanager", {"SecretId": SECRET}]),
    ],
)
@pytest.mark.parametrize("value", ["https://h.example/x\n", '{"url": "https://h.example/x"}'])
def test_where_the_url_stands(monkeypatch: pytest.MonkeyPatch, arn: str, asked: list[Any], value: str) -> None:
    """The URL comes from the parameter or secret that the ARN names, as it is or within JSON."""
    clients = Clients(value)
    monkeypatch.setattr(boto3, "client", clients.client)
    assert handler.webhook(arn) == "https://h.example/x"
    assert clients.asked == asked


@pytest.mark.parametrize(
    "value",
    ["", "http://h.example/secret", "https://h.example/se cret", "file:///secret", "https://u:secret@h/x", "{}"],
)
def test_a_url_that_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """What is no https URL is refused, and not repeated in the log."""
    monkeypatch.setattr(boto3, "client", Clients(value).client)
    with pytest.raises(ValueError, match=f"^{SECRET} does not hold the https:// URL of a webhook$"):
        handler.webhook(SECRET)


def test_without_a_webhook(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a webhook the alert is one line of JSON in the log."""
    monkeypatch.delenv("WEBHOOK_ARN", raising=False)
    handler.handler(event(ACTUAL), None)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == read(ACTUAL)


def test_with_a_webhook(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With a webhook the alert is logged, then posted; the URL does not stand in the log."""
    posted: list[Any] = []
    monkeypatch.setenv("WEBHOOK_ARN", SECRET)
    monkeypatch.setattr(boto3, "client", Clients("https://h.example/secret").client)
    monkeypatch.setattr(handler, "post", lambda *given: posted.append(given))
    handler.handler(event(ACTUAL), None)
    assert posted == [("https://h.example/secret", read(ACTUAL))]
    assert "h.example" not in capsys.readouterr().out


def test_failures_raise(monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook that cannot be had fails the invocation, which Lambda repeats and then puts aside."""

    def fails(_: str) -> str:
        raise RuntimeError("no access")

    monkeypatch.setenv("WEBHOOK_ARN", SECRET)
    monkeypatch.setattr(handler, "webhook", fails)
    with pytest.raises(RuntimeError, match="no access"):
        handler.handler(event(ACTUAL), None)
