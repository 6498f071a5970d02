"""The calls that find what exists of SageMaker in accounts and regions, with its tags: several at once."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    PaginationError,
)

from costtags.account import clients, inventory
from costtags.account.clients import AWS_ERRORS
from costtags.account.inventory import Found, Inventory, Item, Listing
from costtags.account.journal import Journal
from costtags.account.places import Access, Place, Unreachable, refused
from costtags.catalog import SageMakerType

Progress = Callable[[str, int, int], None]
"""Takes what is being read, how much of it is, and how much there is."""

CONCURRENCY = 8
ATTEMPTS = 10
"""More than other commands: among many thousand calls some are unlucky several times."""

# A region that is not enabled, credentials that have ended: nothing more can be asked there.
_PLACE_LOST = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "OptInRequired",
        "UnrecognizedClientException",
    }
)
_NOT_OFFERED = frozenset({"InvalidAction", "UnknownOperation", "UnknownOperationException"})
_NOT_FOUND = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
_INVALID = frozenset({"ValidationException", "ValidationError"})
_MISSING = re.compile(r"not exist|not found|not find|unable to find|deleted", re.IGNORECASE)
_TOKEN_REFUSED = frozenset({*_INVALID, "InvalidParameterException", "PaginationTokenExpiredException"})

R = TypeVar("R")


@dataclass
class _Run:
    """What the steps share: whom to ask, what was answered, what is lost."""

    access: Access
    journal: Journal
    since: datetime | None
    concurrency: int
    progress: Progress
    tagged: dict[Place, dict[str, tuple[str, dict[str, str]]]] = field(default_factory=dict)
    """By place and case-folded ARN: the ARN and the tags that GetResources returned."""
    lost: dict[Place, str] = field(default_factory=dict)
    failed: dict[tuple[Place, str], Exception | str] = field(default_factory=dict)
    """By place and type: why it could not be listed."""
    unread: Counter[Place] = field(default_factory=Counter)
    """How many resources were listed before a place was lost, and not read after it."""
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreachable: list[Unreachable] = field(default_factory=list)
    not_judged: list[Unreachable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    gone: int = 0
    read: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


def read(
    access: Access,
    places: Sequence[Place],
    rows: Sequence[SageMakerType],
    since: datetime | None,
    journal: Journal,
    *,
    concurrency: int = CONCURRENCY,
    progress: Progress = lambda _what, _done, _of: None,
) -> Inventory:
    """Find every resource of some types in some places, with its tags.

    Costs the pages of the List calls and of GetResources, one ListTags for each resource that GetResources did not
    return, one Describe for each whose ARN neither says, and one for each domain. ``since`` bounds jobs and what they
    leave behind; None leaves them out. What cannot be read is told in the inventory; only what is wrong with the
    call itself is raised, as AwsFailed.
    """
    run = _Run(access, journal, since, concurrency, progress)
    wanted = {row.name for row in rows}
    asked = inventory.asked(rows, since)
    first = inventory.listings(asked, places)
    lists: list[Callable[[], list[Item]]] = [partial(_tagged, run, place) for place in places]
    listed = _each(run, "lists", lists + [partial(_list, run, one) for one in first])
    within = inventory.nested(asked, listed)
    listed += _each(run, "lists within others", [partial(_list, run, one) for one in within])
    items = list({item.key: item for item in listed if item.row.name in wanted}.values())
    found = _each(run, "tags", [partial(_found, run, item) for item in items])
    _tell_failures(run, asked, wanted, places)
    run.not_judged += inventory.counted({one: n for one, n in run.left_out.items() if one[0] in wanted})
    run.not_judged += [
        Unreachable(row.name, "SageMaker has no call that lists them") for row in rows if row.list_call is None
    ]
    return Inventory(
        found=tuple(found),
        places=tuple(places),
        unreachable=tuple(sorted(set(run.unreachable))),
        not_judged=tuple(sorted(set(run.not_judged))),
        notes=tuple(sorted(run.notes)),
        gone=run.gone,
        read=run.read,
    )


def _each(run: _Run, what: str, steps: Sequence[Callable[[], list[R]]]) -> list[R]:
    """Take steps, several at once, and return what they all returned, in their order."""
    run.progress(what, 0, len(steps))
    with ThreadPoolExecutor(run.concurrency) as pool:
        futures = [pool.submit(step) for step in steps]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                run.progress(what, done, len(steps))
        except BaseException:  # whoever presses Ctrl-C waits for the calls under way, and for no more
            run.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [one for future in futures for one in future.result()]


# ---- lists


def _list(run: _Run, listing: Listing) -> list[Item]:
    """Read a list to its end."""
    place, row = listing.place, listing.row
    if place in run.lost or run.stop.is_set():
        return []
    call = row.list_call
    assert call is not None
    try:
        client = run.access.client(place.account, "sagemaker", place.region)
        operation = client.meta.method_to_api_mapping.get(call.call)
        if operation is None:
            run.failed[place, row.name] = f"this boto3 is too old to know {call.call}: upgrade boto3"
            return []
        members = client.meta.service_model.operation_model(operation).input_shape.members
        rows = []
        for request in inventory.requests(listing, members, run.since):
            one = Listing(row, place, {name: request[name] for name in call.each})
            rows += _pages(run, one.key, partial(_listed, getattr(client, call.call), one, request))
    except AWS_ERRORS as error:
        # What a list is in may be deleted meanwhile, and with it all that was in the list.
        if not (listing.inputs and _is_missing(error)):
            _failed(run, place, row.name, error)
        return []
    kept = []
    with run.lock:
        run.read += 1
        for one_row in rows:
            if "left_out" in one_row:
                run.left_out[row.name, one_row["left_out"]] += 1
            elif not inventory.is_too_old(row, one_row["created"], run.since):
                kept.append(inventory.item_of(listing, one_row))
    return kept


def _listed(
    method: Callable[..., Any], listing: Listing, request: Mapping[str, Any], token: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Ask for one page of a list."""
    assert listing.row.list_call is not None
    answer = method(**request, **({"NextToken": token} if token else {}))
    rows = [inventory.row_of(listing, request, item) for item in answer.get(listing.row.list_call.key, [])]
    return rows, answer.get("NextToken")


def _tagged(run: _Run, place: Place) -> list[Item]:
    """Read the tags that GetResources knows: of what is tagged, or once was."""
    try:
        tagging = run.access.client(place.account, "resourcegroupstaggingapi", place.region)
        rows = _pages(run, f"tagged {place}", partial(_tagged_page, tagging))
    except AWS_ERRORS as error:
        if _is_lost(error):
            run.lost.setdefault(place, clients.explained(error))
        else:
            run.notes.append(f"{place}: the tags were read one resource at a time: {clients.explained(error)}")
        return []
    run.tagged[place] = {row["arn"].casefold(): (row["arn"], row["tags"]) for row in rows}
    return []


def _tagged_page(tagging: Any, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
    answer = tagging.get_resources(
        ResourceTypeFilters=["sagemaker"],
        ResourcesPerPage=inventory.PAGE,
        **({"PaginationToken": token} if token else {}),
    )
    found = answer.get("ResourceTagMappingList", [])
    rows = [{"arn": one["ResourceARN"], "tags": _tags(one.get("Tags", []))} for one in found]
    return rows, answer.get("PaginationToken") or None  # "" at the end


def _pages(
    run: _Run, key: str, page: Callable[[str | None], tuple[list[dict[str, Any]], str | None]]
) -> list[dict[str, Any]]:
    """Read the pages of a list that the journal lacks, and return the rows of all."""
    pages = run.journal.pages(key)
    restarted = False
    while not pages.complete and not run.stop.is_set():
        token = pages.next
        try:
            rows, following = page(token)
        except ClientError as error:
            if token is None or restarted or clients.code(error) not in _TOKEN_REFUSED:
                raise
            restarted = True  # the token has run out, as one from a journal may: from the beginning, once
            run.journal.restart(key)
            continue
        if following is not None and following == token:
            raise PaginationError(message=f"the same page came twice: {key}")
        run.journal.page(key, rows, following)
    return pages.rows


# ---- one resource


def _found(run: _Run, item: Item) -> list[Found]:
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
        if _is_missing(error):
            run.journal.keep(f"gone {item.key}", True)
            arn = tags = propagation = None
        else:
            if _is_lost(error):
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


def _propagation(run: _Run, item: Item, arn: str) -> str | None:
    """Return whether a domain hands its tags on, as AWS says it; None where it cannot be asked.

    Raises AWS_ERRORS where the domain has been deleted.
    """
    try:
        return str(_described(run, item).get("propagation", "DISABLED"))
    except AWS_ERRORS as error:
        if _is_missing(error):
            raise
        run.unreachable.append(Unreachable(arn, f"whether it hands its tags on: {clients.explained(error)}"))
        return None


def _arn_and_tags(run: _Run, item: Item) -> tuple[str | None, dict[str, str] | None]:
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
        code = clients.code(error)
        if code not in _NOT_FOUND | _INVALID or inventory.describing(item) is None:
            raise
        # It is deleted, or its ARN is not as it was built; to say "invalid" of a deleted one, AWS needs no words.
        described = _described(run, item, afresh=True)
        if described.get("over"):
            return None, None
        if described.get("arn") in (None, arn):
            raise
        return described["arn"], _listed_tags(run, item.place, described["arn"])


def _listed_tags(run: _Run, place: Place, arn: str) -> dict[str, str]:
    kept = run.journal.answer(f"tags {arn}")
    if kept is not None:
        return dict(kept)
    client = run.access.client(place.account, "sagemaker", place.region)
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    tags = _tags([tag for page in pages for tag in page.get("Tags", [])])
    run.journal.keep(f"tags {arn}", tags)
    return tags


def _described(run: _Run, item: Item, *, afresh: bool = False) -> dict[str, Any]:
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


def _tags(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}


# ---- what fails


def _is_missing(error: Exception) -> bool:
    """Say whether an error says that the resource is no more."""
    if not isinstance(error, ClientError):
        return False
    code = clients.code(error)
    return code in _NOT_FOUND or (code in _INVALID and bool(_MISSING.search(clients.message(error))))


def _is_lost(error: Exception) -> bool:
    """Say whether an error concerns all that could be asked in a place."""
    kinds = (EndpointConnectionError, InvalidRegionError, NoCredentialsError)
    return isinstance(error, kinds) or refused(error) or clients.code(error) in _PLACE_LOST


def _failed(run: _Run, place: Place, name: str, error: Exception) -> None:
    if _is_lost(error):
        run.lost.setdefault(place, clients.explained(error))
    elif clients.code(error) in _NOT_OFFERED:
        run.not_judged.append(Unreachable(f"{place} {name}", f"not offered there ({clients.code(error)})"))
    else:
        run.failed[place, name] = error


def _tell_failures(run: _Run, asked: Sequence[SageMakerType], wanted: set[str], places: Sequence[Place]) -> None:
    """Say what could not be read: a place in one line where nothing could be."""
    for place, why in run.lost.items():
        unread = f"; {run.unread[place]} resources that were listed there are not judged" if run.unread[place] else ""
        run.unreachable.append(Unreachable(str(place), f"{why}{unread}"))
    for place in places:
        failed = {name: why for (at, name), why in run.failed.items() if at == place}
        whys = [clients.explained(why) if isinstance(why, Exception) else why for why in failed.values()]
        first = [row for row in asked if inventory.parent_of(row) is None]
        denied = all(isinstance(why, Exception) and clients.code(why) in clients.DENIED for why in failed.values())
        if len(failed) > 1 and len(failed) >= len(first) and denied:
            run.unreachable.append(Unreachable(str(place), f"no list can be read; the first: {whys[0]}"))
            continue
        run.unreachable += [Unreachable(f"{place} {name}", why) for name, why in zip(failed, whys, strict=True)]
        run.unreachable += [
            Unreachable(f"{place} {row.name}", f"the lists of each {parent} cannot be read without theirs")
            for row in asked
            if row.name in wanted and (parent := inventory.parent_of(row)) in failed
        ]
