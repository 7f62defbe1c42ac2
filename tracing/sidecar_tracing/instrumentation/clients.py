"""HTTP clients: requests, httpx and aiohttp pass the trace on, and each request is a span."""

# ruff: noqa: ANN401 - only what is installed has types

from __future__ import annotations

from typing import Any

from sidecar_tracing.instrumentation import spans


def patch_requests(adapters: Any) -> None:
    """Trace what requests.adapters sends: a redirect is a request of its own."""
    spans.wrap(adapters.HTTPAdapter, "send", _send)


def patch_httpx(httpx: Any) -> None:
    """Trace httpx's own transports."""
    spans.wrap(httpx.HTTPTransport, "handle_request", _handle)
    spans.wrap(httpx.AsyncHTTPTransport, "handle_async_request", _handle_async)


def patch_aiohttp(aiohttp: Any) -> None:
    """Trace every aiohttp.ClientSession, by aiohttp's own hooks."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_begin)
    trace.on_request_end.append(_end)
    trace.on_request_exception.append(_break)
    trace.freeze()

    def with_trace(method: Any, *args: Any, trace_configs: Any = None, **kwargs: Any) -> Any:
        return method(*args, trace_configs=[*(trace_configs or ()), trace], **kwargs)

    spans.wrap(aiohttp.ClientSession, "__init__", with_trace)


def _send(method: Any, self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
    span = spans.client_span("requests", str(request.method), str(request.url))
    request.headers.update(spans.headers_of(span))
    with spans.active(span, ends=True):
        response = method(self, request, *args, **kwargs)
        spans.set_status(span, response.status_code)
        return response


def _handle(method: Any, self: Any, request: Any) -> Any:
    span = spans.client_span("httpx", request.method, str(request.url))
    request.headers.update(spans.headers_of(span))
    with spans.active(span, ends=True):
        response = method(self, request)
        spans.set_status(span, response.status_code)
        return response


async def _handle_async(method: Any, self: Any, request: Any) -> Any:
    span = spans.client_span("httpx", request.method, str(request.url))
    request.headers.update(spans.headers_of(span))
    with spans.active(span, ends=True):
        response = await method(self, request)
        spans.set_status(span, response.status_code)
        return response


async def _begin(_: Any, context: Any, params: Any) -> None:
    context.sidecar_span = spans.client_span("aiohttp", params.method, str(params.url))
    params.headers.update(spans.headers_of(context.sidecar_span))


async def _end(_: Any, context: Any, params: Any) -> None:
    spans.set_status(context.sidecar_span, params.response.status)
    context.sidecar_span.finish()


async def _break(_: Any, context: Any, params: Any) -> None:
    spans.record(context.sidecar_span, params.exception)
    context.sidecar_span.finish()
