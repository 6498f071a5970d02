"""What AWS Budgets and Cost Anomaly Detection publish -> a line in the log and, with a webhook, a message in a chat.

Runs in AWS Lambda behind an SNS topic. WEBHOOK_ARN, if set, names the SSM parameter or the Secrets Manager secret that
holds the webhook's URL: whoever has the URL can post, so it stands in no configuration. Any failure raises: Lambda then
tries twice more, and what still fails goes to the dead-letter queue.
"""

import html
import json
import os
import re
import urllib.request
from typing import Any
from urllib.parse import urlsplit

MAX_TEXT = 2000
TIMEOUT = 10
BUDGETS = "https://console.aws.amazon.com/costmanagement/home#/budgets"
CONSOLE = re.compile(r"https://[a-z0-9-]+\.console\.aws\.amazon\.com/\S*|https://console\.aws\.amazon\.com/\S*")

Alert = dict[str, str]
"""What a message says, in the order to show it."""


def handler(event: dict[str, Any], _context: object) -> None:
    """Log what SNS delivers, and post it."""
    for record in event["Records"]:
        alert = read(record["Sns"])
        print(json.dumps(alert))
        if arn := os.environ.get("WEBHOOK_ARN"):
            post(webhook(arn), alert)


def read(notification: dict[str, Any]) -> Alert:
    """Read a notification: a budget's alert is text with lines such as "Budget Name: x", an anomaly is JSON.

    Whatever else comes, such as what a budget's action says of itself, is shown as it is, shortened.
    """
    message = str(notification.get("Message") or "")
    subject = {"Subject": line(notification.get("Subject") or "AWS Budgets")}
    try:
        anomaly = json.loads(message)
    except ValueError:
        anomaly = None
    if isinstance(anomaly, dict) and "anomalyId" in anomaly:
        return subject | _anomaly(anomaly)
    account = re.search(r"^AWS Account (\d{12})\s*$", message, re.MULTILINE)
    found = re.findall(r"^([A-Z][A-Za-z ]{2,40}): (.+)$", message, re.MULTILINE)
    fields = {key: line(value) for key, value in found} or {"Message": message[:MAX_TEXT].strip()}
    return subject | ({"Account": account[1]} if account else {}) | fields | {"Details": BUDGETS}


def _anomaly(anomaly: dict[str, Any]) -> Alert:
    impact = anomaly.get("impact") or {}
    causes = [
        ", ".join(line(value) for value in cause.values() if isinstance(value, str))
        for cause in anomaly.get("rootCauses") or []
    ]
    link = str(anomaly.get("anomalyDetailsLink") or "")
    shown = {
        "Monitor": anomaly.get("monitorName"),
        "Value": anomaly.get("dimensionalValue"),
        "Since": anomaly.get("anomalyStartDate"),
        "Impact": impact.get("totalImpact"),
        "Causes": "; ".join(causes[:3]),
        "Details": link if CONSOLE.fullmatch(link) else None,
    }
    return {key: line(value) for key, value in shown.items() if value not in (None, "")}


def line(value: object) -> str:
    """Return a value as one short line without control characters."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]+", " ", str(value)).strip()[:MAX_TEXT]


def webhook(arn: str) -> str:
    """Fetch the webhook's URL from the parameter or secret with this ARN; a secret may be JSON with a "url"."""
    import boto3  # Lambda's Python has it; it is slow to load

    if arn.split(":")[2] == "ssm":
        url = boto3.client("ssm").get_parameter(Name=arn, WithDecryption=True)["Parameter"]["Value"]
    else:
        url = boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
    url = url.strip()
    if url.startswith("{"):
        url = str(json.loads(url).get("url"))
    if not re.fullmatch(r"https://[^\s/@]+/[\x21-\x7e]*", url):
        raise ValueError(f"{arn} does not hold the https:// URL of a webhook")  # its value may be a secret
    return str(url)


def post(url: str, alert: Alert) -> None:
    """Post an alert. Raises OSError where the webhook does not take it."""
    host = (urlsplit(url).hostname or "").lower()
    body = card(alert) if host.endswith(TEAMS) else text(alert)
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT):
        pass


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The alert goes where the secret says and nowhere else: a redirect is an error."""

    def redirect_request(self, *_: Any) -> None:
        return None


def text(alert: Alert) -> dict[str, Any]:
    """Return a message for Slack and those that take the same. It reads <!channel> and <link|text>: escaped.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return {"text": "\n".join(html.escape(said, quote=False) for said in _lines(alert))}


# https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
TEAMS = (".logic.azure.com", ".powerplatform.com", ".webhook.office.com")


def card(alert: Alert) -> dict[str, Any]:
    """Return a message for Microsoft Teams; a TextRun shows its text as it is, where a TextBlock reads Markdown."""
    lines = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": said}]} for said in _lines(alert)]
    content = {"type": "AdaptiveCard", "version": "1.4", "body": lines}
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}],
    }


def _lines(alert: Alert) -> list[str]:
    return [alert["Subject"], *(f"{key}: {value}" for key, value in alert.items() if key != "Subject")]
