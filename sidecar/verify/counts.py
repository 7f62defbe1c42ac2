"""What is counted on the way: by the client, by the agent and the kernel below it, by the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ClientCounts:
    """What the marked spans' own client says."""

    started: int
    """Spans."""
    sent: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason → spans."""
    packets: int = 0
    trace_ids: tuple[str, ...] = ()


def client_counts(printed: Mapping[str, Any]) -> ClientCounts:
    """Return the counts that `python -m sidecar_tracing.probe` printed. Raises KeyError where one is missing."""
    names = ("started", "sent", "dropped", "packets")
    return ClientCounts(
        **{name: printed[name] for name in names}, trace_ids=tuple(printed["trace_ids"])
    )


@dataclass(frozen=True)
class AgentCounts:
    """An agent's counters and those of the kernel's socket below it; totals since the agent started."""

    packets_processed: int = 0
    packets_dropped: int = 0
    """By the agent, its queue full."""
    kernel_drops: int = 0
    """Packets that the kernel dropped, the socket's buffer full: the agent never saw them."""
    read_errors: int = 0
    spans_submitted: int = 0
    spans_failed: int = 0
    connected: int = 0
    """1 while the agent has a connection to its gateway."""
    handler_errors: int = 0
    """Packets that came to nothing: not decoded, or in a batch that the gateway did not take."""
    batches_failed: int = 0
    """By the gateway, or on the way to it; a part of `handler_errors`."""
    forwards: bool = True
    """False for the stand-in at the agent's port, which hands spans to nobody."""

    def since(self, before: AgentCounts) -> AgentCounts:
        """Return what was counted after `before`; an agent that was restarted in between counts from zero."""
        restarted = (
            self.packets_processed < before.packets_processed
            or self.spans_submitted < before.spans_submitted
        )
        if restarted:
            return self
        totals = [item.name for item in fields(self) if item.name not in ("connected", "forwards")]
        return replace(
            self, **{name: max(0, getattr(self, name) - getattr(before, name)) for name in totals}
        )

    @property
    def settled(self) -> int:
        """Spans whose fate is known."""
        return self.spans_submitted + self.spans_failed

    @property
    def undecoded(self) -> int:
        """Packets that the agent read and could not decode; their spans are counted nowhere."""
        return max(0, self.handler_errors - self.batches_failed)


@dataclass(frozen=True)
class GatewayCounts:
    """What the gateway counted of one marker."""

    accepted: int
    """Spans."""
    refused: int
    distinct: int
    """Accepted spans, each counted once however often it was sent."""
    dropped: int = 0
    """Answered as taken and thrown away: how a gateway may treat a wrong token."""

    @property
    def settled(self) -> int:
        """Spans whose fate is known."""
        return self.accepted + self.refused + self.dropped
