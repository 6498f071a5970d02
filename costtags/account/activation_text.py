"""An activation -> text for a terminal, and JSON, a stable contract."""

import json
from collections.abc import Iterator
from typing import Any

from costtags.account.activation import (
    ACTIVE,
    INACTIVE,
    NOT_SEEN,
    Activation,
    Backfill,
    KeyState,
    PastBackfill,
    moment,
    quota,
)
from costtags.gate.formats.as_text import printable

MAX_SHOWN = 20


def as_text(activation: Activation) -> str:
    """Write the state of every key, what it means, what to do, and whether work remains; without the backfill."""
    return _text(_lines(activation))


def rules_text(backfill: Backfill) -> str:
    """Write what a backfill does, before it is requested."""
    return _text(_rules(backfill))


def as_json(activation: Activation, backfill: Backfill | None) -> str:
    """Write an activation as JSON: the same bytes for the same state."""
    document = {
        "version": 1,
        "account": activation.account,
        "schema": activation.schema,
        "keys": [_key(key) for key in activation.keys],
        "misspelt": [
            {"key": wrong.billed.key, "means": wrong.means, "state": wrong.billed.state}
            for wrong in activation.misspelt
        ],
        "backfill": _backfill(backfill) if backfill else None,
    }
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    # Safe on a terminal too, as the preview's JSON.
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _key(key: KeyState) -> dict[str, Any]:
    return {
        "key": key.key,
        "required": key.required,
        "type": "aws" if key.sagemaker else "user",
        "state": key.state,
        "since": key.since,
        "last_used": key.last_used,
        "activated": key.activated,
        "error": key.error,
    }


def _backfill(backfill: Backfill) -> dict[str, Any]:
    return {
        "from": str(backfill.start),
        "requested": backfill.requested is not None,
        "request": _past(backfill.requested),
        "refused": backfill.refusal,
        "last": _past(backfill.last),
        "removed": [key.key for key in backfill.removed],
    }


def _past(past: PastBackfill | None) -> dict[str, Any] | None:
    if past is None:
        return None
    return {"from": past.start, "requested_at": past.requested_at, "status": past.status}


def _text(lines: Iterator[str]) -> str:
    return "\n".join(printable(line) for line in lines) + "\n"


def _lines(activation: Activation) -> Iterator[str]:
    yield f"Cost allocation tags of account {activation.account or '(unknown)'}, for the keys of {activation.schema}"
    yield ""
    width = max((len(printable(key.key)) for key in activation.keys), default=0)
    for key in activation.keys:
        yield f"{printable(key.key):<{width}}  {_kind(key):<9}  {_state(key)}"
    for block in (_failed(activation), _misspelt(activation), _advice(activation)):
        lines = list(block)
        if lines:
            yield ""
            yield from lines
    yield ""
    yield _verdict(activation)


def _kind(key: KeyState) -> str:
    return "SageMaker" if key.sagemaker else "required" if key.required else "optional"


def _state(key: KeyState) -> str:
    used = f", last used {key.last_used}" if key.last_used else ""
    if key.state == NOT_SEEN:
        return "not seen yet"
    if key.state == INACTIVE:
        return f"inactive{used}"
    if key.activated:
        return f"activated now{used}"
    return f"active{f' since {key.since[:10]}' if key.since else ''}{used}"


def _failed(activation: Activation) -> Iterator[str]:
    failed = [key for key in activation.keys if key.error is not None]
    if failed:
        yield "Not activated:"
        yield from (f"    {key.key}: {key.error}" for key in failed)
    if any("limit" in str(key.error).lower() for key in failed):
        yield f"    {quota(activation)}"


def _misspelt(activation: Activation) -> Iterator[str]:
    if activation.misspelt:
        yield "Spending stands under other spellings too; they are left as they are:"
    for wrong in activation.misspelt:
        used = f", last used {wrong.billed.last_month}" if wrong.billed.last_month else ""
        yield f"    {wrong.billed.key}: means {wrong.means}; {wrong.billed.state}{used}"


def _advice(activation: Activation) -> Iterator[str]:
    wanted = [key for key in activation.keys if key.wanted]
    if activation.applied:
        if any(key.activated for key in wanted):
            yield "Activated: costs carry these keys within 24 hours, from now on; --backfill-from adds past months."
        elif not any(key.error for key in wanted):
            yield "Nothing changed: none of these keys is inactive."
    elif activation.to_activate:
        yield "Inactive: no cost report shows these keys. Activate them: costtags activate --apply"
    if any(key.state == NOT_SEEN for key in wanted):
        yield "Not seen yet: AWS learns a key from the bill. Put the tag on a resource that costs something, wait up to"
        yield "24 hours, and run this again."


def _verdict(activation: Activation) -> str:
    wanted = [key for key in activation.keys if key.wanted]
    states = ((INACTIVE, "inactive"), (NOT_SEEN, "not seen yet"))
    others = [f", {n} {words}" for state, words in states if (n := sum(key.state == state for key in wanted))]
    active = sum(key.state == ACTIVE for key in wanted)
    verdict = "Work remains" if activation.remains else "Done"
    return f"{verdict}: {active} of {len(wanted)} key{'' if len(wanted) == 1 else 's'} active{''.join(others)}."


def _rules(backfill: Backfill) -> Iterator[str]:
    month = f"{backfill.start:%Y-%m}"
    yield f"A backfill from {month} gives every month since then the state that each key has now:"
    yield "    - of all keys of the account, also those that tags.yaml does not name;"
    yield "    - an active key appears in these months, on costs of resources that carried the tag then;"
    yield "    - an inactive key is taken out of these months, also where it was active then;"
    yield "    - AWS takes the first of a month, at most 12 months back, one request in 24 hours, one at a time."
    if backfill.last is None:
        yield "Last request: none so far."
    else:
        last = backfill.last
        yield f"Last request: from {last.start[:7]}, requested {_minute(last.requested_at)}, {last.status}."
    if backfill.removed:
        yield f"Probably taken out: keys that were used and switched off since {month}:"
        yield from (f"    {key.key}: inactive since {(key.since or '')[:10]}" for key in backfill.removed[:MAX_SHOWN])
        if len(backfill.removed) > MAX_SHOWN:
            yield f"    and {len(backfill.removed) - MAX_SHOWN} more; --format json lists all"
        yield "    To keep one, activate it first; later, activate it and request another backfill."


def _minute(text: str | None) -> str:
    time = moment(text)
    return f"on {time:%Y-%m-%d at %H:%M} UTC" if time else "at an unknown time"


def result_text(backfill: Backfill, *, applied: bool) -> str:
    """Write what became of a backfill."""
    if backfill.refusal is not None:
        return _text(iter([f"Backfill not requested: {backfill.refusal}."]))
    if backfill.requested is None:
        how = f"costtags activate --apply --backfill-from {backfill.start:%Y-%m}"
        return f"Backfill not requested{'.' if applied else f'; to request it: {how}'}\n"
    lines = [
        f"Backfill requested: {backfill.requested.status}. Reports follow within 24 hours after it has succeeded;",
        f"`costtags activate --backfill-from {backfill.start:%Y-%m}` shows how it stands.",
    ]
    return _text(iter(lines))
