"""The codec of several formats: it writes all of them, and reads the first one that is there."""

# ruff: noqa: ANN401 - jaeger-client publishes no types, so its objects are Any here

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from jaeger_client import SpanContext
from jaeger_client.codecs import Codec
from opentracing import InvalidCarrierException

from sidecar_tracing.propagation.b3 import B3
from sidecar_tracing.propagation.headers import Headers
from sidecar_tracing.propagation.jaeger import Jaeger
from sidecar_tracing.propagation.refusals import is_sound
from sidecar_tracing.propagation.w3c import W3c

if TYPE_CHECKING:
    from collections.abc import Callable


class _Format(Protocol):
    def write(self, context: Any, carrier: dict[Any, Any]) -> None: ...
    def read(self, carrier: Any, headers: Headers, refuse: Callable[[], None]) -> Any: ...


@dataclass(frozen=True)
class Settings:
    """The formats by name, and what they have to know."""

    names: tuple[str, ...]
    is_long: bool = False
    """Whether new trace IDs have 128 bits."""
    jaeger: dict[str, str] = field(default_factory=dict)
    """The names of Jaeger's headers, as TextCodec takes them."""


class Composite(Codec):  # type: ignore[misc] # jaeger-client publishes no types
    """Replaces jaeger-client's codecs of HTTP headers and text maps."""

    def __init__(self, settings: Settings, *, is_http: bool) -> None:
        self._formats = [_new(name, settings, is_http) for name in settings.names]

    def inject(self, span_context: Any, carrier: Any) -> None:
        """Add the headers of each format."""
        if not isinstance(carrier, dict):
            raise InvalidCarrierException("carrier not a collection")
        for one in self._formats:
            one.write(span_context, carrier)

    def extract(self, carrier: Any) -> Any:
        """Return what the headers say, or None."""
        return self.read(carrier, lambda: None, lambda _: False)

    def read(
        self, carrier: Any, refuse: Callable[[], None], decide: Callable[[int], bool]
    ) -> SpanContext | None:
        """Return the trace of the first format that has one; `refuse` is called per bad header.

        `decide` samples a trace whose caller did not decide.
        """
        headers = Headers(carrier)
        apart: list[Any] = []
        for one in self._formats:
            context = _read(one, carrier, headers, refuse)
            if context is None:
                continue
            if context.trace_id:
                return _joined(context, apart, decide)
            apart.append(context)
        return apart[0] if apart else None


def _new(name: str, settings: Settings, is_http: bool) -> _Format:
    if name == "jaeger":
        return Jaeger(is_http=is_http, names=settings.jaeger)
    if name == "w3c":
        return W3c()
    return B3(is_single=name == "b3-single", is_long=settings.is_long)


def _read(one: _Format, carrier: Any, headers: Headers, refuse: Callable[[], None]) -> Any:
    try:
        context = one.read(carrier, headers, refuse)
    except Exception:  # noqa: BLE001 - whatever a stranger writes there
        refuse()
        return None
    if context is None or context.flags is None or is_sound(context):
        return context
    refuse()
    return None


def _joined(context: Any, apart: list[Any], decide: Callable[[int], bool]) -> Any:
    """Add the baggage of formats that named no trace, and decide where the caller did not."""
    baggage = {key: value for one in apart for key, value in one.baggage.items()}
    flags = int(decide(context.trace_id)) if context.flags is None else context.flags
    return SpanContext(
        context.trace_id, context.span_id, context.parent_id, flags, context.baggage | baggage
    )
