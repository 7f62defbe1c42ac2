"""Django, WSGI and ASGI: one span per request, named after the route."""

# ruff: noqa: ANN401 - only what is installed has types

from __future__ import annotations

import sys
from typing import Any

from sidecar_tracing.instrumentation import asgi, spans, wsgi


def patch(handlers: Any) -> None:
    """Name the spans of what django.core.handlers.base serves."""
    spans.wrap(handlers.BaseHandler, "resolve_request", _resolve)


def patch_signals(signals: Any) -> None:
    """Note the exceptions that django.core.signals tells of."""
    signals.got_request_exception.connect(_record, weak=False)


def patch_wsgi(handlers: Any) -> None:
    """Trace django.core.handlers.wsgi."""
    wsgi.trace_class(handlers.WSGIHandler, "django")


def patch_asgi(handlers: Any) -> None:
    """Trace django.core.handlers.asgi."""
    asgi.trace_class(handlers.ASGIHandler, lambda _: "django")


def _resolve(method: Any, self: Any, request: Any) -> Any:
    match = method(self, request)
    span = _span(request)
    if span is not None and getattr(match, "route", None) is not None:
        span.set_operation_name(f"{request.method} /{match.route}")
    return match


def _record(*_: Any, request: Any = None, **__: Any) -> None:
    span, error = _span(request), sys.exc_info()[1]
    if span is not None and error is not None:
        spans.record(span, error)


def _span(request: Any) -> Any:
    about = getattr(request, "scope", None) or getattr(request, "META", None) or {}
    return about.get(spans.MARK)
