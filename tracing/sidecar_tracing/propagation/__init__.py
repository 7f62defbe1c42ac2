"""The headers that carry a trace from one service to the next: jaeger, W3C and B3."""

from sidecar_tracing.propagation.binary import Binary
from sidecar_tracing.propagation.composite import Composite, Settings
from sidecar_tracing.propagation.jaeger import Text
from sidecar_tracing.propagation.names import DEFAULT, NAMES, parse
from sidecar_tracing.propagation.refusals import Refusals, is_sound

__all__ = [
    "DEFAULT",
    "NAMES",
    "Binary",
    "Composite",
    "Refusals",
    "Settings",
    "Text",
    "is_sound",
    "parse",
]
