"""Writes -> calls to AWS, in batches: each resource is read again right before, and the journal has it first.

The tagging API takes twenty resources a call where all get the same; it answers 200 also when it fails for some of
them, and does not take every type: those are tagged one by one by SageMaker itself.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed
from costtags.account.failures import is_missing
from costtags.account.places import Access
from costtags.repair.facts import parse_arn
from costtags.repair.journal import DONE, NOT_DONE, Journal, Write
from costtags.repair.resource import Read, read_each

Became = Literal["written", "already", "changed", "gone", "failed"]
MOST_ARNS = 20
"""As many as TagResources and UntagResources take (botocore's model)."""
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds to wait before a write is tried again: AWS throttles, or did not answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a write, and why where it was not done."""

    write: Write
    became: Became
    why: str = ""


@dataclass(frozen=True, slots=True)
class Writer:
    """What writing needs. ``writing`` makes clients that do not repeat calls by themselves: a call whose answer was
    lost may have been done, so the resource is read before it is made again."""

    access: Access
    writing: Callable[[str, str, str], Any]
    """(account, service, region) -> client."""
    journal: Journal
    progress: Callable[[int], None]
    """Told how many writes are behind."""

    def perform(self, writes: Iterable[Write]) -> list[Outcome]:
        """Make writes, batch by batch, in a fixed order."""
        outcomes: list[Outcome] = []
        for batch in batches(writes):
            outcomes += self._batch(batch)
            self.progress(len(outcomes))
        return outcomes

    def _batch(self, batch: Sequence[Write]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        ready: list[tuple[Write, Mapping[str, str]]] = []
        by_arn = {write.arn: write for write in batch}
        for arn, read in read_each(self.access, list(by_arn)):
            write = by_arn[arn]
            judged = judged_now(write, read)
            if judged is not None:
                outcomes.append(judged)
            else:
                ready.append((write, read.tags or {}))
        if not ready:
            return outcomes
        self.journal.intend(ready)
        sender = _Sender(self, [write for write, _ in ready])
        made = sender.send()
        # A write whose answer was lost may still arrive: it stays open, and the next run looks it up.
        self.journal.conclude(
            (one.write.arn, one.write.verb, DONE if one.became == "written" else NOT_DONE, one.why)
            for one in made
            if one.became == "written" or one.write.arn not in sender.lost
        )
        return outcomes + made


def batches(writes: Iterable[Write]) -> Iterator[list[Write]]:
    """Yield writes that one call can make: one place, one verb, the same tags, at most twenty resources."""
    groups: dict[tuple[Any, ...], list[Write]] = {}
    for write in writes:
        place = parse_arn(write.arn)
        assert place is not None  # by the plan's reader
        tags = sorted((key, value or "") for key, value in write.after.items())
        groups.setdefault((place.account, place.region, write.verb, tuple(tags)), []).append(write)
    for key in sorted(groups):
        listed = sorted(groups[key], key=lambda write: write.arn)
        for start in range(0, len(listed), MOST_ARNS):
            yield listed[start : start + MOST_ARNS]


def judged_now(write: Write, read: Read) -> Outcome | None:
    """Return what a fresh look at a resource makes of a write; None where it is still to be made."""
    if read.gone:
        return Outcome(write, "gone", "the resource is gone")
    if read.tags is None:
        return Outcome(write, "failed", read.why)
    if is_so(read.tags, write.after):
        return Outcome(write, "already")
    if not is_so(read.tags, write.before):
        return Outcome(write, "changed", differences(write.before, read.tags))
    return None


def is_so(tags: Mapping[str, str], wanted: Mapping[str, str | None]) -> bool:
    """Say whether a resource has, or lacks, every key as wanted."""
    return all(tags.get(key) == value for key, value in wanted.items())


def differences(expected: Mapping[str, str | None], tags: Mapping[str, str]) -> str:
    """Say how the present tags differ from those expected, for the keys expected."""
    wrong = sorted(key for key, value in expected.items() if tags.get(key) != value)
    return "; ".join(f"{key} was {_shown(expected[key])}, is {_shown(tags.get(key))}" for key in wrong)


def _shown(value: str | None) -> str:
    return "absent" if value is None else f'"{value}"'


class _Sender:
    """Sends one batch until every write of it is made or has failed for good."""

    def __init__(self, writer: Writer, batch: Sequence[Write]) -> None:
        place = parse_arn(batch[0].arn)
        assert place is not None
        self._writer = writer
        self._account, self._region = place.account, place.region
        self._left = {write.arn: write for write in batch}
        self._made: list[Outcome] = []
        self.lost: set[str] = set()
        """Those of which an answer was lost, and no reading showed the tags: that call may have been done."""

    def send(self) -> list[Outcome]:
        """Return what became of each write."""
        why = ""
        for pause in (0.0, *PAUSES):
            time.sleep(pause)
            try:
                why = self._together()
            except AwsFailed as error:
                why = str(error)
                break
            if not self._left:
                break
        self._settle(self._left, "failed", why)
        return self._made

    def _together(self) -> str:
        """Send all that is left in one call; return why some of it is still left."""
        try:
            client = self._writer.writing(self._account, "resourcegroupstaggingapi", self._region)
            first = next(iter(self._left.values()))
            if first.verb == "tag":
                answer = client.tag_resources(ResourceARNList=sorted(self._left), Tags=dict(first.after))
            else:
                answer = client.untag_resources(ResourceARNList=sorted(self._left), TagKeys=sorted(first.after))
        except AWS_ERRORS as error:
            if not clients.code(error):
                self._look(self._left)
                return clients.explained(error)
            return clients.explained(error) if again(error) else self._one_by_one(list(self._left))
        failed: Mapping[str, Mapping[str, Any]] = answer.get("FailedResourcesMap") or {}
        self._settle([arn for arn in self._left if arn not in failed], "written")
        passing = [arn for arn in self._left if failed[arn].get("ErrorCode") == "InternalServiceException"]
        others = [arn for arn in self._left if arn not in passing]
        why = self._one_by_one(others) if others else ""
        return str(failed[passing[0]].get("ErrorMessage") or "InternalServiceException") if passing else why

    def _one_by_one(self, arns: Sequence[str]) -> str:
        """Ask SageMaker itself, which takes types that the tagging API does not, and says why it refuses."""
        client = self._writer.writing(self._account, "sagemaker", self._region)
        why = ""
        for arn in sorted(arns):
            write = self._left[arn]
            try:
                if write.verb == "tag":
                    tags = [{"Key": key, "Value": value} for key, value in sorted(write.after.items())]
                    client.add_tags(ResourceArn=arn, Tags=tags)
                else:
                    client.delete_tags(ResourceArn=arn, TagKeys=sorted(write.after))
                self._settle([arn], "written")
            except AWS_ERRORS as error:
                why = clients.explained(error)
                if not clients.code(error):
                    self._look([arn])
                elif is_missing(error):
                    self._settle([arn], "gone", "the resource is gone")
                elif not again(error):
                    self._settle([arn], "failed", why)
        return why

    def _look(self, arns: Iterable[str]) -> None:
        """Find out what became of calls whose answer was lost."""
        for arn, read in read_each(self._writer.access, sorted(arns)):
            if read.tags is not None and is_so(read.tags, self._left[arn].after):
                self._settle([arn], "written")
            else:
                self.lost.add(arn)

    def _settle(self, arns: Iterable[str], became: Became, why: str = "") -> None:
        for arn in sorted(arns):
            self._made.append(Outcome(self._left.pop(arn), became, why))


_AGAIN = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServiceException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "ConflictException",
        "ConcurrentModificationException",
        "ResourceInUse",
    }
)


def again(error: Exception) -> bool:
    """Say whether a call may succeed a little later."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if hasattr(error, "response") else 0
    return clients.code(error) in _AGAIN or int(status or 0) >= 500


def resolve(access: Access, journal: Journal) -> list[Outcome]:
    """Find out what became of the writes that a killed run left without a result; restarts are looked up elsewhere."""
    open_ = [one for one in journal.in_flight() if one.write.verb != "restart"]
    if not open_:
        return []
    found: list[Outcome] = []
    results: list[tuple[str, Any, str, str]] = []
    for (arn, read), one in zip(read_each(access, [one.write.arn for one in open_]), open_, strict=True):
        if read.tags is None and not read.gone:
            found.append(Outcome(one.write, "failed", read.why))
            continue
        done = read.tags is not None and is_so(read.tags, one.write.after)
        found.append(Outcome(one.write, "written" if done else "failed"))
        results.append((arn, one.write.verb, DONE if done else NOT_DONE, "looked up after an interruption"))
    journal.conclude(results)
    return found
