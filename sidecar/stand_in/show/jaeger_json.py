"""Traces in the JSON format of Jaeger's query API, which Jaeger's UI and Grafana read."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sidecar.stand_in.show.model import Log, Process, Reference, Span, Tag, Trace

_SAFE_INTEGER = 2**53 - 1
"""The largest integer that JavaScript reads exactly; Jaeger sends larger ones as strings."""


def envelope(
    data: object, total: int = 0, errors: Sequence[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the object that wraps every answer of the API."""
    return {"data": data, "total": total, "limit": 0, "offset": 0, "errors": errors or None}


def error_envelope(code: int, message: str) -> dict[str, Any]:
    """Return the answer for an error."""
    return envelope(None, errors=[{"code": code, "msg": message}])


def trace_json(trace: Trace) -> dict[str, Any]:
    """Return one trace; equal processes share one ID (p1, p2, …)."""
    names: dict[Process, str] = {}
    for span in trace.spans:
        names.setdefault(span.process, f"p{len(names) + 1}")
    return {
        "traceID": trace.trace_id,
        "spans": [_span(span, names[span.process]) for span in trace.spans],
        "processes": {
            name: {"serviceName": process.service, "tags": _tags(process.tags)}
            for process, name in names.items()
        },
        "warnings": None,
    }


def _span(span: Span, process: str) -> dict[str, Any]:
    return {
        "traceID": span.trace_id,
        "spanID": span.span_id,
        "flags": span.flags,
        "operationName": span.operation,
        "references": [_reference(reference) for reference in span.references],
        "startTime": span.start,
        "duration": span.duration,
        "tags": _tags(span.tags),
        "logs": [_log(log) for log in span.logs],
        "processID": process,
        "warnings": list(span.warnings) or None,
    }


def _reference(reference: Reference) -> dict[str, str]:
    return {
        "refType": reference.type,
        "traceID": reference.trace_id,
        "spanID": reference.span_id,
    }


def _log(log: Log) -> dict[str, Any]:
    return {"timestamp": log.timestamp, "fields": _tags(log.fields)}


def _tags(tags: Iterable[Tag]) -> list[dict[str, Any]]:
    return [{"key": tag.key, "type": tag.type, "value": _value(tag)} for tag in tags]


def _value(tag: Tag) -> object:
    value = tag.value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    unsafe = tag.type == "int64" and isinstance(value, int) and abs(value) > _SAFE_INTEGER
    # JSON has neither NaN nor infinity
    unsafe = unsafe or (isinstance(value, float) and not abs(value) < float("inf"))
    return str(value) if unsafe else value
