"""The budgets of tags.yaml -> CreateBudget requests of AWS Budgets, without the account that they are for."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from costtags.documents.document import Draft, Piece, Plain
from costtags.documents.settings import Settings
from costtags.schema import Alert, Budget, Schema

# Of one notification: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Notification.html
MAX_EMAILS = 10

ACTION_TYPES = {"deny-new-spend": "APPLY_IAM_POLICY", "scp-deny-new-spend": "APPLY_SCP_POLICY"}
"""What tags.yaml calls an action -> its type in AWS Budgets."""

# As the bill and Cost Explorer spell them; AWS adds up what has the budget's unit.
_USAGE_UNITS = {"hour": "Hrs", "hours": "Hrs", "hrs": "Hrs"}
_PERIODS = {"daily": "a day", "monthly": "a month", "quarterly": "a quarter", "annually": "a year"}
_APPLIED = {
    "deny-new-spend": "the IAM policy deny-new-spend is attached",
    "scp-deny-new-spend": "the service control policy deny-new-spend is attached",
}
_APPROVED = {"automatic": "by itself", "manual": "once a person approves it"}


def budgets(schema: Schema, settings: Settings) -> Draft:
    """Make one CreateBudget request for each budget of tags.yaml."""
    pieces = tuple(
        Piece(budget.name, _request(budget, subscribers(settings)), _stops(budget)) for budget in schema.budgets
    )
    return Draft(pieces, tuple(_left_out(schema, settings)))


def wrap_budgets(pieces: Sequence[Piece]) -> Plain:
    """All requests in one list: AWS takes them one by one."""
    return {"budgets": [piece.body for piece in pieces]}


def subscribers(settings: Settings) -> list[Plain]:
    """Return whom a budget or its action tells: at most one topic and ten addresses."""
    topic = [] if settings.topic is None else [{"SubscriptionType": "SNS", "Address": settings.topic}]
    emails = [{"SubscriptionType": "EMAIL", "Address": email} for email in settings.emails[:MAX_EMAILS]]
    return [*topic, *emails]


def threshold_type(alert: Alert) -> str:
    """Return what an alert's number is, in AWS's words."""
    return "PERCENTAGE" if alert.percent else "ABSOLUTE_VALUE"


def number(value: Decimal) -> int | float:
    """Return a number for JSON, without a fraction that is none."""
    return int(value) if value == value.to_integral_value() else float(value)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _request(budget: Budget, told: list[Plain]) -> Plain:
    body: Plain = {
        "Budget": {
            "BudgetName": budget.name,
            "BudgetType": "USAGE" if budget.usage_types else "COST",
            "BudgetLimit": {
                "Amount": _plain(budget.amount),
                "Unit": _USAGE_UNITS.get(budget.unit.lower(), budget.unit),
            },
            "TimeUnit": budget.period.upper(),
            **_filters(budget),
        }
    }
    if budget.alerts and told:
        body["NotificationsWithSubscribers"] = [
            {"Notification": _notification(alert), "Subscribers": told} for alert in budget.alerts
        ]
    return body


def _filters(budget: Budget) -> Plain:
    """Return the filters in their older form: all tags, services and usage types must hold, by any value of each.

    FilterExpression is the form that AWS recommends, but whether a tag's key has the prefix "user:" there its
    documentation does not settle, and a tag filter in the wrong form is no error: the budget sees $0 for ever. Of this
    form it is known: https://github.com/hashicorp/terraform-provider-aws/issues/39850. Besides, what Terraform and
    Pulumi make of an expression has no metric: https://github.com/hashicorp/terraform-provider-aws/issues/46866.
    Without CostTypes, AWS counts all kinds of cost, unblended, as the bill does.
    """
    filters = {
        "TagKeyValue": [f"user:{key}${value}" for key, values in budget.tags.items() for value in values],
        "Service": list(budget.services),
        "UsageType": list(budget.usage_types),
    }
    named = {name: values for name, values in filters.items() if values}
    return {"CostFilters": named} if named else {}


def _notification(alert: Alert) -> dict[str, Any]:
    return {
        "NotificationType": alert.when.upper(),
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": number(alert.above),
        "ThresholdType": threshold_type(alert),
    }


def _left_out(schema: Schema, settings: Settings) -> Iterator[str]:
    alerting = [budget.name for budget in schema.budgets if budget.alerts]
    if alerting and not subscribers(settings):
        yield (
            f"The alerts of {', '.join(alerting)}: AWS takes none without someone to tell; "
            "name e-mail addresses or the ARN of an SNS topic."
        )
    if len(settings.emails) > MAX_EMAILS:
        rest = ", ".join(settings.emails[MAX_EMAILS:])
        yield f"The addresses {rest}: AWS tells {MAX_EMAILS} at most; subscribe the others to an SNS topic."
    acting = [budget.name for budget in schema.budgets if budget.action is not None]
    if acting:
        yield (
            f"The actions of {', '.join(acting)}: each is a request of its own, CreateBudgetAction, and needs the "
            "policy and whom to attach it to: the component TagBudgets makes it."
        )
    if any(budget.tags for budget in schema.budgets):
        yield (
            "Spend from before a tag was activated as a cost allocation tag, and untagged spend: "
            "a budget that filters by tags does not see it."
        )


def _stops(budget: Budget) -> str:
    """Say in plain words what a budget watches, and when it speaks up or acts."""
    counted = budget.usage_types or budget.services or ("everything",)
    tagged = [f"{key} {' or '.join(values)}" for key, values in budget.tags.items()]
    what = f"{'usage' if budget.usage_types else 'cost'} of {' and '.join(counted)}"
    watched = f"{what} with {' and '.join(tagged)}" if tagged else what
    limited = f"{_plain(budget.amount)} {budget.unit} {_PERIODS[budget.period]}"
    said = [f"Watches the {watched}: {limited}."]
    if budget.alerts:
        said.append(f"Tells when {', or '.join(_crossed(alert, budget.unit) for alert in budget.alerts)}.")
    if budget.action is not None:
        crossed = _crossed(budget.action.alert, budget.unit)
        said.append(f"When {crossed}, {_APPLIED[budget.action.apply]} {_APPROVED[budget.action.approval]}.")
    return " ".join(said)


def _crossed(alert: Alert, unit: str) -> str:
    above = f"{_plain(alert.above)}%" if alert.percent else f"{_plain(alert.above)} {unit}"
    return f"{'it' if alert.when == 'actual' else 'the forecast'} is above {above}"
