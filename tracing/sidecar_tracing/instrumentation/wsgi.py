"""Spans of WSGI requests, from their start to the end of the response's body."""

# ruff: noqa: ANN401 - WSGI's objects have many types

from __future__ import annotations

import functools
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sidecar_tracing.instrumentation import spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


_FILE = "wsgi.file_wrapper"


class WsgiMiddleware:
    """Gives each request of an application one span: `app = WsgiMiddleware(app)`."""

    def __init__(self, app: Callable[..., Iterable[bytes]], component: str = "wsgi") -> None:
        self._app, self._component = app, component

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer a request."""
        if spans.MARK in environ:
            return self._app(environ, start_response)
        span = spans.server_span(_headers(environ), *_about(environ, self._component))
        environ[spans.MARK] = span

        def start(status: str, *args: Any, **kwargs: Any) -> Any:
            with suppress(ValueError):
                spans.set_status(span, int(status[:3]))
            return start_response(status, *args, **kwargs)

        try:
            with spans.active(span, ends=False):
                body = self._app(environ, start)
        except BaseException:
            span.finish()
            raise
        if isinstance(body, (list, tuple)) or hasattr(body, "read") or _is_file(environ, body):
            span.finish()  # nothing is left to do, or the server sends a file in its own way
            return body
        return _Body(body, span)


def trace_class(owner: Any, component: str) -> None:
    """Trace every application of a class. The signature stays: servers look at it."""
    method = owner.__call__

    @functools.wraps(method)
    def answer(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        app = WsgiMiddleware(functools.partial(method, self), component)
        return app(environ, start_response)

    owner.__call__ = answer


class _Body:
    """A response whose parts are made while it is sent."""

    def __init__(self, body: Iterable[bytes], span: Any) -> None:
        self._body, self._parts, self._span = body, iter(body), span
        self._is_over = False

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        scope = self._span.tracer.scope_manager.activate(self._span, False)
        try:
            return next(self._parts)
        except StopIteration:
            self._end()
            raise
        except BaseException as error:
            spans.record(self._span, error)
            self._end()
            raise
        finally:
            scope.close()

    def close(self) -> None:
        """Close the response, as servers do at its end, also when the client has left."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._end()

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._span.finish()


def _is_file(environ: dict[str, Any], body: object) -> bool:
    with suppress(TypeError):  # uWSGI's wrapper is a function
        return isinstance(body, environ[_FILE]) if _FILE in environ else False
    return False


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    }


def _about(environ: dict[str, Any], component: str) -> tuple[str, dict[str, Any]]:
    """Return a request's method and the tags of its span."""
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    scheme, query = environ.get("wsgi.url_scheme", "http"), environ.get("QUERY_STRING", "")
    url = spans.safe_url_of(scheme, host, path, query)
    tags = {"component": component, "http.url": url}
    return str(environ.get("REQUEST_METHOD", "GET")), tags
