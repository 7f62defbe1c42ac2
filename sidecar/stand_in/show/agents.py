"""The agents' own counters, read from the admin ports of the addresses that send spans."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import aiohttp

from sidecar.agent_metrics import totals
from sidecar.rules import kinds
from sidecar.stand_in.sockets import Address

if TYPE_CHECKING:
    from sidecar.stand_in.keep.senders import Sender, Senders

MAX_READ = 50
RECENT_SECONDS = 300.0
"""After that, an address that neither sends nor answers is taken for that of an earlier agent."""
_FIELDS = {
    "packets_processed": "packets",
    "packets_dropped": "dropped",
    "read_errors": "read_errors",
    "queue": "queued",
    "spans_submitted": "submitted",
    "spans_failed": "failed",
}
_FRESH_SECONDS = 1.0
_PATIENCE = 0.3
"""How long a page waits for agents; those that answer later are in the next reading."""
_TIMEOUT = aiohttp.ClientTimeout(total=2.0)
_MAX_BODY = 512 * 1024


@dataclass(frozen=True)
class AgentCounters:
    """Totals since the agent started, and the packets that wait in it now."""

    packets: int = 0
    """That were received, in its unit, as the next two."""
    dropped: int = 0
    """Its queue full."""
    read_errors: int = 0
    queued: int = 0
    submitted: int = 0
    """Spans that a gateway accepted."""
    failed: int = 0
    """Spans that the agent could not deliver."""
    unit: str = kinds.PACKETS


@dataclass(frozen=True)
class AgentView:
    """An address that sends spans, and its counters if its admin port answers."""

    address: str
    sender: Sender
    counters: AgentCounters | None


class AgentReader:
    """Reads the agents' counters when a page is shown, at most once a second."""

    def __init__(
        self, senders: Senders, port: int = kinds.AGENT.port, patience: float = _PATIENCE
    ) -> None:
        self._senders = senders
        self._ports = kinds.ports(port)
        self._patience = patience
        self._known: dict[str, AgentCounters] = {}
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def views(self) -> list[AgentView]:
        """Return the agents by address, each with its latest counters, without earlier ones."""
        senders = dict(list(self._senders.report().items())[:MAX_READ])
        if self._reading is None and time.monotonic() - self._read_at > _FRESH_SECONDS:
            self._reading = asyncio.create_task(self._read(list(senders)))
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=self._patience)
        recent = time.time() - RECENT_SECONDS
        return [
            AgentView(address, _snapshot(senders[address]), self._known.get(address))
            for address in sorted(senders)
            if address in self._known or senders[address].last > recent
        ]

    async def close(self) -> None:
        """End a reading that still runs."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _read(self, addresses: list[str]) -> None:
        try:
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
                found = await asyncio.gather(*(self._first(session, host) for host in addresses))
            read = zip(addresses, found, strict=True)
            self._known = {host: counters for host, counters in read if counters is not None}
        finally:
            self._read_at = time.monotonic()
            self._reading = None

    async def _first(self, session: aiohttp.ClientSession, host: str) -> AgentCounters | None:
        """Return the counters at the first port that has any: each kind of agent has its own."""
        for port in self._ports:
            if counters := await self._fetch(session, Address(host, port)):
                return counters
        return None

    async def _fetch(
        self, session: aiohttp.ClientSession, address: Address
    ) -> AgentCounters | None:
        try:
            url = f"http://{address}/metrics"
            async with session.get(url, allow_redirects=False) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > _MAX_BODY:
                        return None
            return parse(body.decode())
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError):
            return None


def _snapshot(sender: Sender) -> Sender:
    """Return a sender that another thread may read while batches arrive."""
    return replace(sender, services=dict(sender.services))


def parse(text: str) -> AgentCounters | None:
    """Return the counters in the text of an agent's /metrics; None if it has none of them."""
    found = {_FIELDS[name]: count for name, count in totals(text).items() if name in _FIELDS}
    return AgentCounters(**found, unit=kinds.of_text(text).unit) if found else None
