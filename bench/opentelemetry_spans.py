"""The same spans by OpenTelemetry's SDK, where it is installed: it is no requirement of the kit."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXPORTER = "opentelemetry.exporter.otlp.proto.grpc.trace_exporter"


def is_installed() -> bool:
    """Whether the SDK and its exporter can be imported."""
    try:
        return bool(find_spec("opentelemetry.sdk.trace") and find_spec(_EXPORTER))
    except ModuleNotFoundError:
        return False


def has_middleware() -> bool:
    """Whether its middleware of WSGI and ASGI can be imported, too."""
    try:
        return all(find_spec(f"opentelemetry.instrumentation.{kind}") for kind in ("wsgi", "asgi"))
    except ModuleNotFoundError:
        return False


def make_provider(endpoint: str, sampled: bool) -> Any:  # noqa: ANN401 - it may not be installed
    """Return a provider that sends batches to HOST:PORT, with the SDK's own settings."""
    trace = import_module("opentelemetry.sdk.trace")
    sampling = import_module("opentelemetry.sdk.trace.sampling")
    batches = import_module("opentelemetry.sdk.trace.export").BatchSpanProcessor
    exporter = import_module(_EXPORTER).OTLPSpanExporter(endpoint=endpoint, insecure=True)
    provider = trace.TracerProvider(sampler=sampling.ALWAYS_ON if sampled else sampling.ALWAYS_OFF)
    provider.add_span_processor(batches(exporter))
    return provider


def maker(provider: Any, shape: str, tags: Mapping[str, Any]) -> Callable[[], None]:  # noqa: ANN401
    """Return a function that starts and ends one span."""
    tracer = provider.get_tracer("bench")
    attributes = None if shape == "log" else tags

    def make() -> None:
        span = tracer.start_span("GET /orders", attributes=attributes)
        if shape in ("log", "service"):
            span.add_event("cache", {"hit": True})
        span.end()

    return make
