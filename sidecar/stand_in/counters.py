"""What the gateway did, as totals since its start."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class BatchCounters:
    """PostSpans calls and, with --udp, datagrams, by what became of them."""

    accepted: int = 0
    refused: int = 0
    """Answered UNAUTHENTICATED or, where not a batch at all, INVALID_ARGUMENT."""
    dropped: int = 0
    """Answered OK and thrown away."""
    failed: int = 0
    """Answered with the status of a fault."""
    held: int = 0
    """Never answered: the black hole."""


@dataclass
class RefusedCounters:
    """Spans refused by reason; `malformed` counts batches, whose spans cannot be known."""

    missing: int = 0
    wrong: int = 0
    malformed: int = 0


@dataclass
class SpanCounters:
    """Spans by what became of them."""

    accepted: int = 0
    refused: RefusedCounters = field(default_factory=RefusedCounters)
    dropped: int = 0


@dataclass
class UdpCounters:
    """Datagrams at the agent's port."""

    packets: int = 0
    malformed: int = 0
    overflow: int = 0
    """Read, then thrown away because the decoder was too far behind."""
    delivered: int = 0
    """Decoded and handed to the token check."""


@dataclass
class Counters:
    """All totals; plain integers, because they change on the fast path."""

    batches: BatchCounters = field(default_factory=BatchCounters)
    spans: SpanCounters = field(default_factory=SpanCounters)
    udp: UdpCounters = field(default_factory=UdpCounters)

    def as_dict(self) -> dict[str, Any]:
        """Return the totals as JSON-ready data."""
        return asdict(self)
