"""CloudTrail's event history -> calls: the last 90 days of each account and region, 50 events a request.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import ClientError

from costtags.account import clients
from costtags.account.clients import AWS_ERRORS, AwsFailed
from costtags.account.places import Access, Place, Unreachable, refused
from costtags.impact.events import SOURCE, Call, NoEvent, read

HISTORY_DAYS = 90
PAGE = 50
PACE = 0.5
"""Seconds between two requests to one account and region: AWS takes two a second."""
_MOST_NAMES = 100  # of more, nearly every event counts
_TOGETHER = 8  # accounts and regions, each of which has a rate of its own

Progress = Callable[[str], None]


class JournalProblem(Exception):
    """A journal cannot be used; the message is for the user."""


@dataclass(frozen=True)
class Question:
    """What is asked of each account and region."""

    actions: tuple[str, ...]
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Page:
    """What one request gave: the calls that count, and the time of the oldest event, "" where there are no more."""

    place: Place
    by: str
    """The action asked for; "" for all events of SageMaker."""
    calls: tuple[Call, ...]
    events: int
    oldest: str
    unread: tuple[str, ...] = ()


class Journal:
    """The pages that were read, a line each: what was begun is gone on with. Without a file, nothing is kept."""

    def __init__(self, path: Path | None, asked: Mapping[str, Any], question: Question) -> None:
        self.question = question
        self.pages: list[Page] = []
        self._file: IO[str] | None = None
        if path is None:
            return
        head = {"version": 1, "asked": dict(asked)}
        try:
            data = path.read_bytes() if path.exists() else b""
            # What follows the last line's end was cut off, when the process ended while it wrote: it is read again.
            whole = data[: data.rfind(b"\n") + 1] if data.lstrip()[:1] == b"{" else data
            lines = whole.decode().splitlines()
            if lines:
                self._resume(path, lines, head)
            self._file = path.open("a", encoding="utf-8")
            self._file.truncate(len(whole))
        except (OSError, UnicodeDecodeError) as error:
            raise JournalProblem(f"cannot use {path} as a journal: {error}") from error
        if not lines:
            period = {"since": question.since.isoformat(), "until": question.until.isoformat()}
            self._write({**head, **period})

    def _resume(self, path: Path, lines: Sequence[str], head: Mapping[str, Any]) -> None:
        try:
            first = json.loads(lines[0])
            since, until = (datetime.fromisoformat(first.pop(name)) for name in ("since", "until"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise JournalProblem(f"{path} is no journal of costtags impact: name another file") from error
        if first != head:
            raise JournalProblem(
                f"{path} is the journal of another question (--since, --until, or policies about other actions): "
                "ask the same, or name another file"
            )
        self.question = Question(self.question.actions, since, until)
        for number, line in enumerate(lines[1:], 2):
            try:
                self.pages.append(_page(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise JournalProblem(f"{path}:{number} is damaged: remove the line, its page is read again") from error

    def add(self, page: Page) -> None:
        """Keep a page."""
        if self._file is not None:
            self._write(asdict(page))

    def _write(self, entry: Mapping[str, Any]) -> None:
        assert self._file is not None
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _page(entry: Mapping[str, Any]) -> Page:
    calls = (Call(**{**call, "tags": tuple((key, value) for key, value in call["tags"])}) for call in entry["calls"])
    return Page(
        Place(**entry["place"]), entry["by"], tuple(calls), entry["events"], entry["oldest"], tuple(entry["unread"])
    )


def calls(
    access: Access,
    places: Sequence[Place],
    journal: Journal,
    unread: list[Unreachable],
    progress: Progress,
    *,
    pace: float = PACE,
) -> Iterator[Call]:
    """Yield the calls in places, each perhaps twice; what cannot be asked is added to ``unread``.

    All events of SageMaker are asked for first, newest first. Where they go on after as many pages as there are
    actions, the actions are asked for one by one: so it takes at most twice the requests of the better way.
    """
    pages: queue.Queue[Page | Unreachable | BaseException] = queue.Queue(maxsize=64)
    stop = threading.Event()
    before: dict[Place, list[Page]] = {place: [] for place in places}
    for page in journal.pages:
        if page.place in before:
            before[page.place].append(page)
            yield from page.calls
            unread += [Unreachable(f"an event of {page.place}", why) for why in page.unread]

    def put(item: Page | Unreachable | BaseException) -> None:
        while not stop.is_set():
            try:
                pages.put(item, timeout=0.2)
                return
            except queue.Full:  # whoever reads them may have gone
                pass

    def look(place: Place) -> None:
        try:
            for page in _look(access, place, journal.question, before[place], pace, stop):
                put(page)
            put(Page(place, "done", (), 0, ""))
        except (*AWS_ERRORS, AwsFailed) as error:
            what = place.account if isinstance(error, Exception) and refused(error) else str(place)
            put(Unreachable(what, str(error) if isinstance(error, AwsFailed) else clients.explained(error)))
        except BaseException as error:
            put(error)

    left, events = len(places), sum(page.events for page in journal.pages)
    pool = ThreadPoolExecutor(_TOGETHER)
    try:
        for place in places:
            pool.submit(look, place)
        while left:
            item = pages.get()
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, Unreachable):
                unread.append(item)
                left -= 1
            elif item.by == "done":
                left -= 1
            else:
                journal.add(item)
                events += item.events
                unread += [Unreachable(f"an event of {item.place}", why) for why in item.unread]
                yield from item.calls
            progress(f"{events:,} events read, {left} of {len(places)} accounts and regions to go")
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _look(
    access: Access, place: Place, question: Question, before: Sequence[Page], pace: float, stop: threading.Event
) -> Iterator[Page]:
    """Ask for the events of a place, after the pages that are there already."""
    client = access.client(place.account, "cloudtrail", place.region)
    ask = _paced(client.lookup_events, pace, stop)
    actions = frozenset(name.lower() for name in question.actions)

    def pages(by: str, until: datetime, most: int | None) -> Iterator[Page]:
        mine = [page for page in before if page.by == by]
        if mine and not mine[-1].oldest:
            return
        # Tokens do not last: what was begun is gone on with from the oldest event that was read.
        end = datetime.fromisoformat(mine[-1].oldest) if mine else until
        attribute = {"AttributeKey": "EventName", "AttributeValue": by}
        if not by:
            attribute = {"AttributeKey": "EventSource", "AttributeValue": SOURCE}
        token: dict[str, str] = {}
        asked_until = end
        number = len(mine)
        while not stop.is_set() and (most is None or number < most):
            try:
                answer = ask(
                    LookupAttributes=[attribute],
                    StartTime=question.since,
                    EndTime=asked_until,
                    MaxResults=PAGE,
                    **token,
                )
            except ClientError as error:
                if not token or clients.code(error) != "InvalidNextTokenException":
                    raise
                token, asked_until = {}, end  # it has expired: from the oldest event on
                continue
            page = _read(place, by, answer, actions, end)
            yield page
            number += 1
            if not page.oldest:
                return
            token, end = {"NextToken": answer["NextToken"]}, datetime.fromisoformat(page.oldest)

    many = len(question.actions) > _MOST_NAMES
    most = None if many else max(len(question.actions), 1)
    everything = [page for page in before if not page.by]
    for page in pages("", question.until, most):
        everything.append(page)
        yield page
    if not everything or not (oldest := everything[-1].oldest):
        return
    for action in question.actions:
        yield from pages(action, datetime.fromisoformat(oldest), None)


def _read(place: Place, by: str, answer: Mapping[str, Any], actions: frozenset[str], end: datetime) -> Page:
    found: list[Call] = []
    wrong: list[str] = []
    events = answer.get("Events", [])
    for event in events:
        if str(event.get("EventName", "")).lower() not in actions:
            continue
        try:
            call = read(json.loads(event.get("CloudTrailEvent") or "null"))
        except (NoEvent, ValueError, RecursionError) as error:
            wrong.append(f"{event.get('EventId')}: {error}")
            continue
        if call is not None:
            found.append(call)
    more = bool(answer.get("NextToken"))
    times = [event["EventTime"] for event in events if "EventTime" in event]
    # A page may be empty and yet not the last.
    oldest = min(times, default=end).astimezone(UTC).isoformat()
    return Page(place, by, tuple(found), len(events), oldest if more else "", tuple(wrong))


def _paced(call: Callable[..., Any], pace: float, stop: threading.Event) -> Callable[..., Any]:
    """Return a call that waits its turn: never two within the pace."""
    next_at = 0.0

    def paced(**arguments: Any) -> Any:
        nonlocal next_at
        stop.wait(max(next_at - time.monotonic(), 0))
        next_at = time.monotonic() + pace
        return call(**arguments)

    return paced
