"""Moments as engines and clusters write them, and as the kit shows them."""

from __future__ import annotations

from datetime import datetime, timezone


def seconds_of(timestamp: str) -> float:
    """Return the Unix time of an engine's or cluster's timestamp; 0 where there is none."""
    whole, _, fraction = timestamp.rstrip("Z").removesuffix("+00:00").partition(".")
    try:
        moment = datetime.fromisoformat(f"{whole}+00:00")
    except ValueError:
        return 0.0
    # an engine that never started a container says 0001-01-01
    return max(0.0, moment.timestamp() + float(f"0.{fraction or 0}"))


def iso(moment: float | None) -> str | None:
    """Return a Unix time for programs and logs; None where there is none."""
    if not moment:
        return None
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="seconds")
