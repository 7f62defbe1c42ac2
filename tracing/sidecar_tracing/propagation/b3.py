"""Zipkin's headers: `b3` alone, or the `X-B3-…` ones; baggage as `baggage-…`.

Both are read whatever is written. A caller that leaves the decision open gets the one of this
service's sampler.
"""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jaeger_client import SpanContext
from jaeger_client.constants import DEBUG_FLAG, SAMPLED_FLAG

from sidecar_tracing.propagation.headers import baggage_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar_tracing.propagation.headers import Headers

_TRACE_ID, _ID = re.compile(r"[0-9a-fA-F]{1,32}"), re.compile(r"[0-9a-fA-F]{1,16}")
_STATES: dict[str, int | None] = {
    "": None,
    "0": 0,
    "false": 0,
    "1": SAMPLED_FLAG,
    "true": SAMPLED_FLAG,
    "d": SAMPLED_FLAG | DEBUG_FLAG,
}
_BAGGAGE = "baggage-"


class B3:
    """B3 in several headers, or in one."""

    def __init__(self, *, is_single: bool, is_long: bool) -> None:
        self._write = self._write_one if is_single else self._write_several
        self._digits = 32 if is_long else 16

    def write(self, context: Any, carrier: dict[Any, Any]) -> None:
        """Add the headers of a span."""
        trace_id = f"{context.trace_id:x}"
        trace_id = trace_id.zfill(self._digits if len(trace_id) <= self._digits else 32)
        self._write(context, trace_id, carrier)
        for key, value in baggage_items(context.baggage):
            carrier[f"{_BAGGAGE}{key}"] = value

    def _write_several(self, context: Any, trace_id: str, carrier: dict[Any, Any]) -> None:
        carrier["X-B3-TraceId"] = trace_id
        carrier["X-B3-SpanId"] = f"{context.span_id:016x}"
        if context.parent_id:
            carrier["X-B3-ParentSpanId"] = f"{context.parent_id:016x}"
        if context.flags & DEBUG_FLAG:
            carrier["X-B3-Flags"] = "1"
        else:
            carrier["X-B3-Sampled"] = str(context.flags & SAMPLED_FLAG)

    @staticmethod
    def _write_one(context: Any, trace_id: str, carrier: dict[Any, Any]) -> None:
        state = "d" if context.flags & DEBUG_FLAG else str(context.flags & SAMPLED_FLAG)
        parent = f"-{context.parent_id:016x}" if context.parent_id else ""
        carrier["b3"] = f"{trace_id}-{context.span_id:016x}-{state}{parent}"

    def read(self, _: Any, headers: Headers, __: Callable[[], None]) -> Any:
        """Return what the headers say, or None; raises for malformed ones.

        The flags are None if the caller leaves the decision open.
        """
        parts = _one(headers.one("b3")) or _several(headers)
        if parts is None:
            return None
        trace_id, span_id, parent_id, flags = parts
        baggage = {key: unquote(value) for key, value in headers.starting_with(_BAGGAGE)}
        return SpanContext(
            _number(_TRACE_ID, trace_id),
            _number(_ID, span_id),
            _number(_ID, parent_id) if parent_id else None,
            flags,
            baggage,
        )


def _one(header: str | None) -> tuple[str, str, str, int | None] | None:
    """Return the parts of `b3: TRACE-SPAN[-STATE[-PARENT]]`; a state alone names no trace."""
    if not header or header.lower() in _STATES:
        return None
    trace_id, span_id, *rest = header.split("-")
    state, parent_id = [*rest, "", ""][:2]
    if len(rest) > 2:
        raise ValueError("b3")
    return trace_id, span_id, parent_id, _STATES[state.lower()]


def _several(headers: Headers) -> tuple[str, str, str, int | None] | None:
    trace_id, span_id = headers.one("x-b3-traceid"), headers.one("x-b3-spanid")
    if trace_id is None and span_id is None:
        return None
    parent_id = headers.one("x-b3-parentspanid") or ""
    flags = _STATES.get((headers.one("x-b3-sampled") or "").lower())
    if headers.one("x-b3-flags") == "1":
        flags = SAMPLED_FLAG | DEBUG_FLAG
    return trace_id or "", span_id or "", parent_id, flags


def _number(pattern: re.Pattern[str], digits: str) -> int:
    number = int(digits, 16) if pattern.fullmatch(digits) else 0
    if not number:
        raise ValueError("b3")
    return number
