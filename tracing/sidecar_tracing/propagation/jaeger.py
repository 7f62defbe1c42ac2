"""Jaeger's own headers, `uber-trace-id` and `uberctx-…`, by jaeger-client's codec."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaeger_client import SpanContext
from jaeger_client.codecs import TextCodec

from sidecar_tracing.propagation.headers import baggage_items

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar_tracing.propagation.headers import Headers


class Text(TextCodec):  # type: ignore[misc] # jaeger-client publishes no types
    """jaeger-client's codec, but baggage that no HTTP header can have is left out.

    A stranger may name a key `a:`, and a client of HTTP refuses the request that has it.
    """

    def inject(self, span_context: Any, carrier: Any) -> None:
        """Add the headers of a span."""
        baggage = span_context.baggage if self.url_encoding else None
        if not baggage:
            super().inject(span_context, carrier)
            return
        ids = span_context.trace_id, span_context.span_id, span_context.parent_id
        super().inject(SpanContext(*ids, span_context.flags), carrier)
        for key, value in baggage_items(baggage):
            carrier[f"{self.baggage_prefix}{key}"] = value


class Jaeger:
    """What jaeger-client writes and reads."""

    def __init__(self, *, is_http: bool, names: dict[str, str]) -> None:
        self._codec = Text(url_encoding=is_http, **names)

    def write(self, context: Any, carrier: dict[Any, Any]) -> None:
        """Add the headers of a span."""
        self._codec.inject(context, carrier)

    def read(self, carrier: Any, _: Headers, __: Callable[[], None]) -> Any:
        """Return what the headers say, or None; raises for a malformed one."""
        return self._codec.extract(carrier)
