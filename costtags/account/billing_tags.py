"""Cost Explorer's calls about cost allocation tags: read the keys, activate some, backfill."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from costtags.account import clients
from costtags.account.activation import BilledKey, PastBackfill

MAX_BATCH = 20  # UpdateCostAllocationTagsStatus takes no more


def listed(client: Any) -> list[BilledKey]:
    """Return every key that the payer's bill knows. Raises AWS_ERRORS.

    All of them, since a key that is spelled wrongly is not known before it is seen.
    """
    pages = client.get_paginator("list_cost_allocation_tags").paginate(PaginationConfig={"PageSize": 1000})
    return [
        BilledKey(
            key=tag["TagKey"],
            active=tag["Status"] == "Active",
            since=tag.get("LastUpdatedDate"),
            last_used=tag.get("LastUsedDate"),
        )
        for page in pages
        for tag in page.get("CostAllocationTags", [])
    ]


def activate(client: Any, keys: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Activate keys; yields each with None, or with why AWS refused it. Raises AWS_ERRORS where AWS takes no more."""
    for at in range(0, len(keys), MAX_BATCH):
        batch = keys[at : at + MAX_BATCH]
        try:
            done: Iterable[tuple[str, str | None]] = _activate(client, batch)
        except ClientError as error:
            if clients.code(error) != "ValidationException":
                raise
            # One unknown key can fail the whole request ("Tag keys not found: a,b"), although the documented answer
            # is 200 with an error for that key:
            # https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_UpdateCostAllocationTagsStatus.html
            done = (_activate_one(client, key) for key in batch)
        yield from done


def _activate_one(client: Any, key: str) -> tuple[str, str | None]:
    try:
        return _activate(client, [key])[0]
    except ClientError as error:
        if clients.code(error) != "ValidationException":
            raise
        return key, f"{clients.code(error)}: {clients.message(error)}"


def _activate(client: Any, keys: Sequence[str]) -> list[tuple[str, str | None]]:
    answer = client.update_cost_allocation_tags_status(
        CostAllocationTagsStatus=[{"TagKey": key, "Status": "Active"} for key in keys]
    )
    errors = {error.get("TagKey"): _said(error) for error in answer.get("Errors", [])}
    # An error that names none of the keys leaves open which it is about: none of them counts as done.
    unnamed = next((said for key, said in errors.items() if key not in keys), None)
    return [(key, errors.get(key, unnamed)) for key in keys]


def _said(error: dict[str, str]) -> str:
    text = f"{error.get('Code') or 'no code'}: {error.get('Message') or 'no reason given'}"
    return " ".join(text.split())


def backfills(client: Any) -> list[PastBackfill]:
    """Return the backfills that were requested so far, the latest first. Raises AWS_ERRORS."""
    pages = client.get_paginator("list_cost_allocation_tag_backfill_history").paginate()
    past = [_past(request) for page in pages for request in page.get("BackfillRequests", [])]
    return sorted(past, key=lambda request: request.requested_at or "", reverse=True)


def request_backfill(client: Any, start: date, before: Sequence[PastBackfill]) -> PastBackfill:
    """Request a backfill; ``before`` are the requests known so far. Raises AWS_ERRORS."""
    try:
        answer = client.start_cost_allocation_tag_backfill(BackfillFrom=f"{start}T00:00:00Z")
    except client.exceptions.BackfillLimitExceededException:
        # boto3 sends a request again whose answer got lost, and AWS refuses the second because of the first.
        known = {request.requested_at for request in before}
        ours = [past for past in backfills(client) if past.requested_at not in known and past.start == str(start)]
        if not ours:
            raise
        return ours[0]
    return _past(answer.get("BackfillRequest", {}))


def _past(request: dict[str, str]) -> PastBackfill:
    return PastBackfill(
        start=request.get("BackfillFrom", "")[:10],
        requested_at=request.get("RequestedAt"),
        status=request.get("BackfillStatus"),
    )


def explained(error: Exception, account: str | None) -> str:
    """Return what went wrong in one of these calls and what to do about it."""
    text = clients.explained(error)
    if not isinstance(error, ClientError):
        # botocore derives a host from the region, and AWS lists no Cost Explorer in GovCloud.
        billed_elsewhere = "//ce.us-gov-" in text
        hint = "; GovCloud accounts are billed through a standard account: run this with credentials of that account"
        return text + hint if billed_elsewhere else text
    said = clients.message(error)
    if "Linked account" in said:
        return (
            f"account {account or '(unknown)'} is a member of an organization, and cost allocation tags belong to its "
            f"management account: run this with credentials of the management account ({clients.code(error)}: {said})"
        )
    if "not enabled for cost explorer" in said.lower():
        return f"{text}; open Cost Explorer once in the Billing console: AWS then enables it, within 24 hours"
    if clients.code(error) in clients.DENIED:
        return (
            f"{text}; allow ce:{error.operation_name} to the caller, in the management account; for others than its "
            "root user, IAM access to billing must be switched on in the account's settings too"
        )
    if clients.code(error) == "LimitExceededException":
        return f"{text}; if these were too many calls, run it again in some minutes"
    return text
