"""Celery: a span for each task that is sent, and one for each that runs."""

# ruff: noqa: ANN401 - only what is installed has types

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from opentracing.propagation import Format

from sidecar_tracing.instrumentation import spans

_sending: ContextVar[Any] = ContextVar("sidecar_tracing_sending", default=None)
_running: dict[str, Any] = {}
"""The scopes of running tasks by their ID."""


def patch(signals: Any) -> None:
    """Connect to celery.signals."""
    signals.before_task_publish.connect(_send, weak=False)
    signals.after_task_publish.connect(_sent, weak=False)
    signals.task_prerun.connect(_run, weak=False)
    signals.task_failure.connect(_fail, weak=False)
    signals.task_retry.connect(_retry, weak=False)
    signals.task_postrun.connect(_ran, weak=False)


def _send(sender: Any = None, headers: Any = None, routing_key: Any = None, **_: Any) -> None:
    _sent()  # one that could not be sent has no other end
    tags = {
        "span.kind": "producer",
        "component": "celery",
        "message_bus.destination": str(routing_key or ""),
        "celery.task_id": str((headers or {}).get("id", "")),
    }
    span = spans.tracer().start_span(f"send {sender}", tags=tags)
    _sending.set(span)
    if isinstance(headers, dict):
        headers.update(spans.headers_of(span))


def _sent(**_: Any) -> None:
    span = _sending.get()
    if span is not None:
        _sending.set(None)
        span.finish()


def _run(task_id: str, task: Any, **_: Any) -> None:
    tracer = spans.tracer()
    headers = {key: value for key, value in vars(task.request).items() if isinstance(value, str)}
    headers |= {
        key: value
        for key, value in (getattr(task.request, "headers", None) or {}).items()
        if isinstance(value, str)
    }
    tags = {"span.kind": "consumer", "component": "celery", "celery.task_id": task_id}
    _running[task_id] = tracer.start_active_span(
        f"run {task.name}",
        child_of=tracer.extract(Format.TEXT_MAP, headers),
        tags=tags,
        finish_on_close=True,
    )


def _fail(task_id: str, exception: BaseException, **_: Any) -> None:
    if task_id in _running:
        spans.record(_running[task_id].span, exception)


def _retry(request: Any, reason: Any, **_: Any) -> None:
    if request.id in _running:
        span = _running[request.id].span
        span.log_kv({"event": "retry", "message": str(reason)})


def _ran(task_id: str, state: Any = None, **_: Any) -> None:
    scope = _running.pop(task_id, None)
    if scope is not None:
        scope.span.set_tag("celery.state", str(state))
        scope.close()
