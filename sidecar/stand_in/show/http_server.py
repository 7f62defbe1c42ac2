"""The HTTP side: the application, and a listener that bounds its connections.

Idle or half-sent requests do not block other clients.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from sidecar.stand_in.show.api import Api, failure
from sidecar.stand_in.show.metrics import Exposition
from sidecar.stand_in.show.pages import Pages

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler

    from sidecar.stand_in.event_log import EventLog
    from sidecar.stand_in.state import State

MAX_CONNECTIONS = 100
IDLE_SECONDS = 75.0
"""Until a request's head is complete, from the connection or the last answer on.

That is longer than the interval of scrapers.
"""
_LINGER_SECONDS = 1.0
_AT_ONCE = 32
"""Connections that are accepted before the first of them is counted."""
_QUEUE = 1024
"""Connections that wait in the kernel."""
_MAX_BODY = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def build_app(state: State, more: Sequence[web.RouteDef] = ()) -> web.Application:
    """Return the application: security headers, and errors in Jaeger's envelope.

    `more` are routes that show nothing, but take spans.
    """
    app = web.Application(client_max_size=_MAX_BODY, middlewares=[_envelope_errors])
    exposition = Exposition(state)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=exposition.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    own = [web.get("/healthz", _health), web.get("/metrics", metrics)]
    pages = Pages(state)
    app.add_routes([*own, *Api(state).routes(), *pages.routes(), *more])
    app.cleanup_ctx.append(pages.lifetime)
    app.on_response_prepare.append(_add_headers)
    return app


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers.popall("Server", None)


@web.middleware
async def _envelope_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return failure(error.status, error.reason)


class HttpListener:
    """Serves an application on one socket; above `most` connections it closes the oldest."""

    def __init__(
        self,
        app: web.Application,
        events: EventLog,
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
        """Start to answer, in the running loop."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, sock=listener, backlog=_AT_ONCE)
        # asyncio's backlog sets both; with such a short queue a burst of clients waits a second
        listener.listen(_QUEUE)

    async def stop(self) -> None:
        """Close the port, and within the grace (seconds) the connections."""
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
            self._events.note("HTTP connections closed, too many open", len(surplus))
        return server()
