"""What all instrumentation shares: the tracer, names and tags by OpenTracing's conventions."""

# ruff: noqa: ANN401 - opentracing and the libraries publish no types, so their objects are Any here

from __future__ import annotations

import functools
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import opentracing
from opentracing.propagation import Format

from sidecar_tracing import switch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "sidecar_tracing.span"
"""The key of a request's span in its WSGI environment or ASGI scope: there is one span only."""
_noted: ContextVar[tuple[int, int]] = ContextVar("sidecar_tracing_noted", default=(0, 0))
"""The last span and exception: an exception itself stays as it is, for it may be pickled."""
_ERROR_STATUS = 500


def tracer() -> Any:
    """Return the global tracer; under `sidecar-trace` the first use makes it."""
    switch.start()
    return opentracing.global_tracer()


def server_span(headers: dict[str, str], method: str, tags: dict[str, Any]) -> Any:
    """Start the span of a request, as a child of the caller's span if the headers name one."""
    used = tracer()
    parent = None
    with suppress(Exception):  # a tracer of another kind may raise
        parent = used.extract(Format.HTTP_HEADERS, headers)
    kind = {"span.kind": "server", "http.method": method}
    return used.start_span(
        f"HTTP {method}", child_of=parent, tags={**kind, **tags}, ignore_active_span=True
    )


def client_span(component: str, method: str, url: str) -> Any:
    """Start the span of a request that this service makes."""
    tags = {
        "span.kind": "client",
        "component": component,
        "http.method": method,
        "http.url": safe_url(url),
        "peer.hostname": _host(url),
    }
    return tracer().start_span(f"HTTP {method}", tags=tags)


def headers_of(span: Any) -> dict[str, str]:
    """Return the headers that tell the next service about a span; none if that fails."""
    carrier: dict[str, str] = {}
    with suppress(Exception):
        span.tracer.inject(span.context, Format.HTTP_HEADERS, carrier)
    return carrier


def set_status(span: Any, status: int) -> None:
    """Note a response's status; 5xx is an error."""
    span.set_tag("http.status_code", status)
    if status >= _ERROR_STATUS:
        span.set_tag("error", True)


def record(span: Any, error: BaseException) -> None:
    """Note an exception that ends the work, once in each span that it passes."""
    noted = (id(span), id(error))
    if _noted.get() == noted:
        return
    _noted.set(noted)
    with suppress(Exception):  # str() of the service's exceptions
        span.set_tag("error", True)
        kind, stack = type(error).__name__, error.__traceback__
        span.log_kv({"event": "error", "error.kind": kind, "message": str(error), "stack": stack})


@contextmanager
def active(span: Any, *, ends: bool) -> Iterator[Any]:
    """Make a span active for a block, record what the block raises, and end the span if asked."""
    scope = span.tracer.scope_manager.activate(span, False)
    try:
        yield span
    except Exception as error:
        record(span, error)
        raise
    finally:
        scope.close()
        if ends:
            span.finish()


def safe_url(url: str) -> str:
    """Return a URL without user, password and fragment, and with `*` for each value of its query.

    Values may be tokens; a path is kept as it is.
    """
    with suppress(ValueError):
        parts = urlsplit(str(url))
        return safe_url_of(parts.scheme, parts.netloc, parts.path, parts.query)
    return ""


def safe_url_of(scheme: str, host: str, path: str, query: str) -> str:
    """Return the same for the parts of a URL."""
    url = f"{scheme}://{host.rpartition('@')[2]}{path}"
    if not query:
        return url
    pieces = [piece.partition("=") for piece in query.split("&") if piece]
    return f"{url}?{'&'.join(f'{name}=*' if has else '*' for name, has, _ in pieces)}"


def _host(url: str) -> str:
    with suppress(ValueError):
        return urlsplit(url).hostname or ""
    return ""


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace a method by `around(method, self, …)`."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return around(method, *args, **kwargs)

    setattr(owner, name, wrapped)
