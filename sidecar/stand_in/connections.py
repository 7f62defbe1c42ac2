"""HTTP connections, bounded in number and time: idle or half-sent requests block no others."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    import socket

    from sidecar.stand_in.events import Events

MAX_CONNECTIONS = 100
IDLE_SECONDS = 75.0
"""For a request's head, since the connection or last answer; longer than scrapers pause."""
_LINGER_SECONDS = 1.0
_AT_ONCE = 32
"""Accepted before the first of them is counted."""
_QUEUE = 1024
"""Waiting in the kernel."""
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class HttpListener:
    """Serves an application on one socket; above `most` connections the oldest ones are closed."""

    def __init__(
        self,
        app: web.Application,
        events: Events,
        grace: float,
        most: int = MAX_CONNECTIONS,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._events = events
        self._most = most
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=grace,
            keepalive_timeout=idle,
            lingering_time=_LINGER_SECONDS,
        )
        self._server: asyncio.AbstractServer | None = None

    async def start(self, listener: socket.socket) -> None:
        """Answer from now on, in the running loop."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=listener, backlog=_AT_ONCE)
        # asyncio's backlog sets both; a queue as short would refuse a burst of clients for a second
        listener.listen(_QUEUE)

    async def stop(self) -> None:
        """Close the port, and connections within the grace (seconds)."""
        if self._server:
            self._server.close()
        await self._runner.cleanup()

    def _protocol(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None:
            raise RuntimeError("not started")
        known = server.connections
        surplus = known[: max(0, len(known) - self._most + 1)]
        for oldest in surplus:
            if oldest.transport is not None:
                oldest.transport.abort()
        if surplus:
            self._events.note("closed, too many at once (HTTP connections)", len(surplus))
        return server()


def log_quietly(loop: asyncio.AbstractEventLoop, events: Events) -> None:
    """Count connections that the loop cannot accept: asyncio logs each attempt, every second."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _EXHAUSTED:
            events.note("not accepted, out of open files or memory (HTTP connections)")
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
