"""Spans of ASGI requests, from their start to the last part of their response."""

# ruff: noqa: ANN401 - ASGI's objects have many types

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from sidecar_tracing.instrumentation import spans

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class AsgiMiddleware:
    """Gives each HTTP request of an application one span: `app = AsgiMiddleware(app)`."""

    def __init__(self, app: Callable[..., Awaitable[Any]], component: str = "asgi") -> None:
        self._app, self._component = app, component

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request; websockets and the lifespan have no span."""
        if scope["type"] != "http" or spans.MARK in scope:
            await self._app(scope, receive, send)
            return
        span = spans.server_span(_headers(scope), *_about(scope, self._component))
        scope[spans.MARK] = span
        root = scope.get("root_path", "")
        response = _Response(span, send)
        try:
            with spans.active(span, ends=False):
                await self._app(scope, receive, response.send)
        finally:
            name_by_route(span, scope, root)
            span.finish(response.ended_at)


def trace_class(owner: Any, component: Callable[[Any], str]) -> None:
    """Trace every application of a class. The signature stays: servers look at it."""
    method = owner.__call__

    @functools.wraps(method)
    async def answer(self: Any, scope: Any, receive: Any, send: Any) -> None:
        app = AsgiMiddleware(functools.partial(method, self), component(self))
        await app(scope, receive, send)

    owner.__call__ = answer


class _Response:
    """Notes the status, and the time at which the last part was sent.

    An application goes on after it with what it does in the background.
    """

    def __init__(self, span: Any, send: Any) -> None:
        self._span, self._send = span, send
        self.ended_at: float | None = None

    async def send(self, message: Any) -> None:
        """Pass a message on to the server."""
        if message["type"] == "http.response.start":
            spans.set_status(self._span, int(message["status"]))
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.ended_at = time.time()


def name_by_route(span: Any, scope: Any, root: str) -> None:
    """Name a span after the route that the framework left in the scope, if it did.

    An application that is mounted in another one added its place to the root.
    """
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        mounted = str(scope.get("root_path", "")).removeprefix(root)
        span.set_operation_name(f"{scope.get('method', 'GET')} {mounted}{path}")


def _headers(scope: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in scope.get("headers") or ():
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def _about(scope: Any, component: str) -> tuple[str, dict[str, Any]]:
    """Return a request's method and the tags of its span."""
    named = [value for name, value in scope.get("headers") or () if name.lower() == b"host"]
    server = scope.get("server") or ("", None)
    host = named[0].decode("latin-1") if named else ":".join(str(part) for part in server if part)
    query = (scope.get("query_string") or b"").decode("latin-1")
    url = spans.safe_url_of(scope.get("scheme", "http"), host, scope.get("path", ""), query)
    tags = {"component": component, "http.url": url}
    return str(scope.get("method", "GET")), tags
