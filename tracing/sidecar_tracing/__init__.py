"""jaeger-client for Python with settings that lose no spans, and a count of every loss.

Names are imported only when they are used, so that `sidecar-trace` itself needs no other package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sidecar_tracing.version import __version__

if TYPE_CHECKING:
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
    from sidecar_tracing.instrumentation import (
        AsgiMiddleware,
        TraceIdFilter,
        WsgiMiddleware,
        traced,
    )
    from sidecar_tracing.ledger import Stats
    from sidecar_tracing.tracer import Tracer

__all__ = [
    "AsgiMiddleware",
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
    "TraceIdFilter",
    "Tracer",
    "WsgiMiddleware",
    "__version__",
    "init_tracer",
    "traced",
]

_HOMES = {
    **dict.fromkeys(("CloseReport", "Closing"), "sidecar_tracing.closing"),
    **dict.fromkeys(("Config", "init_tracer"), "sidecar_tracing.config"),
    **dict.fromkeys(
        ("AsgiMiddleware", "TraceIdFilter", "WsgiMiddleware", "traced"),
        "sidecar_tracing.instrumentation",
    ),
    "Stats": "sidecar_tracing.ledger",
    "Tracer": "sidecar_tracing.tracer",
}
_ELSEWHERE = "jaeger_client"


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES.get(name, _ELSEWHERE)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
