"""7d, 12h, 2026-11-01 -> a point in time."""

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def point(text: str, now: datetime) -> datetime:
    """Read a time before now, or a date: 00:00 UTC of it. Raises ValueError with what is allowed."""
    if found := re.fullmatch(r"(\d{1,5})([hdw])", text.strip()):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f'"{text}" is no time: write 7d, 12h, 4w, 2026-11-01 or 2026-11-01T08:00:00Z') from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
