"""Budgets and tag coverage -> one mail, by Amazon SES.

Runs in AWS Lambda on a schedule. config.json beside it says what to read and whom to tell; TABLE names the DynamoDB
table of what was sent, so that an event that comes twice is mailed once. What cannot be read is named in the mail;
where nothing can, or the mail is not taken, it raises: Lambda tries twice more, then says so where it was told to.
"""

import html
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

CONFIG = Path(__file__).with_name("config.json")
# A page of Cost Explorer's answer is a request, and costs: https://aws.amazon.com/aws-cost-management/pricing/
USD_PER_REQUEST = Decimal("0.01")
MAX_PAGES = 20
# Belong to no resource, so they can carry no tag.
UNTAGGABLE = ("Tax", "Credit", "Refund")
MAX_NAME = 120
KEPT_DAYS = 400


@dataclass(frozen=True)
class Budget:
    """A budget as AWS Budgets has it; what it does not know yet, or does not have, is None."""

    name: str
    unit: str
    period: str
    limit: Decimal | None
    actual: Decimal | None
    forecast: Decimal | None

    @property
    def used(self) -> Decimal | None:
        """The share of the limit that is spent; 1 is all of it."""
        return share(self.actual, self.limit)

    @property
    def state(self) -> str:
        """In one word how the budget stands."""
        if self.used is not None and self.used > 1:
            return "over"
        expected = share(self.forecast, self.limit)
        return "at risk" if expected is not None and expected > 1 else "ok"


@dataclass(frozen=True)
class Coverage:
    """How much of a month's spend carries a tag."""

    key: str
    month: str
    unit: str
    total: Decimal
    tagged: Decimal

    @property
    def fraction(self) -> Decimal | None:
        """The share that carries it; None where there was no spend."""
        return share(self.tagged, self.total) if self.total > 0 else None


@dataclass
class Digest:
    """What was read, and what could not be."""

    day: date
    account: str
    services: list[str]
    budgets: list[Budget] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    requests: int = 0

    @property
    def months(self) -> list[str]:
        """The months that coverage is told for."""
        return sorted({one.month for one in self.coverage})


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Mail the digest; ``scheduled`` of the event is the time it is for, without which it is mailed in any case."""
    config = json.loads(CONFIG.read_text(encoding="utf-8"))
    digest = read(config, client, datetime.now(tz=UTC).date())
    scheduled = event.get("scheduled")
    request = getattr(context, "aws_request_id", "")
    if scheduled and not claim(client("dynamodb"), scheduled, request):
        return _log({"sent": False, "why": f"another run has sent the digest for {scheduled}, or is sending it"})
    mail(client("sesv2"), config, digest)
    if scheduled:
        mark(client("dynamodb"), scheduled)
    return _log(
        {
            "sent": True,
            "recipients": len(config["emails"]),
            "budgets": len(digest.budgets),
            "requests": digest.requests,
            "unread": digest.unread,
        }
    )


def client(service: str) -> Any:
    """Return a client that waits and tries again where it is throttled."""
    return boto3.client(service, config=Config(retries={"mode": "standard", "max_attempts": 6}))


# --- what is read


def read(config: Mapping[str, Any], clients: Callable[[str], Any], today: date) -> Digest:
    """Read budgets and coverage. Raises RuntimeError where nothing at all could be read."""
    digest = Digest(today, config["account"], config["services"])
    wanted, keys = config["budgets"], config["keys"]
    if wanted and (answer := _tried(digest, "budgets", budgets, clients("budgets"), config["account"], wanted)):
        found, missing = answer
        digest.budgets = sorted(found, key=lambda one: (-(Decimal(-1) if one.used is None else one.used), one.name))
        digest.notes += [f"Budget {line(name)}: there is none of this name." for name in missing]
    for key in keys:
        digest.coverage += _tried(digest, f"coverage of tag {line(key)}", coverage, clients("ce"), key, digest) or []
    if len(digest.unread) == bool(wanted) + len(keys):
        raise RuntimeError("nothing could be read: " + "; ".join(digest.unread))
    return digest


def _tried(digest: Digest, what: str, reading: Callable[..., Any], *given: Any) -> Any:
    """Return what a reading gives; where AWS refuses it, note that and return None."""
    try:
        return reading(*given)
    except (ClientError, BotoCoreError, TooManyValues) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        digest.unread.append(f"{what}: {line(code)}: {line(error)}")
        return None


class TooManyValues(Exception):
    """A tag has more values than it is worth paying for."""


def budgets(budgets_client: Any, account: str, wanted: list[str]) -> tuple[list[Budget], list[str]]:
    """Return the budgets that are wanted, by name or by a name's beginning and *, and the names that match none."""
    pages = budgets_client.get_paginator("describe_budgets").paginate(AccountId=account)
    every = [_budget(one) for page in pages for one in page.get("Budgets", [])]
    found = [one for one in every if any(_matches(name, one.name) for name in wanted)]
    return found, [name for name in wanted if not any(_matches(name, one.name) for one in every)]


def _matches(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _budget(found: Mapping[str, Any]) -> Budget:
    spend = found.get("CalculatedSpend") or {}
    limit = found.get("BudgetLimit") or {}
    actual, forecast = spend.get("ActualSpend") or {}, spend.get("ForecastedSpend") or {}
    unit = limit.get("Unit") or actual.get("Unit") or ""
    amounts = [_amount(one.get("Amount")) for one in (limit, actual, forecast)]
    return Budget(found["BudgetName"], unit, str(found.get("TimeUnit", "")).lower(), *amounts)


def coverage(explorer: Any, key: str, digest: Digest) -> list[Coverage]:
    """Return how much carries a tag, this month and the one before: one request, and one more for each further page."""
    first = digest.day.replace(day=1)
    asked: dict[str, Any] = {
        "TimePeriod": {
            "Start": (first - timedelta(days=1)).replace(day=1).isoformat(),
            # The end is not in it. On the first of a month there is nothing of that month yet.
            "End": digest.day.isoformat(),
        },
        "Granularity": "MONTHLY",
        "Metrics": ["AmortizedCost"],
        "GroupBy": [{"Type": "TAG", "Key": key}],
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "SERVICE", "Values": digest.services}},
                {"Not": {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(UNTAGGABLE)}}},
            ]
        },
    }
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for _ in range(MAX_PAGES):
        digest.requests += 1
        answer = explorer.get_cost_and_usage(**asked)
        for period in answer["ResultsByTime"]:
            month = period["TimePeriod"]["Start"][:7]
            for group in period.get("Groups", []):
                cost = group["Metrics"]["AmortizedCost"]
                amount = _amount(cost["Amount"]) or Decimal()
                # A group is KEY$VALUE; without a value it is what does not carry the key.
                tagged = amount if group["Keys"][0].removeprefix(f"{key}$") else Decimal()
                before = sums.get((month, cost["Unit"]), (Decimal(), Decimal()))
                sums[month, cost["Unit"]] = before[0] + amount, before[1] + tagged
        if not answer.get("NextPageToken"):
            break
        asked["NextPageToken"] = answer["NextPageToken"]
    else:
        raise TooManyValues(f"it has more values than {MAX_PAGES} pages hold")
    return [Coverage(key, month, unit, *of_month) for (month, unit), of_month in sorted(sums.items())]


def _amount(text: Any) -> Decimal | None:
    try:
        return Decimal(text) if text not in (None, "") else None
    except InvalidOperation:
        return None


# --- sent once


def claim(table: Any, scheduled: str, request: str) -> bool:
    """Say whether this run is to send: nobody did, or this very request began to and is tried again."""
    expires = int((datetime.now(tz=UTC) + timedelta(days=KEPT_DAYS)).timestamp())
    try:
        table.put_item(
            TableName=os.environ["TABLE"],
            Item={
                "scheduled": {"S": scheduled},
                "request": {"S": request},
                "state": {"S": "sending"},
                "expires": {"N": str(expires)},
            },
            ConditionExpression="attribute_not_exists(#scheduled) OR (#request = :request AND #state = :sending)",
            ExpressionAttributeNames={"#scheduled": "scheduled", "#request": "request", "#state": "state"},
            ExpressionAttributeValues={":request": {"S": request}, ":sending": {"S": "sending"}},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


def mark(table: Any, scheduled: str) -> None:
    """Note that it is sent. A failure is only logged: raising would send it again."""
    try:
        table.update_item(
            TableName=os.environ["TABLE"],
            Key={"scheduled": {"S": scheduled}},
            UpdateExpression="SET #state = :sent",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":sent": {"S": "sent"}},
        )
    except (ClientError, BotoCoreError) as error:
        _log({"warning": f"the digest is sent, but that could not be noted: {line(error)}"})


def mail(mailer: Any, config: Mapping[str, Any], digest: Digest) -> None:
    """Send it to all addresses at once."""
    mailer.send_email(
        FromEmailAddress=config["sender"],
        Destination={"ToAddresses": config["emails"]},
        Content={
            "Simple": {
                "Subject": {"Data": subject(digest), "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": text(digest), "Charset": "UTF-8"},
                    "Html": {"Data": page(digest), "Charset": "UTF-8"},
                },
            }
        },
    )


# --- what it says


def subject(digest: Digest) -> str:
    """Return the subject: what stands worst, in numbers alone."""
    over = sum(one.state == "over" for one in digest.budgets)
    parts = [f"{over} of {len(digest.budgets)} budgets over"] if digest.budgets else []
    now = [one.fraction for one in digest.coverage if one.month == digest.months[-1] and one.fraction is not None]
    parts += [f"at least {percent(min(now))} tagged"] if now else []
    parts += ["incomplete"] if digest.unread else []
    return f"SageMaker spend on {digest.day}: {', '.join(parts) or 'nothing to tell'}"


BUDGET_HEAD = ("Budget", "Limit", "Actual", "Used", "Forecast", "State")
COVERAGE_HEAD = ("Tag", "Month", "Spend", "Carries the tag", "Does not")


def budget_rows(digest: Digest) -> list[tuple[str, ...]]:
    """Return a row for each budget."""
    return [
        (
            f"{line(one.name)} ({one.period})" if one.period else line(one.name),
            money(one.limit, one.unit, "none"),
            money(one.actual, one.unit, "not known yet"),
            percent(one.used) if one.used is not None else "",
            money(one.forecast, one.unit, "none yet"),
            one.state,
        )
        for one in digest.budgets
    ]


def coverage_rows(digest: Digest) -> list[tuple[str, ...]]:
    """Return a row for each tag and month."""
    return [
        (
            line(one.key),
            f"{one.month} so far" if one.month == digest.day.isoformat()[:7] else one.month,
            money(one.total, one.unit, ""),
            percent(one.fraction) if one.fraction is not None else "no spend",
            money(one.total - one.tagged, one.unit, ""),
        )
        for one in digest.coverage
    ]


def sections(digest: Digest) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield each table: its title, its head, its rows."""
    if digest.budgets:
        yield "Budgets", BUDGET_HEAD, budget_rows(digest)
    if digest.coverage:
        yield "Tag coverage", COVERAGE_HEAD, coverage_rows(digest)
    elif digest.requests and not any("coverage" in one for one in digest.unread):
        yield "Tag coverage", ("No spend in this month and the last",), []


def notes(digest: Digest) -> list[str]:
    """Return what must be known to read the tables."""
    said = [*digest.notes, f"Account {digest.account}, {digest.day}. AWS updates budgets about three times a day."]
    if digest.requests:
        said.append(
            f"Coverage: amortised cost of {', '.join(digest.services)}, without {', '.join(UNTAGGABLE).lower()}. "
            "A tag counts from the day on which it is activated as a cost allocation tag."
        )
        cost = USD_PER_REQUEST * digest.requests
        said.append(f"This digest took {digest.requests} requests to Cost Explorer: USD {cost:.2f}.")
    return said


def text(digest: Digest) -> str:
    """Return the mail as plain text."""
    lines = []
    for title, head, rows in sections(digest):
        lines += [title, ""]
        lines += _table([head, *rows])
        lines.append("")
    if digest.unread:
        lines += ["Could not be read", "", *(f"- {one}" for one in digest.unread), ""]
    return "\n".join([*lines, *notes(digest)]) + "\n"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


COLOURS = {"over": "#b3261e", "at risk": "#8a5a00"}
CELL = "padding:4px 12px 4px 0;text-align:left;border-bottom:1px solid #8888"


def page(digest: Digest) -> str:
    """Return the mail as HTML. Names of budgets and tags are whatever somebody wrote: all is escaped."""
    parts = []
    for title, head, rows in sections(digest):
        parts.append(f"<h2>{_escaped(title)}</h2><table style='border-collapse:collapse'>")
        parts.append(_html_row("th", head))
        parts += [_html_row("td", row) for row in rows]
        parts.append("</table>")
    if digest.unread:
        items = "".join(f"<li>{_escaped(one)}</li>" for one in digest.unread)
        parts.append(f"<h2>Could not be read</h2><ul>{items}</ul>")
    parts += [f"<p><small>{_escaped(note)}</small></p>" for note in notes(digest)]
    return (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><meta name='color-scheme' content='light dark'>"
        f"<title>{_escaped(subject(digest))}</title></head>"
        f"<body style='font-family:sans-serif'>{''.join(parts)}</body></html>"
    )


def _html_row(kind: str, row: tuple[str, ...]) -> str:
    cells = "".join(
        f"<{kind} style='{CELL}{';font-weight:bold;color:' + COLOURS[cell] if cell in COLOURS else ''}'>"
        f"{_escaped(cell)}</{kind}>"
        for cell in row
    )
    return f"<tr>{cells}</tr>"


def _escaped(said: str) -> str:
    return html.escape(said, quote=True)


def share(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """Return a part's share of the whole, or None where there is no telling."""
    return part / whole if part is not None and whole else None


def percent(fraction: Decimal) -> str:
    """Write a share, 0.5 as 50.0%. What is not all is never written as 100%."""
    shown = fraction * 100
    if Decimal("99.9") < shown < 100:
        return "99.9%"
    return f"{shown:,.1f}%"


def money(amount: Decimal | None, unit: str, none: str) -> str:
    """Write an amount with its unit: USD 1,234.50."""
    return none if amount is None else f"{line(unit)} {amount:,.2f}".strip()


def line(value: object) -> str:
    """Return a value as one short line without control characters or what turns text around."""
    shown = re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+", " ", str(value)).strip()
    return shown if len(shown) <= MAX_NAME else f"{shown[: MAX_NAME - 1]}…"


def _log(said: dict[str, Any]) -> dict[str, Any]:
    print(json.dumps(said))
    return said
