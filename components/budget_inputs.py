"""Arguments of TagBudgets and requests of documents.budgets -> inputs of the provider's resources, or problems."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi

from costtags.components import budget_policies as policies
from costtags.documents.budgets import ACTION_TYPES, number, threshold_type
from costtags.documents.document import Plain
from costtags.schema import Action, Budget, Schema
from costtags.suggest import nearest
from costtags.yamlfile import quoted

TOPIC = "(topic)"
"""Stands in requests for the topic's ARN, which is known only once the topic exists."""

# What an argument must look like where it is a plain text: an output is not known yet.
_FORMS = {
    "webhook": (
        r"arn:aws[a-z-]*:(ssm:[^:]*:[^:]*:parameter/.+|secretsmanager:[^:]*:[^:]*:secret:.+)",
        "the ARN of an SSM parameter or of a secret that holds the URL; the URL itself stands in no configuration",
    ),
    "webhook_key_arn": (r"arn:aws[a-z-]*:kms:[^:]*:[^:]*:key/.+", "the ARN of a KMS key"),
    "deny_policy_arn": (r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/.+", "the ARN of a managed policy"),
    "scp_id": (r"p-[0-9a-zA-Z_]{8,128}", "the id of a service control policy, p-..."),
    "roles": (r"(?!arn:).+", "names of roles, not ARNs"),
    "groups": (r"(?!arn:).+", "names of groups, not ARNs"),
    "users": (r"(?!arn:).+", "names of users, not ARNs"),
    # Not r-...: AWS Budgets does not take the root of an organization.
    "targets": (r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|\d{12}", "ids of organizational units or accounts"),
}
_KINDS = ("roles", "groups", "users", "targets")
_MAX_OF_A_KIND = 100
# What an action needs: the policy, and at least one of those whom it stops.
_NEEDS = {
    "deny-new-spend": ("deny_policy_arn", ("roles", "groups", "users")),
    "scp-deny-new-spend": ("scp_id", ("targets",)),
}

Targets = Mapping[str, Sequence[pulumi.Input[str]]]


def budget_inputs(request: Plain, topic: pulumi.Input[str]) -> dict[str, Any]:
    """Turn a CreateBudget request into what aws.budgets.Budget takes."""
    budget = request["Budget"]
    inputs: dict[str, Any] = {
        "name": budget["BudgetName"],
        "budget_type": budget["BudgetType"],
        "limit_amount": budget["BudgetLimit"]["Amount"],
        "limit_unit": budget["BudgetLimit"]["Unit"],
        "time_unit": budget["TimeUnit"],
        "cost_filters": [{"name": key, "values": values} for key, values in budget.get("CostFilters", {}).items()],
        "notifications": [_notification(one, topic) for one in request.get("NotificationsWithSubscribers", [])],
    }
    return {key: value for key, value in inputs.items() if value != []}


def _notification(request: Plain, topic: pulumi.Input[str]) -> dict[str, Any]:
    said = request["Notification"]
    told = [subscriber(one, topic) for one in request["Subscribers"]]
    addresses = {
        kind: [one["address"] for one in told if one["subscription_type"] == kind] for kind in ("SNS", "EMAIL")
    }
    return {
        "notification_type": said["NotificationType"],
        "comparison_operator": said["ComparisonOperator"],
        "threshold": said["Threshold"],
        "threshold_type": said["ThresholdType"],
        "subscriber_sns_topic_arns": addresses["SNS"],
        "subscriber_email_addresses": addresses["EMAIL"],
    }


def subscriber(request: Plain, topic: pulumi.Input[str]) -> dict[str, Any]:
    """Turn a subscriber of a request into one of aws.budgets.BudgetAction."""
    address = topic if request["Address"] == TOPIC else request["Address"]
    return {"subscription_type": request["SubscriptionType"], "address": address}


def action_inputs(action: Action) -> dict[str, Any]:
    """Return what an action of tags.yaml says in the words of aws.budgets.BudgetAction."""
    return {
        "action_type": ACTION_TYPES[action.apply],
        "approval_model": action.approval.upper(),
        "notification_type": action.alert.when.upper(),
        "action_threshold": {
            "action_threshold_type": threshold_type(action.alert),
            "action_threshold_value": number(action.alert.above),
        },
    }


def definition(given: Mapping[str, Any], budget: str, action: Action) -> dict[str, Any]:
    """Return what a budget's action attaches, and to whom."""
    policy, kinds = _NEEDS[action.apply]
    stopped = {kind: whom for kind, whom in _targets(given, budget).items() if kind in kinds and whom}
    if action.apply == "scp-deny-new-spend":
        return {"scp_action_definition": {"policy_id": given[policy], "target_ids": stopped["targets"]}}
    return {"iam_action_definition": {"policy_arn": given[policy], **stopped}}


def statements(given: Mapping[str, Any], actions: Sequence[tuple[str, Action]]) -> Iterator[Plain]:
    """Yield what the role of the actions may do: what they need together."""
    account = given["account_id"]
    stopped: dict[str, list[Targets]] = {}
    for budget, action in actions:
        stopped.setdefault(action.apply, []).append(_targets(given, budget))
    if by_policy := stopped.get("deny-new-spend"):
        yield from policies.attach_policy(account, given["deny_policy_arn"], _together(by_policy))
    if by_scp := stopped.get("scp-deny-new-spend"):
        yield policies.attach_scp(account, given["scp_id"], _together(by_scp)["targets"])


def _together(stopped: Sequence[Targets]) -> Targets:
    """Put together what actions stop, each text once: whether outputs are the same is not known yet."""
    every = {kind: [one for targets in stopped for one in targets[kind]] for kind in _KINDS}
    once = {kind: {one if isinstance(one, str) else id(one): one for one in whom} for kind, whom in every.items()}
    return {kind: list(whom.values()) for kind, whom in once.items()}


def _targets(given: Mapping[str, Any], budget: str) -> Targets:
    """Return whom a budget's action stops: its own targets, else everyone's."""
    chosen = (given.get("per_budget") or {}).get(budget, given)
    return {kind: list(chosen.get(kind) or ()) for kind in _KINDS}


def emails_of(given: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the addresses to tell, each once."""
    return tuple(dict.fromkeys(given.get("emails", ())))


def problems(given: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    """Yield all that is wrong with the arguments, each with the budget and the argument that it is about."""
    if not schema.budgets:
        yield f"{schema.path} has no budgets"
    if not re.fullmatch(r"\d{12}", str(given["account_id"])):
        yield f'"account_id" must be the twelve digits of an account, not {quoted(str(given["account_id"]))}'
    if isinstance(given.get("emails"), str):
        yield '"emails" must be a list'
    else:
        yield from (f"{quoted(str(email))} is no e-mail address" for email in emails_of(given) if "@" not in str(email))
    own = given.get("per_budget") or {}
    acting = {budget.name: budget for budget in schema.budgets if budget.action is not None}
    for name in own:
        if name not in acting:
            near = nearest(name, acting)
            hint = f'; did you mean "{near}"?' if near else ""
            yield f'"per_budget" names {quoted(name)}, which is no budget with an action{hint}'
    for place, args in (("", given), *((f' of "per_budget" {quoted(name)}', args) for name, args in own.items())):
        yield from _form_problems(place, args)
    for budget in acting.values():
        yield from _action_problems(given, budget)


def _form_problems(place: str, args: Mapping[str, Any]) -> Iterator[str]:
    for key, (pattern, what) in _FORMS.items():
        value = args.get(key)
        if value is not None and key in _KINDS and not isinstance(value, list | tuple):
            yield f'"{key}"{place} must be a list; its items may be outputs'
            continue
        items = [] if value is None else value if key in _KINDS else [value]
        if len(items) > _MAX_OF_A_KIND:
            yield f'"{key}"{place} has {len(items)} items; AWS takes {_MAX_OF_A_KIND} for an action'
        if any(isinstance(item, str) and not re.fullmatch(pattern, item) for item in items):
            yield f'"{key}"{place} must be {what}'  # the value is not repeated: it may be a webhook's secret URL
    if place:
        yield from (f'unknown argument "{key}"{place}; known: {", ".join(_KINDS)}' for key in args if key not in _KINDS)


def _action_problems(given: Mapping[str, Any], budget: Budget) -> Iterator[str]:
    assert budget.action is not None
    policy, kinds = _NEEDS[budget.action.apply]
    what = f"budget {quoted(budget.name)} has the action {budget.action.apply}"
    if given.get(policy) is None:
        yield f'{what}: argument "{policy}" is missing'
    chosen = (given.get("per_budget") or {}).get(budget.name, given)
    if not any(chosen.get(kind) for kind in kinds):
        yield f"{what}: nobody to stop is named in {' or '.join(quoted(kind) for kind in kinds)}"
