"""The account's budgets, their alerts and actions, against those of tags.yaml."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from costtags.account.places import Access
from costtags.doctor.organization import pages
from costtags.doctor.rows import CANNOT_TELL, NOT_USED, OK, PENDING, PROBLEM, Row, guarded
from costtags.doctor.wanted import Wanted
from costtags.documents.budgets import ACTION_TYPES, MAX_EMAILS, budgets, number, threshold_type
from costtags.documents.settings import Settings
from costtags.schema import Budget

CHECK = "budgets"
DEPLOY = "pulumi up on the stack that makes it (TagBudgets)"
# AWS takes a notification only with someone to tell; who that is, is compared where the stack's config names people.
_SOMEONE = Settings(topic="(topic)")
_COST_TYPES = {
    "IncludeTax": True,
    "IncludeSubscription": True,
    "UseBlended": False,
    "IncludeRefund": True,
    "IncludeCredit": True,
    "IncludeUpfront": True,
    "IncludeRecurring": True,
    "IncludeOtherSubscription": True,
    "IncludeSupport": True,
    "IncludeDiscount": True,
    "UseAmortized": False,
}
"""What AWS counts where a budget does not say:
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CostTypes.html"""

Notification = tuple[str, str, str, str]


def check(access: Access, wanted: Wanted) -> Iterator[Row]:
    """Yield for each budget of tags.yaml whether the account has it so, with its alerts and its action."""
    if not wanted.schema.budgets:
        yield Row(CHECK, "budgets", access.account, NOT_USED, "tags.yaml has none")
        return
    client = access.client(access.account, "budgets")
    account = access.account
    there = {str(one["BudgetName"]): one for one in pages(client, "describe_budgets", "Budgets", AccountId=account)}
    if wanted.stages and not any(budget.name in there for budget in wanted.schema.budgets):
        why = "none of tags.yaml in this account: the workload accounts' stacks make them"
        yield Row(CHECK, "budgets", account, NOT_USED, why)
        return
    requests = {piece.name: piece.body for piece in budgets(wanted.schema, _SOMEONE).pieces}
    for budget in wanted.schema.budgets:
        where = _arn(access, budget.name)
        what = f"budget {budget.name}"
        if budget.name not in there:
            yield Row(CHECK, what, where, PROBLEM, "not deployed", DEPLOY)
            continue
        yield from compared(what, where, there[budget.name], requests[budget.name]["Budget"])
        said = requests[budget.name].get("NotificationsWithSubscribers", [])
        rows = _alerts(client, account, budget.name, where, [one["Notification"] for one in said], wanted)
        yield from guarded(rows, CHECK, f"alerts of budget {budget.name}", where)
    yield from guarded(_actions(access, client, wanted, set(there)), CHECK, "actions of budgets", account)


def _arn(access: Access, name: str) -> str:
    return f"arn:{access.partition}:budgets::{access.account}:budget/{name}"


def compared(what: str, where: str, there: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[Row]:
    """Yield in what a budget differs from the one that tags.yaml says, or that it does not, and its health."""
    problems = list(_differences(there, wanted))
    yield from (Row(CHECK, what, where, PROBLEM, why, DEPLOY) for why in problems)
    if "CostFilters" not in there and (there.get("FilterExpression") or there.get("Metrics")):
        why = "it filters by an expression, which costtags does not compare with the filters of tags.yaml"
        yield Row(CHECK, what, where, CANNOT_TELL, why, DEPLOY)
        problems.append(why)
    health = there.get("HealthStatus") or {}
    if health.get("Status") == "UNHEALTHY":
        why = f"AWS finds it unhealthy: {health.get('StatusReason', 'no reason given')}"
        yield Row(CHECK, what, where, PROBLEM, why, "open it in the Billing console")
    elif not problems:
        yield Row(CHECK, what, where, OK, "limit, period and filters are as tags.yaml says")


def _differences(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for field, name in (("BudgetType", "type"), ("TimeUnit", "period")):
        if there.get(field) != wanted[field]:
            yield f"its {name} is {there.get(field)}; tags.yaml says {wanted[field]}"
    end = (there.get("TimePeriod") or {}).get("End")
    if end is not None and end <= datetime.now(tz=UTC):
        yield f"it ended on {end:%Y-%m-%d} and alerts no more; tags.yaml gives it no end"
    limit, here = there.get("BudgetLimit") or {}, wanted["BudgetLimit"]
    if there.get("AutoAdjustData"):
        yield f"AWS adjusts its limit by itself; tags.yaml says {here['Amount']} {here['Unit']}"
    elif there.get("PlannedBudgetLimits"):
        yield f"its limits are planned for each period; tags.yaml says {here['Amount']} {here['Unit']}"
    elif _amount(limit.get("Amount")) != Decimal(here["Amount"]) or limit.get("Unit") != here["Unit"]:
        now = f"{_shown(limit.get('Amount'))} {limit.get('Unit')}"
        yield f"its limit is {now}; tags.yaml says {here['Amount']} {here['Unit']}"
    if "CostFilters" in there or not (there.get("FilterExpression") or there.get("Metrics")):
        yield from _filter_differences(there.get("CostFilters") or {}, wanted.get("CostFilters", {}))
    if wanted["BudgetType"] == "COST":
        types = there.get("CostTypes") or {}
        for name, default in _COST_TYPES.items():
            if types.get(name, default) != default:
                yield f"{name} is {str(types[name]).lower()}; tags.yaml counts all kinds of cost, unblended"


def _filter_differences(there: Mapping[str, list[str]], wanted: Mapping[str, list[str]]) -> Iterator[str]:
    for name in sorted(there.keys() | wanted.keys()):
        given, here = set(there.get(name, ())), set(wanted.get(name, ()))
        lacking, more = sorted(here - given), sorted(given - here)
        if lacking:
            yield f"its filter {name} lacks {', '.join(lacking)}: it does not count that"
        if more:
            yield f"its filter {name} has {', '.join(more)}, which tags.yaml does not say"


def _amount(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None


def _shown(text: Any) -> str:
    amount = _amount(text)
    return str(text) if amount is None else f"{amount.normalize():f}"


# --- Alerts -----------------------------------------------------------------------------------------------------------


def _alerts(
    client: Any, account: str, budget: str, where: str, wanted: Sequence[Mapping[str, Any]], config: Wanted
) -> Iterator[Row]:
    what = f"alerts of budget {budget}"
    listed = pages(client, "describe_notifications_for_budget", "Notifications", AccountId=account, BudgetName=budget)
    there = {_notification(one): one for one in listed}
    here = {_notification(one): one for one in wanted}
    rows = [
        *(
            Row(CHECK, what, where, PROBLEM, f"no alert when {_said(one)}", DEPLOY)
            for one in here.keys() - there.keys()
        ),
        *(
            Row(CHECK, what, where, PROBLEM, f"alerts when {_said(one)}, which tags.yaml does not say", DEPLOY)
            for one in there.keys() - here.keys()
        ),
    ]
    for one in sorted(here.keys() & there.keys()):
        rows += _untold(client, account, budget, where, there[one], config)
    if not rows and here:
        rows = [Row(CHECK, what, where, OK, f"{len(here)}, as tags.yaml says")]
    yield from rows


def _untold(
    client: Any, account: str, budget: str, where: str, there: Mapping[str, Any], config: Wanted
) -> Iterator[Row]:
    """Yield whom the config names and the alert does not tell; whom else it tells is the account's own business."""
    if not config.settings.emails:
        return
    fields = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
    listed = pages(
        client,
        "describe_subscribers_for_notification",
        "Subscribers",
        AccountId=account,
        BudgetName=budget,
        Notification={field: there[field] for field in fields if field in there},
    )
    told = {str(one["Address"]).lower() for one in listed if one.get("SubscriptionType") == "EMAIL"}
    for email in config.settings.emails[:MAX_EMAILS]:
        if email.lower() not in told:
            why = f"does not tell {email} when {_said(_notification(there))}"
            yield Row(CHECK, f"alerts of budget {budget}", where, PROBLEM, why, DEPLOY)


def _notification(said: Mapping[str, Any]) -> Notification:
    threshold = f"{Decimal(str(said['Threshold'])).normalize():f}"
    kind = str(said.get("ThresholdType", "PERCENTAGE"))
    return str(said["NotificationType"]), str(said["ComparisonOperator"]), threshold, kind


_OPERATORS = {"GREATER_THAN": "above", "LESS_THAN": "below", "EQUAL_TO": "equal to"}


def _said(one: Notification) -> str:
    when, operator, threshold, kind = one
    percent = "%" if kind == "PERCENTAGE" else ""
    return f"the {when.lower()} amount is {_OPERATORS.get(operator, operator)} {threshold}{percent}"


# --- Actions ----------------------------------------------------------------------------------------------------------

# Status of an action -> how that stands, and what it means.
_STATES = {
    "STANDBY": (OK, "stands by"),
    "PENDING": (PENDING, "waits for a person to approve it"),
    "EXECUTION_SUCCESS": (OK, "has acted: its policy is attached"),
    "EXECUTION_FAILURE": (PROBLEM, "failed to act"),
    "REVERSE_FAILURE": (PROBLEM, "failed to be reversed"),
    "RESET_FAILURE": (PROBLEM, "failed to be reset"),
}


def _actions(access: Access, client: Any, wanted: Wanted, there: set[str]) -> Iterator[Row]:
    if not any(budget.name in there for budget in wanted.schema.budgets):
        return
    listed = pages(client, "describe_budget_actions_for_account", "Actions", AccountId=access.account)
    by_budget: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for action in listed:
        by_budget[str(action["BudgetName"])].append(action)
    for budget in wanted.schema.budgets:
        if budget.name in there:
            yield from compared_actions(_arn(access, budget.name), budget, by_budget[budget.name])


def compared_actions(where: str, budget: Budget, there: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield in what a budget's actions differ from the one that tags.yaml says, and how they stand."""
    what = f"action of budget {budget.name}"
    wanted = budget.action
    if wanted is None:
        for one in there:
            why = f"it has an action ({one.get('ActionType')}), and tags.yaml says none"
            yield Row(CHECK, what, where, PROBLEM, why, DEPLOY)
        return
    same = [one for one in there if one.get("ActionType") == ACTION_TYPES[wanted.apply]]
    if not same:
        yield Row(CHECK, what, where, PROBLEM, f"not deployed: tags.yaml says {wanted.apply}", DEPLOY)
    fields = {
        "NotificationType": wanted.alert.when.upper(),
        "ApprovalModel": wanted.approval.upper(),
        "ActionThresholdType": threshold_type(wanted.alert),
        "ActionThresholdValue": number(wanted.alert.above),
    }
    for one in same:
        given = {**one, **(one.get("ActionThreshold") or {})}
        wrong = [name for name, value in fields.items() if given.get(name) != value]
        for name in wrong:
            why = f"{name} is {given.get(name)}; tags.yaml says {fields[name]}"
            yield Row(CHECK, what, where, PROBLEM, why, DEPLOY)
        policy = str((one.get("Definition") or {}).get("IamActionDefinition", {}).get("PolicyArn", ""))
        if wanted.apply == "deny-new-spend" and "iam-deny-new-spend" not in policy.rpartition("/")[2]:
            why = f"it attaches {policy or 'no policy'}, which is no iam-deny-new-spend by its name"
            yield Row(CHECK, what, where, PROBLEM, why, DEPLOY)
            wrong.append(policy)
        state = str(one.get("Status"))
        status, said = _STATES.get(state, (PENDING, f"is {state.lower().replace('_', ' ')}"))
        if status != OK or not wrong:
            fix = "" if status == OK else "open the budget's actions in the Billing console"
            yield Row(CHECK, what, where, status, said, fix)
