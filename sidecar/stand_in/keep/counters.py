"""What the stand-in did, as totals since its start."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class BatchCounters:
    """PostSpans calls, datagrams with --udp, and the resources of OTLP calls, by outcome.

    Faults strike a call, whatever it carries.
    """

    accepted: int = 0
    refused: int = 0
    """Answered UNAUTHENTICATED, or INVALID_ARGUMENT if it is not a batch."""
    dropped: int = 0
    """Answered OK, but not kept."""
    failed: int = 0
    """Answered with the status of a fault."""
    held: int = 0
    """Never answered: the black hole."""
    reset: int = 0
    """Ended with their connection by a fault."""


@dataclass
class RefusedCounters:
    """Refused spans by reason; `malformed` counts batches, whose spans cannot be counted."""

    missing: int = 0
    wrong: int = 0
    malformed: int = 0


@dataclass
class SpanCounters:
    """Spans by outcome."""

    accepted: int = 0
    refused: RefusedCounters = field(default_factory=RefusedCounters)
    dropped: int = 0
    failed: int = 0
    """Of datagrams that a fault struck; over gRPC the agent counts them."""


@dataclass
class UdpCounters:
    """Datagrams at the agent's port."""

    packets: int = 0
    malformed: int = 0
    overflow: int = 0
    """Read, then dropped, because the decoder was too far behind."""
    delivered: int = 0
    """Decoded and handed to the token check."""


@dataclass
class OtlpCounters:
    """What came by OTLP; its batches and spans are among the others."""

    grpc: int = 0
    """Calls of TraceService/Export that were read."""
    http: int = 0
    exposed: int = 0
    """Batches with a token among their attributes, which was taken out."""


@dataclass
class Counters:
    """All totals, as plain integers: every batch changes them."""

    batches: BatchCounters = field(default_factory=BatchCounters)
    spans: SpanCounters = field(default_factory=SpanCounters)
    udp: UdpCounters = field(default_factory=UdpCounters)
    otlp: OtlpCounters = field(default_factory=OtlpCounters)

    def as_dict(self) -> dict[str, Any]:
        """Return the totals as JSON-ready data."""
        return asdict(self)
