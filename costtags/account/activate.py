"""The steps of `costtags activate`: ask AWS, activate, backfill."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from botocore.session import Session

from costtags.account import billing_tags, clients
from costtags.account.activation import Activation, Backfill, BilledKey, applied, backfill, quota
from costtags.account.clients import AwsFailed


@dataclass(frozen=True)
class Payer:
    """The account whose credentials are used, and what its bill knew when it was asked."""

    ce: Any
    account: str | None
    billed: list[BilledKey]


def read_payer(profile: str | None) -> Payer:
    """Ask AWS for the account and for all keys that its bill knows. Raises AwsFailed."""
    account = None
    try:
        session = Session(profile=profile)
        account = clients.account(session)
        ce = clients.client(session, "ce")
        return Payer(ce, account, billing_tags.listed(ce))
    except clients.AWS_ERRORS as error:
        raise AwsFailed(billing_tags.explained(error, account)) from error
    except ValueError as error:  # its word for AWS_ENDPOINT_URL, AWS_MAX_ATTEMPTS and the like
        raise AwsFailed(f"an AWS setting cannot be used: {error}") from error


def activate_keys(payer: Payer, state: Activation) -> tuple[Activation, str | None]:
    """Activate what is inactive; return the state after it, and why AWS took no more, if it did not take all."""
    outcomes: dict[str, str | None] = {}
    stopped = code = None
    try:
        for key, error in billing_tags.activate(payer.ce, state.to_activate):
            outcomes[key] = error
    except clients.AWS_ERRORS as error:
        stopped, code = billing_tags.explained(error, payer.account), clients.code(error)
    after = applied(state, outcomes)
    if code == "LimitExceededException":  # for too many calls, says the model; it is the code for a full quota too
        stopped = f"{stopped}\n{quota(after)}"
    return after, stopped


def plan_backfill(payer: Payer, state: Activation, start: date, now: datetime) -> Backfill:
    """Return what a backfill since a day would do, and whether it can be requested. Raises AwsFailed."""
    try:
        return backfill(state, start, payer.billed, billing_tags.backfills(payer.ce), now)
    except clients.AWS_ERRORS as error:
        raise AwsFailed(billing_tags.explained(error, payer.account)) from error


def request_backfill(payer: Payer, plan: Backfill) -> Backfill:
    """Request a planned backfill. Raises AwsFailed."""
    try:
        return replace(plan, requested=billing_tags.request_backfill(payer.ce, plan.start, plan.past))
    except clients.AWS_ERRORS as error:
        text = billing_tags.explained(error, payer.account)
        if not clients.code(error):
            text += f"\nwhether AWS took the request, `costtags activate --backfill-from {plan.start:%Y-%m}` shows"
        raise AwsFailed(text) from error
