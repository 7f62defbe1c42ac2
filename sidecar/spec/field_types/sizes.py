"""Types of sizes and durations."""

from __future__ import annotations

from sidecar.spec.scalars import Integer, Number, PatternText

_UNITS = {"m": 1, "g": 1024}
LEAST_MEMORY, MOST_MEMORY = 6, 1024 * 1024
"""MiB; the least is Docker's own."""


def _memory(text: str) -> int:
    digits = text.rstrip("MGmgibIB")
    unit = text[len(digits) :][:1].lower() or "m"
    size = int(digits) * _UNITS[unit]
    if not LEAST_MEMORY <= size <= MOST_MEMORY:
        raise ValueError("is not between 6m, Docker's minimum, and 1024g")
    return size


MEMORY = PatternText(
    r"[1-9][0-9]{0,6}([mMgG][iI]?[bB]?)?",
    "a memory size",
    "Give one such as 256m or 1g; a number without a unit is MiB",
    convert=_memory,
    number=Integer(LEAST_MEMORY, MOST_MEMORY, "a memory size"),
)

QUANTITY = PatternText(
    r"[0-9]{1,12}(\.[0-9]{1,9})?(m|k|[MGTPE]|[KMGTPE]i)?",
    "a quantity",
    "Give one as Kubernetes writes it, such as 250m, 0.5 or 256Mi",
    number=Number(0, 10**9, "a quantity"),
)

_SECONDS = {"s": 1, "m": 60, "h": 3600}
LONGEST = 7 * 24 * 3600


def _duration(text: str) -> int:
    seconds = int(text[:-1]) * _SECONDS[text[-1]]
    if seconds > LONGEST:
        raise ValueError("is longer than 168h")
    return seconds


DURATION = PatternText(
    r"[1-9][0-9]{0,6}[smh]", "a duration", "Give one such as 90s, 30m or 2h", convert=_duration
)
