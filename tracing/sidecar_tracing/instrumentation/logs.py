"""Trace IDs in the service's log."""

from __future__ import annotations

import logging
import os

import opentracing

SWITCH = "SIDECAR_TRACING_LOGS"
"""Environment variable: `off` leaves the log alone; `attributes` changes no text."""
_KEYS = ("trace_id", "span_id")


class TraceIdFilter(logging.Filter):
    """Gives each record `trace_id` and `span_id`, for `%(trace_id)s` in a format; else empty."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the IDs; every record passes."""
        _mark(record)
        return True


def show_trace_ids() -> None:
    """Add the IDs to each record, and to the text of those whose format does not show them."""
    wanted = os.environ.get(SWITCH, "").strip().lower()
    if wanted == "off":
        return
    handle = logging.Logger.handle

    def marking(self: logging.Logger, record: logging.LogRecord) -> None:
        _mark(record)
        handle(self, record)

    # not by a factory of records: a service may pass a trace_id of its own as `extra`
    logging.Logger.handle = marking  # type: ignore[method-assign]
    if wanted != "attributes":
        _show_in_text()


def _show_in_text() -> None:
    plain = logging.Formatter.formatMessage

    def with_ids(self: logging.Formatter, record: logging.LogRecord) -> str:
        text = plain(self, record)
        trace_id = getattr(record, "trace_id", "")
        if not trace_id or trace_id in text or text.startswith("{"):
            return text  # a structured log has its own fields
        return f"{text} trace_id={trace_id} span_id={getattr(record, 'span_id', '')}"

    logging.Formatter.formatMessage = with_ids  # type: ignore[method-assign]


def _mark(record: logging.LogRecord) -> None:
    if getattr(record, "trace_id", ""):
        return
    for key, value in zip(_KEYS, _ids(), strict=True):
        setattr(record, key, value)


def _ids() -> tuple[str, str]:
    try:
        context = opentracing.global_tracer().active_span.context
        digits = 16 if context.trace_id < 1 << 64 else 32
        ids = f"{context.trace_id:0{digits}x}", f"{context.span_id:016x}"
    except Exception:  # noqa: BLE001 - no span, or one of another library
        return "", ""
    return ids
