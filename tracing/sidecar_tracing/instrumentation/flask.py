"""Flask: one span per request, named after the route."""

# ruff: noqa: ANN401 - only what is installed has types

from __future__ import annotations

from typing import Any

from sidecar_tracing.instrumentation import spans, wsgi


def patch(flask: Any) -> None:
    """Trace every Flask application."""
    wsgi.trace_class(flask.Flask, "flask")
    flask.request_started.connect(_name, weak=False)
    flask.got_request_exception.connect(_record, weak=False)
    _State.request = flask.request


class _State:
    request: Any = None


def _name(*_: Any, **__: Any) -> None:
    request = _State.request
    span, rule = request.environ.get(spans.MARK), request.url_rule
    if span is not None and rule is not None:
        span.set_operation_name(f"{request.method} {rule.rule}")


def _record(*_: Any, exception: BaseException, **__: Any) -> None:
    span = _State.request.environ.get(spans.MARK)
    if span is not None:
        spans.record(span, exception)
