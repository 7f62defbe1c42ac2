"""W3C's headers: `traceparent`, `tracestate` and `baggage`."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from jaeger_client import SpanContext
from jaeger_client.constants import SAMPLED_FLAG

from sidecar_tracing.propagation.headers import TOKEN, baggage_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar_tracing.propagation.headers import Headers

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_KEY = r"[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}"
_MEMBER = re.compile(rf"(?:{_KEY})=[ -+\--<>-~]{{0,255}}[!-+\--<>-~]")
MEMBERS = 32
"""Members that a `tracestate` has at most."""


class TraceId(int):
    """A trace ID that knows the `tracestate` that came with it: both go to every child span.

    jaeger-client's contexts have no place for it, and a span's children take its ID as it is.
    """

    tracestate: str = ""


class W3c:
    """Trace Context and Baggage."""

    def write(self, context: Any, carrier: dict[Any, Any]) -> None:
        """Add the headers of a span."""
        flags = context.flags & SAMPLED_FLAG
        carrier["traceparent"] = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"
        if state := getattr(context.trace_id, "tracestate", ""):
            carrier["tracestate"] = state
        if items := [f"{key}={value}" for key, value in baggage_items(context.baggage)]:
            carrier["baggage"] = ",".join(items)

    def read(self, _: Any, headers: Headers, refuse: Callable[[], None]) -> Any:
        """Return what the headers say, or None; raises for a malformed `traceparent`.

        Malformed members of the others are left out. Baggage without a trace is not read:
        jaeger-client would sample no trace that begins with it.
        """
        header = headers.one("traceparent")
        if header is None:
            return None
        trace_id, span_id, flags = _parent(header)
        trace_id.tracestate = _state(headers.all("tracestate"), refuse)
        baggage = dict(_baggage(headers.all("baggage"), refuse))
        return SpanContext(trace_id, span_id, None, flags, baggage)


def _parent(header: str) -> tuple[TraceId, int, int]:
    found = _PARENT.fullmatch(header)
    if not found:
        raise ValueError("traceparent")
    version, trace_id, span_id, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest is not None):
        raise ValueError("traceparent")
    if not int(trace_id, 16) or not int(span_id, 16):
        raise ValueError("traceparent")
    return TraceId(trace_id, 16), int(span_id, 16), int(flags, 16) & SAMPLED_FLAG


def _members(values: list[str]) -> list[str]:
    return [member for value in values for one in value.split(",") if (member := one.strip(" \t"))]


def _state(values: list[str], refuse: Callable[[], None]) -> str:
    """Return a `tracestate` that can be passed on; one that is not valid is dropped."""
    members = _members(values)
    if len(members) > MEMBERS or not all(map(_MEMBER.fullmatch, members)):
        refuse()
        return ""
    return ",".join(members)


def _baggage(values: list[str], refuse: Callable[[], None]) -> Iterator[tuple[str, str]]:
    for member in _members(values):
        key, equals, value = member.partition(";")[0].partition("=")
        if equals and TOKEN.fullmatch(key.strip()):
            yield key.strip(), unquote(value.strip())
        else:
            refuse()
