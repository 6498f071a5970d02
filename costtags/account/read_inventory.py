"""The calls that find what exists of SageMaker in accounts and regions, with its tags: several at once."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import ClientError, EndpointConnectionError, PaginationError

from costtags.account import clients, failures, inventory, read_tags
from costtags.account.clients import AWS_ERRORS
from costtags.account.inventory import Inventory, Item, Listing
from costtags.account.journal import Journal
from costtags.account.places import Access, Place, Unreachable
from costtags.account.reading import Progress, Run
from costtags.catalog import SageMakerType

CONCURRENCY = 8
ATTEMPTS = 10
"""More than other commands: among many thousand calls some are unlucky several times."""

R = TypeVar("R")


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
    run = Run(access, journal, since, concurrency, progress)
    wanted = {row.name for row in rows}
    asked = inventory.asked(rows, since)
    first = inventory.listings(asked, places)
    lists: list[Callable[[], list[Item]]] = [partial(_tagged, run, place) for place in places]
    listed = _each(run, "lists", lists + [partial(_list, run, one) for one in first])
    within = inventory.nested(asked, listed)
    listed += _each(run, "lists within others", [partial(_list, run, one) for one in within])
    items = list({item.key: item for item in listed if item.row.name in wanted}.values())
    found = _each(run, "tags", [partial(read_tags.found, run, item) for item in items])
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


def _each(run: Run, what: str, steps: Sequence[Callable[[], list[R]]]) -> list[R]:
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


def _list(run: Run, listing: Listing) -> list[Item]:
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
        if not (listing.inputs and failures.is_missing(error)):
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


def _tagged(run: Run, place: Place) -> list[Item]:
    """Read the tags that GetResources knows: of what is tagged, or once was."""
    try:
        tagging = run.access.client(place.account, "resourcegroupstaggingapi", place.region)
        rows = _pages(run, f"tagged {place}", partial(_tagged_page, tagging))
    except AWS_ERRORS as error:
        # Where the tagging API alone has no endpoint, as in a network without one for it, SageMaker may have.
        if failures.is_lost(error) and not isinstance(error, EndpointConnectionError):
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
    rows = [{"arn": one["ResourceARN"], "tags": read_tags.plain_tags(one.get("Tags", []))} for one in found]
    return rows, answer.get("PaginationToken") or None  # "" at the end


def _pages(
    run: Run, key: str, page: Callable[[str | None], tuple[list[dict[str, Any]], str | None]]
) -> list[dict[str, Any]]:
    """Read the pages of a list that the journal lacks, and return the rows of all."""
    pages = run.journal.pages(key)
    restarted = False
    while not pages.complete and not run.stop.is_set():
        token = pages.next
        try:
            rows, following = page(token)
        except ClientError as error:
            if token is None or restarted or not failures.is_token_refused(error):
                raise
            restarted = True  # the token has run out, as one from a journal may: from the beginning, once
            run.journal.restart(key)
            continue
        if following is not None and following == token:
            raise PaginationError(message=f"the same page came twice: {key}")
        run.journal.page(key, rows, following)
    return pages.rows


# ---- what fails


def _failed(run: Run, place: Place, name: str, error: Exception) -> None:
    if failures.is_lost(error):
        run.lost.setdefault(place, clients.explained(error))
    elif failures.is_not_offered(error):
        run.not_judged.append(Unreachable(f"{place} {name}", f"not offered there ({clients.code(error)})"))
    else:
        run.failed[place, name] = error


def _tell_failures(run: Run, asked: Sequence[SageMakerType], wanted: set[str], places: Sequence[Place]) -> None:
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
