"""Jaeger's own headers, `uber-trace-id` and `uberctx-…`, by jaeger-client's codec."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jaeger_client.codecs import TextCodec

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar_tracing.propagation.headers import Headers


class Jaeger:
    """What jaeger-client writes and reads."""

    def __init__(self, *, is_http: bool, names: dict[str, str]) -> None:
        self._codec = TextCodec(url_encoding=is_http, **names)

    def write(self, context: Any, carrier: dict[Any, Any]) -> None:
        """Add the headers of a span."""
        self._codec.inject(context, carrier)

    def read(self, carrier: Any, _: Headers, __: Callable[[], None]) -> Any:
        """Return what the headers say, or None; raises for a malformed one."""
        return self._codec.extract(carrier)
