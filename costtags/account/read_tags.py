"""The calls that read one listed resource: its ARN, its tags, whether it is still there."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError, PaginationError

from costtags.account import clients, failures, inventory
from costtags.account.clients import AWS_ERRORS
from costtags.account.inventory import Found, Item
from costtags.account.places import Place, Unreachable
from costtags.account.reading import Run


def found(run: Run, item: Item) -> list[Found]:
    """Return a listed resource with its tags; nothing, where it is gone or cannot be read."""
    if item.place in run.lost:
        with run.lock:
            run.unread[item.place] += 1
    if item.place in run.lost or run.stop.is_set():
        return []
    try:
        arn, tags = _arn_and_tags(run, item)
        propagation = _propagation(run, item, arn) if arn and item.row.name == inventory.DOMAIN else None
    except AWS_ERRORS as error:
        if failures.is_missing(error):
            run.journal.keep(f"gone {item.key}", True)
            arn = tags = propagation = None
        else:
            if failures.is_lost(error):
                run.lost.setdefault(item.place, clients.explained(error))
                with run.lock:
                    run.unread[item.place] += 1
            else:
                shown = item.arn or inventory.likely_arn(item, run.access.partition)
                run.unreachable.append(Unreachable(shown or item.key, clients.explained(error)))
            return []
    if arn is None or tags is None:
        with run.lock:
            run.gone += 1
        return []
    return [Found(item.row.name, item.place, item.name, arn, item.created, tags, propagation)]


def _propagation(run: Run, item: Item, arn: str) -> str | None:
    """Return whether a domain hands its tags on, as AWS says it; None where it cannot be asked.

    Raises AWS_ERRORS where the domain has been deleted.
    """
    try:
        return str(_described(run, item).get("propagation", "DISABLED"))
    except AWS_ERRORS as error:
        if failures.is_missing(error):
            raise
        run.unreachable.append(Unreachable(arn, f"whether it hands its tags on: {clients.explained(error)}"))
        return None


def _arn_and_tags(run: Run, item: Item) -> tuple[str | None, dict[str, str] | None]:
    """Return the ARN and the tags of a resource; None, where it has been deleted. Raises AWS_ERRORS."""
    if run.journal.answer(f"gone {item.key}"):
        return None, None
    tagged = run.tagged.get(item.place, {})
    likely = inventory.likely_arn(item, run.access.partition)
    if likely is not None and likely.casefold() in tagged:
        known, tags = tagged[likely.casefold()]
        return item.arn or known, tags
    arn = inventory.certain_arn(item, run.access.partition) or _described(run, item).get("arn")
    if arn is None:
        raise PaginationError(message="neither its list nor its description has an ARN")
    if arn.casefold() in tagged:
        return arn, tagged[arn.casefold()][1]
    try:
        return arn, _listed_tags(run, item.place, arn)
    except ClientError as error:
        if not failures.may_be_missing(error) or inventory.describing(item) is None:
            raise
        # It is deleted, or its ARN is not as it was built.
        described = _described(run, item, afresh=True)
        if described.get("over"):
            return None, None
        if described.get("arn") in (None, arn):
            raise
        return described["arn"], _listed_tags(run, item.place, described["arn"])


def _listed_tags(run: Run, place: Place, arn: str) -> dict[str, str]:
    kept = run.journal.answer(f"tags {arn}")
    if kept is not None:
        return dict(kept)
    client = run.access.client(place.account, "sagemaker", place.region)
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    tags = plain_tags([tag for page in pages for tag in page.get("Tags", [])])
    run.journal.keep(f"tags {arn}", tags)
    return tags


def _described(run: Run, item: Item, *, afresh: bool = False) -> dict[str, Any]:
    """Return what is needed of a resource's description: ``arn``, ``propagation``, ``over``. Raises AWS_ERRORS."""
    kept = run.journal.answer(f"described {item.key}")
    if kept is not None and not afresh:
        return dict(kept)
    call, inputs = item.row.describe_call, inventory.describing(item)
    if call is None or inputs is None:
        return {}
    client = run.access.client(item.place.account, "sagemaker", item.place.region)
    answer = getattr(client, call.call)(**inputs)
    said = {
        "arn": inventory.at(answer, call.arn),
        "propagation": inventory.at(answer, "TagPropagation"),
        "over": inventory.is_over(item.row, answer),
    }
    said = {name: value for name, value in said.items() if value}
    run.journal.keep(f"described {item.key}", said)
    return said


def plain_tags(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Turn AWS's list of tags into a mapping."""
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}
