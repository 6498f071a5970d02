"""Judged calls -> rows: by principal, action, account and region, how many would have been denied, and an example."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from costtags.account.places import Unreachable
from costtags.check import check
from costtags.effective import EffectiveTags, TagValue
from costtags.impact.decide import ALLOWED, DENIED, UNTOLD, Verdict
from costtags.impact.events import Call
from costtags.schema import Schema

_TAG_CODES = ("missing", "wrong-value", "wrong-case", "unexpected-key")


@dataclass(frozen=True)
class Example:
    """One call of a row: the last that was denied, or else could not be told."""

    event: str
    time: str
    by: tuple[str, ...]
    """The statements that deny it."""
    messages: tuple[str, ...]
    """What is wrong with its tags, in the words of the check."""


Key = tuple[str, str, str, str, str]
"""Principal, session, action, account, region."""


@dataclass
class Row:
    """The calls of one principal of one action in one account and region."""

    key: Key
    counts: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    """Calls that failed anyway: nothing is changed for them."""
    last: str = ""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Decision and why it is so: for what cannot be told, and what is allowed since no policy reaches it."""
    example: tuple[str, Call, Verdict] | None = None

    @property
    def total(self) -> int:
        """The calls that succeeded."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Report:
    """What is told in the end."""

    documents: tuple[str, ...]
    since: datetime
    until: datetime
    rows: tuple[Row, ...]
    calls: int
    """The calls that were looked at, each once."""
    unread: tuple[Unreachable, ...]
    assumptions: tuple[str, ...]
    schema: Schema | None = None

    def count(self, decision: str) -> int:
        """Return how many calls were judged so."""
        return sum(row.counts[decision] for row in self.rows)

    @property
    def failed(self) -> int:
        """How many calls failed anyway."""
        return sum(row.failed for row in self.rows)

    @property
    def principals(self) -> int:
        """How many principals would have been denied a call."""
        return len({row.key[0] for row in self.rows if row.counts[DENIED]})

    @property
    def remains(self) -> bool:
        """Whether something would be denied, cannot be told, or was not read."""
        return bool(self.count(DENIED) or self.count(UNTOLD) or self.unread)


@dataclass
class Tally:
    """Counts judged calls; a call that comes twice is counted once."""

    judged: Callable[[Call], Verdict | None]
    since: datetime | None = None
    until: datetime | None = None
    sessions: bool = False
    seen: int = 0
    """The calls that were read, also those that no policy is about, in the period or not."""
    calls: int = 0
    _first: str = ""
    _last: str = ""
    _seen: set[bytes | str] = field(default_factory=set)
    _rows: dict[Key, Row] = field(default_factory=dict)

    def add(self, call: Call) -> None:
        """Judge and count a call, if it lies in the period and some policy is about it."""
        self.seen += 1
        if (self.since and call.time < _stamp(self.since)) or (self.until and call.time >= _stamp(self.until)):
            return
        self._first = min(self._first or call.time, call.time)
        self._last = max(self._last, call.time)
        if call.id and call.id in self._seen:
            return
        verdict = self.judged(call)
        if verdict is None:
            return
        self._seen.add(call.id)
        self.calls += 1
        session = call.session if self.sessions else ""
        key = (call.principal, session, call.action, call.account, call.region)
        row = self._rows.get(key) or self._rows.setdefault(key, Row(key))
        row.last = max(row.last, call.time)
        if call.error:
            row.failed += 1
            return
        row.counts[verdict.decision] += 1
        row.reasons.update((verdict.decision, why) for why in verdict.why)
        if verdict.decision != ALLOWED:
            rank = f"{verdict.decision == DENIED:d} {call.time} {call.id}"
            if row.example is None or rank > row.example[0]:
                row.example = (rank, call, verdict)

    @property
    def first(self) -> datetime | None:
        """The time of the first call."""
        return datetime.fromisoformat(self._first) if self._first else None

    @property
    def last(self) -> datetime | None:
        """The time of the last call."""
        return datetime.fromisoformat(self._last) if self._last else None

    def rows(self) -> tuple[Row, ...]:
        """Return the rows, those with the most denied calls first."""
        return tuple(sorted(self._rows.values(), key=lambda row: (-row.counts[DENIED], -row.counts[UNTOLD], row.key)))


def _stamp(when: datetime) -> str:
    return f"{when.replace(tzinfo=None).isoformat(timespec='seconds')}Z"  # strftime pads no year before 1000


def example(row: Row, schema: Schema | None) -> Example | None:
    """Return the example of a row, with what its tags lack by tags.yaml."""
    if row.example is None:
        return None
    _, call, verdict = row.example
    return Example(call.id, call.time, verdict.by, tuple(_messages(call, schema)))


def _messages(call: Call, schema: Schema | None) -> Iterable[str]:
    if schema is None or call.untold or call.action.lower() == "deletetags":
        return []
    tags = {key: TagValue(value, "resource", known=value is not None) for key, value in call.tags}
    findings = [one for one in check(schema, EffectiveTags(tags)) if one.code in _TAG_CODES]
    if call.action.lower() == "addtags":  # may lack any tag
        findings = [one for one in findings if one.code != "missing"]
    return [one.message for one in findings]


def period_text(since: datetime, until: datetime) -> str:
    """Write how long a period is: 7 days, 5 hours."""
    hours = round((until - since).total_seconds() / 3600)
    if hours < 1:
        return "less than an hour"
    days, rest = divmod(hours, 24)
    if rest and days < 3:
        return f"{hours} hour{'s' * (hours != 1)}"
    return f"{days} day{'s' * (days != 1)}"


def names(documents: Sequence[str]) -> str:
    """Write the names of documents: a, b and c."""
    return documents[0] if len(documents) == 1 else f"{', '.join(documents[:-1])} and {documents[-1]}"
