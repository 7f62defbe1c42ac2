"""jaeger-client for Python with settings that lose no spans, and a count of every loss."""

from jaeger_client import (
    ConstSampler,
    ProbabilisticSampler,
    RateLimitingSampler,
    RemoteControlledSampler,
    Span,
    SpanContext,
)

from sidecar_tracing.closing import CloseReport, Closing
from sidecar_tracing.config import Config, init_tracer
from sidecar_tracing.ledger import Stats
from sidecar_tracing.tracer import Tracer
from sidecar_tracing.version import __version__

__all__ = [
    "CloseReport",
    "Closing",
    "Config",
    "ConstSampler",
    "ProbabilisticSampler",
    "RateLimitingSampler",
    "RemoteControlledSampler",
    "Span",
    "SpanContext",
    "Stats",
    "Tracer",
    "__version__",
    "init_tracer",
]
