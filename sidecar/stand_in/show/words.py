"""Numbers and times as the pages write them."""

from __future__ import annotations

import time
from datetime import datetime, timezone


def duration_text(microseconds: int) -> str:
    """Return a duration with a fitting unit: 850 µs, 12.3 ms, 4.56 s."""
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1_000_000:.2f} s"


def time_text(microseconds: int) -> str:
    """Return a time (µs since the epoch) in UTC, or the number if no calendar has it."""
    moment = _moment(microseconds)
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else f"{microseconds} µs"


def iso_text(microseconds: int) -> str:
    """Return a time (µs since the epoch) as HTML's `datetime` wants it; "" if it cannot be."""
    moment = _moment(microseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def ago_text(seconds: float) -> str:
    """Return how long ago a time (s since the epoch) was, in a whole number of one unit."""
    passed = max(0, int(time.time() - seconds))
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if passed >= length:
            return f"{passed // length} {unit} ago"
    return f"{passed} s ago" if passed else "now"


def _moment(microseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(microseconds / 1e6, tz=timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
