"""The HTTP side, assembled: API, metrics, health, pages, and the headers of every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from sidecar.stand_in.api import Api, failure
from sidecar.stand_in.metrics import Exposition
from sidecar.stand_in.pages import Pages

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from sidecar.stand_in.state import State

_MAX_BODY = 64 * 1024
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def build_app(state: State) -> web.Application:
    """Return the application: answers with security headers, errors in Jaeger's envelope."""
    app = web.Application(client_max_size=_MAX_BODY, middlewares=[_envelope_errors])
    exposition = Exposition(state)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=exposition.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    own = [web.get("/healthz", _health), web.get("/metrics", metrics)]
    app.add_routes([*own, *Api(state).routes(), *Pages(state).routes()])
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
