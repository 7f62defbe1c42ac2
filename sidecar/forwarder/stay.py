"""How long a forwarder stays once it was told to end.

When a whole release ends, its collectors are drained through the forwarder, which is told to end at
the same moment. It stays while collectors are connected, unless another forwarder answers in its
place: then collectors connect to that one as soon as this one ends.

Its place is the address that its name had when it started. A release that is installed again at
once has the same name at another address. The collectors that end would still connect to the old
one, where maybe a proxy answers, and drop what they hold.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

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


@dataclass(frozen=True)
class Place:
    """The address that collectors are connected to, and its name."""

    url: str
    name: str

    async def is_taken(self) -> bool:
        """Tell whether another forwarder answers."""
        limit = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, headers={"Host": self.name}) as session,
                session.get(self.url, allow_redirects=False) as answer,
            ):
                found = json.loads(await answer.text())
        except (aiohttp.ClientError, OSError, ValueError, asyncio.TimeoutError):
            return False
        return isinstance(found, dict) and found.get("instance", INSTANCE) != INSTANCE


async def place(settings: Stay) -> Place | None:
    """Return where the one that takes over would answer, once its name has an address."""
    parts = urlsplit(settings.successor)
    if not parts.hostname:
        return None
    address = await _address(parts.hostname)
    host = f"[{address}]" if ":" in address else address
    return Place(parts._replace(netloc=f"{host}:{parts.port}").geturl(), parts.netloc)


async def _address(host: str) -> str:
    while True:
        with suppress(OSError):
            found = await asyncio.get_running_loop().getaddrinfo(host, None)
            return str(found[0][4][0])
        await asyncio.sleep(_POLL_SECONDS)


async def stay(seconds: float, port: int, own: Place | None) -> None:
    """Return once another forwarder answers, no collector is connected, or time is over."""
    deadline = time.monotonic() + seconds
    quiet_since = time.monotonic()
    while (now := time.monotonic()) < deadline:
        if own and await own.is_taken():
            return
        if connected(port):
            quiet_since = now
        elif now - quiet_since >= _QUIET_SECONDS:
            return
        await asyncio.sleep(min(_POLL_SECONDS, deadline - now))
    if seconds and (left := connected(port)):
        LOGGER.warning("stops while %d collectors are connected: what they hold waits", left)


def connected(port: int) -> int:
    """Return how many connections to a port of this host are open."""
    found: list[Any] = psutil.net_connections("tcp")
    here = [each.laddr for each in found if each.status == psutil.CONN_ESTABLISHED]
    return sum(bool(address) and address.port == port for address in here)
