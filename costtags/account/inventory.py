"""What is asked of AWS to find what exists of SageMaker, and what the answers mean: all but the calls themselves."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from costtags.account.places import Place, Unreachable
from costtags.catalog import SageMakerType, sagemaker_types

PAGE = 100
"""The most that a page of a List call, or of GetResources, holds."""

RECENT_ONLY = frozenset(
    {
        *(row.name for row in sagemaker_types() if row.name.endswith("-job") or row.name == "job"),
        *("action", "artifact", "context", "experiment", "experiment-trial", "experiment-trial-component"),
        "training-session",
    }
)
"""Jobs, and what they and SageMaker's SDK leave behind unasked: without end, so that only the recent ones count."""

DOMAIN = "domain"

# Why an item is left out.
FOREIGN = "of another account, such as SageMaker's public hub"
OVER = "listed still, though deleted or failed"
# "you cannot supply a tag argument": botocore's model, CreateModelPackage
VERSION = "of a group, whose tags count: a version takes none of its own"

# https://github.com/aws/amazon-sagemaker-feedback/issues/108
_OVER = {"app": frozenset({"Deleted", "Deleting", "Failed"})}
_OVER_ELSE = frozenset({"Deleted", "DeleteCompleted"})
_AFTER = ("CreationTimeAfter", "CreatedAfter")
_CREATED = ("CreationTime", "CreateDate")


@dataclass(frozen=True, slots=True)
class Listing:
    """One list to read: a type in a place, with the inputs that it is called for one by one."""

    row: SageMakerType
    place: Place
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What it is called in a journal."""
        inputs = "".join(f" {name}={value}" for name, value in sorted(self.inputs.items()))
        return f"list {self.place} {self.row.name}{inputs}"


@dataclass(frozen=True, slots=True)
class Item:
    """What a list says of a resource: ``fields`` are those that later calls need."""

    row: SageMakerType
    place: Place
    name: str
    arn: str | None
    created: str | None
    fields: Mapping[str, str]

    @property
    def key(self) -> str:
        """What it is called in a journal: SageMaker writes an ARN in more than one case."""
        named = self.arn.casefold() if self.arn else " ".join(f"{k}={v}" for k, v in sorted(self.fields.items()))
        return f"{self.place} {self.row.name} {named}"


@dataclass(frozen=True, slots=True)
class Found:
    """A resource that exists, with its tags; ``propagation`` is what a domain says of handing its tags on."""

    type: str
    place: Place
    name: str
    arn: str
    created: str | None
    tags: Mapping[str, str]
    propagation: str | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that was found, and all that was not."""

    found: tuple[Found, ...]
    places: tuple[Place, ...]
    unreachable: tuple[Unreachable, ...] = ()
    not_judged: tuple[Unreachable, ...] = ()
    notes: tuple[str, ...] = ()
    gone: int = 0
    read: int = 0
    """How many lists could be read."""


# ---- which lists


def asked(rows: Iterable[SageMakerType], since: datetime | None) -> list[SageMakerType]:
    """Return the types to list: those of ``rows`` that can be, and those in whose items others are listed."""
    by_name = {row.name: row for row in sagemaker_types()}
    names = {row.name for row in rows if row.list_call and (since is not None or row.name not in RECENT_ONLY)}
    parents = {parent for name in names for parent in _parents(by_name[name])}
    return [by_name[name] for name in sorted(names | parents)]


def listings(rows: Iterable[SageMakerType], places: Iterable[Place]) -> list[Listing]:
    """Return the lists that need nothing from others; those by the values of an enumeration have no inputs yet."""
    rows = [row for row in rows if not _parents(row)]
    return [Listing(row, place) for place in places for row in rows]


def nested(rows: Iterable[SageMakerType], items: Sequence[Item]) -> list[Listing]:
    """Return the lists that are read once for each item of another one."""
    made = []
    for row in rows:
        for parent in _parents(row):
            names = [name for name, source in _each(row).items() if source == parent]
            for item in items:
                if item.row.name == parent and all(name in item.fields for name in names):
                    made.append(Listing(row, item.place, {name: item.fields[name] for name in names}))
    return made


def _each(row: SageMakerType) -> Mapping[str, str]:
    return row.list_call.each if row.list_call else {}


def _parents(row: SageMakerType) -> list[str]:
    return sorted({source for source in _each(row).values() if source != "enum"})


def parent_of(row: SageMakerType) -> str | None:
    """Return the type in whose items this one is listed."""
    return next(iter(_parents(row)), None)


def requests(listing: Listing, members: Mapping[str, Any], since: datetime | None) -> list[dict[str, Any]]:
    """Return the inputs of the calls that read a list; ``members`` are the call's inputs in botocore's model."""
    call = listing.row.list_call
    assert call is not None  # it would not be asked
    base: dict[str, Any] = {**call.inputs, **listing.inputs}
    if "MaxResults" in members:
        base["MaxResults"] = min(PAGE, members["MaxResults"].metadata.get("max", PAGE))
    if since is not None and listing.row.name in RECENT_ONLY:
        base |= {name: since for name in _AFTER if name in members}
    enums = [name for name, source in call.each.items() if source == "enum"]
    values = [members[name].metadata["enum"] for name in enums]
    return [{**base, **dict(zip(enums, some, strict=True))} for some in itertools.product(*values)]


# ---- what an item says


def row_of(listing: Listing, request: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a journal keeps of a listed item."""
    call = listing.row.list_call
    assert call is not None
    created = next((item[name] for name in _CREATED if isinstance(item.get(name), datetime)), None)
    known = {**{name: request[name] for name in call.each}, **item}
    fields = {name: str(known[name]) for name in sorted(_needed(listing.row)) if known.get(name)}
    arn = item.get(call.arn) if call.arn else None
    name = item.get(call.name) if call.name else None
    row: dict[str, Any] = {
        "name": str(name or str(arn).rpartition("/")[2]),
        "arn": arn,
        "created": None if created is None else created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "fields": fields,
    }
    why = _left_out(listing, item, arn)
    return row if why is None else {**row, "left_out": why}


def item_of(listing: Listing, row: Mapping[str, Any]) -> Item:
    """Return the item of which a journal keeps this."""
    return Item(listing.row, listing.place, row["name"], row["arn"], row["created"], row["fields"])


def is_too_old(row: SageMakerType, created: str | None, since: datetime | None) -> bool:
    """Say whether an item is beyond the time from which on its type counts."""
    if row.name not in RECENT_ONLY or created is None:
        return False
    return since is None or datetime.fromisoformat(created) < since


def _needed(row: SageMakerType) -> set[str]:
    """Return the fields of an item that describing it takes, and that the lists in it are called for."""
    described = set(row.describe_call.inputs.values()) if row.describe_call else set()
    children = (child for child in sagemaker_types() if row.name in _parents(child))
    return described | {name for child in children for name, source in _each(child).items() if source == row.name}


def _left_out(listing: Listing, item: Mapping[str, Any], arn: str | None) -> str | None:
    if arn is not None and arn.count(":") > 4 and arn.split(":")[4] != listing.place.account:
        return FOREIGN
    if listing.row.name == "model-package" and item.get("ModelPackageGroupName"):
        return VERSION
    statuses = {str(value) for name, value in item.items() if name.endswith("Status")}
    return OVER if statuses & _OVER.get(listing.row.name, _OVER_ELSE) else None


def is_over(row: SageMakerType, description: Mapping[str, Any]) -> bool:
    """Say whether a resource is described as one that is no more."""
    return str(description.get("Status")) in _OVER.get(row.name, _OVER_ELSE)


# ---- ARNs


def likely_arn(item: Item, partition: str) -> str | None:
    """Return the ARN that an item has, in any case of its letters; None where its form needs more than the list says.

    What has no ARN in its list is named by the form in the catalogue.
    """
    form = item.row.arn
    if item.arn is not None or form is None:
        return item.arn
    values = {"Partition": partition, "Region": item.place.region, "Account": item.place.account, **item.fields}
    # An app of a space stands where one of a user does; an experiment's field is Name.
    values.setdefault("UserProfileName", item.fields.get("SpaceName", ""))
    values.setdefault("InferenceExperimentName", item.name)
    head, _, path = form.rpartition(":")
    filled = [_filled(part, values) for part in (*head.split(":"), *path.split("/"))]
    if not all(filled):
        return None
    return ":".join(filled[: head.count(":") + 1]) + ":" + "/".join(filled[head.count(":") + 1 :])


def certain_arn(item: Item, partition: str) -> str | None:
    """Return the ARN of an item where no call is needed to know it.

    SageMaker writes some parts of ARNs in lower case, the type of an app among them, so that one built from a name
    with capitals may be another than SageMaker's: https://github.com/aws/amazon-sagemaker-feedback/issues/108
    """
    likely = likely_arn(item, partition)
    if item.arn is not None or likely is None:
        return item.arn
    path = likely.rpartition(":")[2]
    return likely if path == path.casefold() else None


def _filled(part: str, values: Mapping[str, str]) -> str:
    return values.get(part[2:-1], "") if part.startswith("${") and part.endswith("}") else part


def describing(item: Item) -> dict[str, str] | None:
    """Return the inputs of the call that describes an item; None where there is none, or no way to name the item."""
    call = item.row.describe_call
    if call is None:
        return None
    given = {name: item.fields[source] for name, source in call.inputs.items() if source in item.fields}
    return given or None


def at(answer: Mapping[str, Any], path: str | None) -> str | None:
    """Return the text at a dotted path of an answer."""
    value: Any = answer
    for part in (path or "").split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


# ---- counting what is left out


def counted(left_out: Mapping[tuple[str, str], int]) -> Iterator[Unreachable]:
    """Say of each type how many of its items were left out, and why."""
    for (name, why), number in sorted(left_out.items()):
        yield Unreachable(name, f"{number} {why}")
