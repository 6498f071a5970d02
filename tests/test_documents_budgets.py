"""The requests of the budgets in tags.yaml: what AWS takes, what is left out, and what is said of each."""

from pathlib import Path
from typing import Any

import pytest

from costtags.documents.budgets import budgets, wrap_budgets
from costtags.documents.settings import Settings
from costtags.schema import load

from .aws_models import validate

ROOT = Path(__file__).parents[1]
TOPIC = "arn:aws:sns:eu-west-1:123456789012:budgets"
TOLD = Settings(topic=TOPIC)
HEAD = "version: 1\ntags: {env: {values: [dev, prod]}, team: {pattern: '.+'}}\nbudgets:\n"


def draft(folder: Path, *given: str, settings: Settings = TOLD) -> Any:
    """Make the budgets of these entries, and hold each request against AWS's model."""
    path = folder / "tags.yaml"
    path.write_text(HEAD + "".join(f"  - {one}\n" for one in given))
    made = budgets(load(path), settings)
    for piece in made.pieces:
        validate("budgets", "CreateBudget", {"AccountId": "123456789012", **piece.body})
    return made


def test_the_shipped_file() -> None:
    """The shipped budgets filter by service and tag, and tell by e-mail and topic."""
    made = budgets(load(ROOT / "tags.yaml"), Settings(emails=("finops@example.com",), topic=TOPIC))
    requests = wrap_budgets(made.pieces)["budgets"]
    for request in requests:
        validate("budgets", "CreateBudget", {"AccountId": "123456789012", **request})
    assert [piece.name for piece in made.pieces] == ["ml-all", "ml-marketing"]
    told = [
        {"SubscriptionType": "SNS", "Address": TOPIC},
        {"SubscriptionType": "EMAIL", "Address": "finops@example.com"},
    ]
    assert requests[1] == {
        "Budget": {
            "BudgetName": "ml-marketing",
            "BudgetType": "COST",
            "BudgetLimit": {"Amount": "5000", "Unit": "USD"},
            "TimeUnit": "MONTHLY",
            "CostFilters": {"TagKeyValue": ["user:cost-center$ML-Marketing"], "Service": ["Amazon SageMaker"]},
        },
        "NotificationsWithSubscribers": [
            {
                "Notification": {
                    "NotificationType": when,
                    "ComparisonOperator": "GREATER_THAN",
                    "Threshold": above,
                    "ThresholdType": "PERCENTAGE",
                },
                "Subscribers": told,
            }
            for when, above in (("ACTUAL", 80), ("FORECASTED", 100))
        ],
    }
    assert made.pieces[1].stops == (
        "Watches the cost of Amazon SageMaker with cost-center ML-Marketing: 5000 USD a month. "
        "Tells when it is above 80%, or the forecast is above 100%. "
        "When it is above 100%, the IAM policy deny-new-spend is attached once a person approves it."
    )
    assert made.left_out == (
        "The actions of ml-marketing: each is a request of its own, CreateBudgetAction, and needs the policy and whom "
        "to attach it to: the component TagBudgets makes it.",
        "Spend from before a tag was activated as a cost allocation tag, and untagged spend: a budget that filters by "
        "tags does not see it.",
    )


@pytest.mark.parametrize(
    ("limit", "spend"),
    [
        ("{amount: 0.01}", {"Amount": "0.01", "Unit": "USD"}),
        ("{amount: 1000000}", {"Amount": "1000000", "Unit": "USD"}),
        ("{amount: '5000.500000'}", {"Amount": "5000.5", "Unit": "USD"}),
        ("{amount: '999999999999999.999999'}", {"Amount": "999999999999999.999999", "Unit": "USD"}),
        ("{amount: 7, unit: EUR}", {"Amount": "7", "Unit": "EUR"}),
    ],
)
def test_amounts(tmp_path: Path, limit: str, spend: dict[str, str]) -> None:
    """Amounts are plain decimals, without an exponent and without trailing zeros."""
    (piece,) = draft(tmp_path, f"{{name: a, limit: {limit}}}").pieces
    assert piece.body == {
        "Budget": {"BudgetName": "a", "BudgetType": "COST", "BudgetLimit": spend, "TimeUnit": "MONTHLY"}
    }
    assert piece.stops == f"Watches the cost of everything: {spend['Amount']} {spend['Unit']} a month."


def test_filters(tmp_path: Path) -> None:
    """All values of all tags stand in one filter, each with its key and the prefix of keys that users made."""
    (piece,) = draft(
        tmp_path, "{name: a, tags: {env: [dev, prod], team: a b}, services: [S, T], limit: {amount: 1}}"
    ).pieces
    assert piece.body["Budget"]["CostFilters"] == {
        "TagKeyValue": ["user:env$dev", "user:env$prod", "user:team$a b"],
        "Service": ["S", "T"],
    }
    assert piece.stops == "Watches the cost of S and T with env dev or prod and team a b: 1 USD a month."


@pytest.mark.parametrize(
    ("unit", "sent"), [("hours", "Hrs"), ("Hours", "Hrs"), ("Hrs", "Hrs"), ("GB", "GB"), ("GB-Mo", "GB-Mo")]
)
def test_usage(tmp_path: Path, unit: str, sent: str) -> None:
    """A budget of usage counts its usage types in the unit of the bill."""
    (piece,) = draft(
        tmp_path,
        "{name: a, usage_types: [T1, T2], tags: {env: dev}, "
        f"limit: {{amount: 9, unit: {unit}, period: quarterly}}}}",
    ).pieces
    assert piece.body["Budget"] == {
        "BudgetName": "a",
        "BudgetType": "USAGE",
        "BudgetLimit": {"Amount": "9", "Unit": sent},
        "TimeUnit": "QUARTERLY",
        "CostFilters": {"TagKeyValue": ["user:env$dev"], "UsageType": ["T1", "T2"]},
    }
    assert piece.stops == f"Watches the usage of T1 and T2 with env dev: 9 {unit} a quarter."


def test_thresholds(tmp_path: Path) -> None:
    """Thresholds are percentages or amounts, whole where they are whole."""
    alerts = "[{when: actual, above: 12.5%}, {when: forecasted, above: 100.0 %}, {when: actual, above: 0.000001}]"
    action = "{when: forecasted, above: 4000, apply: scp-deny-new-spend, approval: automatic}"
    (piece,) = draft(tmp_path, f"{{name: a, limit: {{amount: 5000}}, alerts: {alerts}, action: {action}}}").pieces
    said = [one["Notification"] for one in piece.body["NotificationsWithSubscribers"]]
    found = [(one["NotificationType"], one["Threshold"], one["ThresholdType"]) for one in said]
    assert found == [
        ("ACTUAL", 12.5, "PERCENTAGE"),
        ("FORECASTED", 100, "PERCENTAGE"),
        ("ACTUAL", 1e-6, "ABSOLUTE_VALUE"),
    ]
    assert piece.stops.endswith(
        "Tells when it is above 12.5%, or the forecast is above 100%, or it is above 0.000001 USD. "
        "When the forecast is above 4000 USD, the service control policy deny-new-spend is attached by itself."
    )


ALERTING = "{name: a, limit: {amount: 1}, alerts: [{when: actual, above: 80%}]}"


def test_nobody_to_tell(tmp_path: Path) -> None:
    """Without anyone to tell there are no notifications, and the render says so."""
    made = draft(tmp_path, ALERTING, "{name: b, limit: {amount: 1}}", settings=Settings())
    assert all("NotificationsWithSubscribers" not in piece.body for piece in made.pieces)
    assert made.left_out == (
        "The alerts of a: AWS takes none without someone to tell; name e-mail addresses or the ARN of an SNS topic.",
    )


def test_too_many_addresses(tmp_path: Path) -> None:
    """Ten addresses and a topic are told; the others are named."""
    emails = tuple(f"{i}@example.com" for i in range(12))
    made = draft(tmp_path, ALERTING, settings=Settings(emails=emails, topic=TOPIC))
    told = made.pieces[0].body["NotificationsWithSubscribers"][0]["Subscribers"]
    assert [one["Address"] for one in told] == [TOPIC, *emails[:10]]
    assert made.left_out == (
        "The addresses 10@example.com, 11@example.com: AWS tells 10 at most; subscribe the others to an SNS topic.",
    )


def test_no_budgets(tmp_path: Path) -> None:
    """A file without budgets makes an empty list."""
    path = tmp_path / "tags.yaml"
    path.write_text("version: 1\ntags: {env: {}}\n")
    made = budgets(load(path), Settings())
    assert (wrap_budgets(made.pieces), made.left_out) == ({"budgets": []}, ())
