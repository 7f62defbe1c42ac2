"""How long a forwarder stays once it was told to end.

When a whole release ends, its collectors are drained through the forwarder, which is told to end at
the same moment. It stays while collectors are connected, unless another forwarder answers in its
place: then collectors connect to that one as soon as this one ends.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
import psutil

from sidecar.forwarder.counters import LOGGER

INSTANCE = socket.gethostname()
"""What tells a forwarder from the one that takes its place."""
_POLL_SECONDS = 1.0
_QUIET_SECONDS = 5.0
"""So long without a collector, before the last one is thought to have ended."""


@dataclass(frozen=True)
class Stay:
    """How long to stay, and where the one that takes over would answer."""

    seconds: float = 0.0
    successor: str = ""
    """The URL of its state, under the name that both have."""


async def stay(settings: Stay, port: int) -> None:
    """Return once another forwarder answers, no collector is connected, or time is over."""
    deadline = time.monotonic() + settings.seconds
    quiet_since = time.monotonic()
    while (now := time.monotonic()) < deadline:
        if settings.successor and await _is_replaced(settings.successor):
            return
        if connected(port):
            quiet_since = now
        elif now - quiet_since >= _QUIET_SECONDS:
            return
        await asyncio.sleep(min(_POLL_SECONDS, deadline - now))
    if settings.seconds and (left := connected(port)):
        LOGGER.warning("stops while %d collectors are connected: what they hold waits", left)


def connected(port: int) -> int:
    """Return how many connections to a port of this host are open."""
    found: list[Any] = psutil.net_connections("tcp")
    here = [each.laddr for each in found if each.status == psutil.CONN_ESTABLISHED]
    return sum(bool(address) and address.port == port for address in here)


async def _is_replaced(url: str) -> bool:
    limit = aiohttp.ClientTimeout(total=2)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            found = json.loads(await answer.text())
    except (aiohttp.ClientError, OSError, ValueError, asyncio.TimeoutError):
        return False
    return isinstance(found, dict) and found.get("instance", INSTANCE) != INSTANCE
