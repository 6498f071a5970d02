"""Cost allocation tags: what the bill knows of each key of tags.yaml, what to activate, what a backfill would do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from costtags.schema import Schema

# What SageMaker itself puts on what Studio launches:
# https://docs.aws.amazon.com/whitepapers/latest/sagemaker-studio-admin-best-practices/cost-attribution.html
SAGEMAKER_KEYS = ("sagemaker:domain-arn", "sagemaker:space-arn", "sagemaker:user-profile-arn")
MAX_MONTHS_BACK = 12

NOT_SEEN = "not-seen"
INACTIVE = "inactive"
ACTIVE = "active"


@dataclass(frozen=True)
class BilledKey:
    """A key as the payer's bill knows it; the times are as AWS writes them."""

    key: str
    active: bool
    since: str | None
    """When it was last activated or deactivated."""
    last_used: str | None
    """The last month in which a resource carried it."""

    @property
    def state(self) -> str:
        """``active`` or ``inactive``."""
        return ACTIVE if self.active else INACTIVE

    @property
    def last_month(self) -> str | None:
        """The last month of use: 2026-10."""
        return self.last_used[:7] if self.last_used else None


@dataclass(frozen=True)
class KeyState:
    """A key that should be active, what it is, and what was done about it."""

    key: str
    required: bool
    sagemaker: bool
    """SageMaker itself sets it, and tags.yaml does not name it."""
    wanted: bool
    """To be activated; SageMaker's own only where asked for."""
    state: str
    since: str | None
    last_used: str | None
    activated: bool = False
    error: str | None = None

    @property
    def remains(self) -> bool:
        """Whether work is left: one that need not be there may stay unseen, since nothing that costs carries it."""
        return self.wanted and (self.state == INACTIVE or (self.state == NOT_SEEN and self.required))


@dataclass(frozen=True)
class Misspelt:
    """A key of the bill that means one of tags.yaml."""

    billed: BilledKey
    means: str


@dataclass(frozen=True)
class PastBackfill:
    """A backfill that was requested: from which day, when, how it stands."""

    start: str
    requested_at: str | None
    status: str | None


@dataclass(frozen=True)
class Backfill:
    """A backfill to be requested, or requested, or refused."""

    start: date
    past: tuple[PastBackfill, ...]
    """The earlier requests, the latest first."""
    removed: tuple[BilledKey, ...]
    """Keys that it probably takes out of the history."""
    refusal: str | None
    requested: PastBackfill | None = None

    @property
    def last(self) -> PastBackfill | None:
        """The latest of the earlier requests."""
        return self.past[0] if self.past else None


@dataclass(frozen=True)
class Activation:
    """All that the command has to tell."""

    schema: str
    account: str | None
    applied: bool
    keys: tuple[KeyState, ...]
    misspelt: tuple[Misspelt, ...]
    active_keys: int
    """How many keys of the payer are active, of whatever name: AWS has a quota."""

    @property
    def to_activate(self) -> list[str]:
        """The keys that AWS can activate now; of one that the bill has not seen it says "Tag keys not found"."""
        return [key.key for key in self.keys if key.wanted and key.state == INACTIVE]

    @property
    def remains(self) -> bool:
        """Whether there is work left: a key to activate or to wait for."""
        return any(key.remains for key in self.keys)


def activation(
    schema: Schema, shown: str, account: str | None, billed: Sequence[BilledKey], sagemaker: bool | None
) -> Activation:
    """Compare tags.yaml with what the bill knows.

    ``shown`` is how to name tags.yaml; ``sagemaker`` is whether SageMaker's own keys are wanted, and None shows them
    only.
    """
    known = {key.key: key for key in billed}
    keys = [_state(tag.key, known.get(tag.key), required=tag.required) for tag in schema.tags.values()]
    if sagemaker is not False:
        own = [_state(key, known.get(key), required=False) for key in SAGEMAKER_KEYS]
        keys += [replace(key, sagemaker=True, wanted=sagemaker is True) for key in own]
    means = [(key, schema.meant_key(key.key)) for key in billed]
    misspelt = [Misspelt(key, right) for key, right in means if right is not None]
    return Activation(
        schema=shown,
        account=account,
        applied=False,
        keys=tuple(sorted(keys, key=lambda key: (key.sagemaker, key.key))),
        misspelt=tuple(sorted(misspelt, key=lambda wrong: (wrong.means, wrong.billed.key))),
        active_keys=sum(key.active for key in billed),
    )


def _state(key: str, billed: BilledKey | None, *, required: bool) -> KeyState:
    return KeyState(
        key=key,
        required=required,
        sagemaker=False,
        wanted=True,
        state=billed.state if billed else NOT_SEEN,
        since=billed.since if billed else None,
        last_used=billed.last_month if billed else None,
    )


def applied(before: Activation, outcomes: Mapping[str, str | None]) -> Activation:
    """Return the activation after what AWS said of each key: None, or why it refused it.

    A key without an outcome was not reached, since AWS took no more.
    """
    wanted = set(before.to_activate)
    keys = tuple(_after(key, outcomes) if key.key in wanted else key for key in before.keys)
    return replace(before, applied=True, keys=keys, active_keys=before.active_keys + sum(key.activated for key in keys))


def _after(key: KeyState, outcomes: Mapping[str, str | None]) -> KeyState:
    error = outcomes.get(key.key, "not tried, or no answer: run it again, activating twice does no harm")
    if error is not None:
        return replace(key, error=error)
    return replace(key, state=ACTIVE, since=None, activated=True)


def quota(activation: Activation) -> str:
    """Say how many keys may be active, and how many are."""
    return (
        f"{activation.active_keys} keys are active in this account; AWS allows 500 unless Service Quotas raised it "
        "(L-FE0E51D7)"
    )


def backfill_start(text: str, today: date) -> date:
    """Turn YYYY-MM or YYYY-MM-01 into the day that a backfill starts on. Raises ValueError with the reason."""
    match = re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?", text, re.ASCII)
    try:
        start = date(int(match[1]), int(match[2]), int(match[3] or 1)) if match else None
    except ValueError:
        start = None
    if start is None:
        raise ValueError(f'"{text}" is no month; write one like {today:%Y-%m}')
    if start.day != 1:
        raise ValueError(f"a backfill starts on the first of a month: {start:%Y-%m}, not {start}")
    if start > today:
        raise ValueError(f"{start:%Y-%m} lies in the future")
    if _months(today) - _months(start) > MAX_MONTHS_BACK:
        earliest = date(today.year - 1, today.month, 1)
        raise ValueError(f"AWS backfills at most {MAX_MONTHS_BACK} months: {earliest:%Y-%m} is the earliest now")
    return start


def _months(day: date) -> int:
    return day.year * 12 + day.month


def backfill(
    state: Activation, start: date, billed: Sequence[BilledKey], past: Sequence[PastBackfill], now: datetime
) -> Backfill:
    """Return what a backfill from a day would do and what speaks against requesting it now.

    Before --apply the keys that it would activate count as active already.
    """
    active = {key.key for key in state.keys if key.state == ACTIVE}
    coming = active if state.applied else active | set(state.to_activate)
    removed = tuple(
        key
        for key in sorted(billed, key=lambda key: key.key)
        if not key.active
        and key.key not in coming
        # What can be lost was active in these months, so it was switched off since then; without a date it never was.
        and (key.since or "")[:10] >= str(start)
        and (key.last_month is None or key.last_month >= f"{start:%Y-%m}")
    )
    left = [key.key for key in state.keys if key.wanted and key.state == INACTIVE and key.key not in coming]
    return Backfill(start, tuple(past), removed, _refusal(left, bool(coming), past[0] if past else None, now))


def _refusal(left: Sequence[str], useful: bool, last: PastBackfill | None, now: datetime) -> str | None:
    if left:
        return f"still inactive: {', '.join(left)}; a backfill would take them out of these months"
    if not useful:
        return "none of these keys is active: there is nothing to bring into these months"
    if last is not None and last.status == "PROCESSING":
        return "AWS is still processing the last one"
    requested = moment(last.requested_at) if last is not None and last.status != "FAILED" else None
    if requested is not None and now - requested < timedelta(hours=24):
        again = requested + timedelta(hours=24)
        return f"AWS takes one request in 24 hours; the next after {again:%Y-%m-%d %H:%M} UTC"
    return None


def moment(text: str | None) -> datetime | None:
    """Turn a time as AWS writes it into UTC; None where there is none."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
