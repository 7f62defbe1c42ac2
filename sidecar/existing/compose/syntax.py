"""Texts of a Compose file → ports, sizes, arguments; None where unreadable."""

from __future__ import annotations

import math
import re
import shlex

PORT_RANGE_LIMIT = 100
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{0,9})?|\.\d{1,9})\s*([bkmgtp]?)i?b?", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}


def port_range(text: str) -> range | None:
    """Return the ports of "8000" or "8000-8003", at most 100."""
    match = _PORT.fullmatch(text.strip())
    if not match:
        return None
    first = int(match[1])
    last = int(match[2] or first)
    right = 0 < first <= last < 65536 and last - first < PORT_RANGE_LIMIT
    return range(first, last + 1) if right else None


def short_port(text: str) -> tuple[str, str, str, str]:
    """Return (host address, host ports, container ports, protocol) of Compose's short syntax."""
    address, _, protocol = text.strip().partition("/")
    *before, target = address.rsplit(":", 2)
    published = before.pop() if before else ""
    return (before[0] if before else "").strip("[]"), published, target, protocol or "tcp"


def mebibytes(text: str) -> int | None:
    """Return a size such as 256m, 1g or 268435456 in whole MiB, rounded up."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        return None
    return math.ceil(float(match[1]) * _UNITS[match[2].lower()] / 2**20) or None


def words(text: str) -> tuple[str, ...] | None:
    """Return a command line split as a shell does; None where a quote does not close."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return None
