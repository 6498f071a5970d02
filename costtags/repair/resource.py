"""What the repair needs to know of live resources, and what it reads of them: their tags."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed
from costtags.account.failures import is_missing
from costtags.account.places import Access
from costtags.repair.facts import parse_arn

READERS = 8
"""How many resources are read at once."""
MOST_ARNS = 50
"""Of the hundred that GetResources takes in a call: it may return fifty, and takes no token with named ARNs."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A live resource; ``type`` is the catalogue's name, ``excused`` the keys that an exemption excuses."""

    arn: str
    type: str
    name: str
    account: str
    region: str
    tags: Mapping[str, str]
    excused: frozenset[str | None] = field(default=frozenset())
    findings: tuple[str, ...] = ()
    """The codes of what the audit found."""


@dataclass(frozen=True, slots=True)
class Read:
    """What reading the tags of a resource gave: its tags; or that it is gone; or why it cannot be said."""

    tags: Mapping[str, str] | None = None
    gone: bool = False
    why: str = ""


def read_tags(access: Access, arn: str) -> Read:
    """Ask SageMaker itself for the tags of a resource: what it says is never older than the last write."""
    place = parse_arn(arn)
    if place is None:
        return Read(why="is no ARN of SageMaker")
    try:
        client = access.client(place.account, "sagemaker", place.region)
        pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
        return Read({str(tag["Key"]): str(tag["Value"]) for page in pages for tag in page.get("Tags", ())})
    except AWS_ERRORS as error:
        return Read(gone=True) if is_missing(error) else Read(why=clients.explained(error))
    except AwsFailed as error:
        return Read(why=str(error))


def read_each(access: Access, arns: Sequence[str]) -> Iterator[tuple[str, Read]]:
    """Read the tags of several resources at once, in the order given."""
    if len(arns) == 1:
        yield arns[0], read_tags(access, arns[0])
        return
    with ThreadPoolExecutor(READERS) as pool:
        yield from zip(arns, pool.map(lambda arn: read_tags(access, arn), arns), strict=True)


def read_indexed(access: Access, arns: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """Ask the tagging API for the tags of many resources: fifty a call, but it may lag behind and miss some.

    What it cannot be asked is left out: ``read_tags`` says why.
    """
    by_place: dict[tuple[str, str], list[str]] = {}
    for arn in sorted(arns):
        if (place := parse_arn(arn)) is not None:
            by_place.setdefault((place.account, place.region), []).append(arn)
    batches = [
        (account, region, listed[start : start + MOST_ARNS])
        for (account, region), listed in sorted(by_place.items())
        for start in range(0, len(listed), MOST_ARNS)
    ]
    found: dict[str, Mapping[str, str]] = {}
    with ThreadPoolExecutor(READERS) as pool:
        for rows in pool.map(lambda batch: _indexed(access, *batch), batches):
            found |= rows
    return found


def _indexed(access: Access, account: str, region: str, arns: list[str]) -> dict[str, Mapping[str, str]]:
    try:
        answer: Any = access.client(account, "resourcegroupstaggingapi", region).get_resources(ResourceARNList=arns)
    except (*AWS_ERRORS, AwsFailed):
        return {}  # each is then read by itself, and says what is wrong
    rows = answer.get("ResourceTagMappingList", ())
    return {str(row["ResourceARN"]): {str(tag["Key"]): str(tag["Value"]) for tag in row["Tags"]} for row in rows}


def users_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags without those of AWS, which no one can write and not every call returns."""
    return {key: value for key, value in tags.items() if not key.lower().startswith("aws:")}
