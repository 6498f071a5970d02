"""What AWS Config has recorded of SageMaker: one query for a whole organization, by an aggregator."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import botocore.session

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed
from costtags.account.inventory import Found, Inventory
from costtags.account.places import ALL_REGIONS, ORGANIZATION, Access, Place, Unreachable
from costtags.catalog import SageMakerType

Progress = Callable[[str, int, int], None]

# https://docs.aws.amazon.com/config/latest/developerguide/query-components.html
QUERY = (
    "SELECT arn, resourceId, resourceName, resourceType, accountId, awsRegion, resourceCreationTime, tags "
    "WHERE resourceType LIKE 'AWS::SageMaker::%'"
)
_PAGE = 100
NOTES = (
    "AWS Config shows what it last recorded, and only where its recorder is on and records these types: what it does "
    "not record is missing here without a word",
    "whether domains hand their tags on is not read from AWS Config",
)


def recorded_types() -> frozenset[str]:
    """Return the CloudFormation types that AWS Config can record, as botocore's model of it lists them."""
    model = botocore.session.get_session().get_service_model("config")
    return frozenset(model.shape_for("ResourceType").enum)


def of_aggregator(
    access: Access,
    aggregator: str,
    accounts: Collection[str],
    regions: Collection[str],
    rows: Sequence[SageMakerType],
    progress: Progress,
) -> Inventory:
    """Return what an aggregator has collected of some types, of the accounts and regions where such are named.

    Asked with the caller's own credentials in the configured region. Raises AwsFailed.
    """
    config = access.client(access.account, "config")
    given = {"ConfigurationAggregatorName": aggregator, "MaxResults": _PAGE}
    items: list[dict[str, Any]] = []
    try:
        for page in _pages(config.select_aggregate_resource_config, given):
            items += page
            progress("resources of AWS Config", len(items), 0)
    except AWS_ERRORS as error:
        raise AwsFailed(_explained(error, aggregator)) from error

    def is_wanted(place: Place) -> bool:
        account = not accounts or ORGANIZATION in accounts or place.account in accounts
        return account and (not regions or ALL_REGIONS in regions or place.region in regions)

    return _inventory([item for item in items if is_wanted(_place(item))], rows, None, ())


def of_places(access: Access, places: Sequence[Place], rows: Sequence[SageMakerType], progress: Progress) -> Inventory:
    """Return what AWS Config has of some types in each of some places."""
    items: list[dict[str, Any]] = []
    unreachable = []
    for done, place in enumerate(places, start=1):
        try:
            config = access.client(place.account, "config", place.region)
            for page in _pages(config.select_resource_config, {"Limit": _PAGE}):
                items += page
        except AWS_ERRORS as error:
            unreachable.append(Unreachable(str(place), clients.explained(error)))
        progress("places of AWS Config", done, len(places))
    return _inventory(items, rows, places, unreachable)


def _inventory(
    items: Sequence[Mapping[str, Any]],
    rows: Sequence[SageMakerType],
    places: Sequence[Place] | None,
    unreachable: Sequence[Unreachable],
) -> Inventory:
    by_type = {kind: row for row in rows for kind in row.cloudformation}
    found = {one.arn.casefold(): one for item in items if (one := _found(item, by_type)) is not None}
    there = sorted({_place(item) for item in items}) if places is None else places
    return Inventory(
        found=tuple(found.values()),
        places=tuple(there),
        unreachable=tuple(sorted(unreachable)),
        not_judged=tuple(sorted(_unseen(rows, {str(item.get("resourceType")) for item in items}))),
        notes=NOTES,
        read=1 if places is None else len(places) - len(unreachable),
    )


def _place(item: Mapping[str, Any]) -> Place:
    return Place(str(item.get("accountId")), str(item.get("awsRegion")))


def _pages(call: Callable[..., Any], given: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    token: dict[str, str] = {}
    while True:
        answer = call(Expression=QUERY, **given, **token)
        yield [json.loads(row) for row in answer.get("Results", [])]
        if not answer.get("NextToken") or token.get("NextToken") == answer["NextToken"]:
            return
        token = {"NextToken": answer["NextToken"]}


def _found(item: Mapping[str, Any], by_type: Mapping[str, SageMakerType]) -> Found | None:
    row = by_type.get(str(item.get("resourceType")))
    arn = item.get("arn")
    if row is None or not isinstance(arn, str):
        return None
    created = str(item.get("resourceCreationTime") or "")
    return Found(
        type=row.name,
        place=_place(item),
        name=str(item.get("resourceName") or item.get("resourceId") or arn.rpartition("/")[2]),
        arn=arn,
        created=f"{created[:19]}Z" if len(created) >= 19 else None,
        tags={str(tag["key"]): str(tag.get("value") or "") for tag in item.get("tags") or [] if "key" in tag},
    )


def _unseen(rows: Sequence[SageMakerType], seen: set[str]) -> Iterator[Unreachable]:
    """Say which types AWS Config has no word for; a type that it did answer with counts, whatever the list says."""
    known = recorded_types() | seen
    for row in rows:
        if not row.cloudformation:
            yield Unreachable(row.name, "AWS Config cannot record it: it has no CloudFormation type")
        elif not set(row.cloudformation) & known:
            yield Unreachable(row.name, "AWS Config does not record it, by botocore's list of its types")


def _explained(error: Exception, aggregator: str) -> str:
    said = clients.explained(error)
    if clients.code(error) == "NoSuchConfigurationAggregatorException":
        return (
            f"{said}; there is no aggregator {aggregator} in this account and region: "
            "`aws configservice describe-configuration-aggregators` lists those there are"
        )
    return said
