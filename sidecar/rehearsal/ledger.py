"""The ledger of a fault: sent = arrived + counted as lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.rules.kinds import PACKETS, SPANS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sidecar.rehearsal.stage import Sent
    from sidecar.verify.counts import AgentCounts, GatewayCounts

CLIENT = "client"
KERNEL = "kernel dropped"
QUEUE = "agent dropped"
UNDECODED = "agent not decoded"
FAILED = "agent failed"
KILLED = "agent killed with them"
DROPPED = "gateway dropped"


@dataclass(frozen=True)
class Segment:
    """What one agent counted, from the scene's begin or the agent's start on."""

    counts: AgentCounts
    ended: bool = False
    """The agent was killed then: what it had received and not settled is lost."""


@dataclass(frozen=True)
class Ledger:
    """What became of the marked spans of one fault."""

    sent: int = 0
    """Spans that the clients were given."""
    arrived: int = 0
    """Each span once."""
    repeated: int = 0
    """Arrivals of a span that had arrived before."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Where it is counted → spans."""
    unseen: int = 0
    """Spans of packets that a client sent and no agent saw: lost on the way, counted by nobody."""
    exact: bool = True
    """False where packets were lost whose number of spans is not known, only their mean."""

    @property
    def counted(self) -> int:
        """Spans that are counted as lost."""
        return sum(self.lost.values())

    @property
    def unaccounted(self) -> int:
        """Spans that neither arrived nor are counted as lost."""
        return max(0, self.sent - self.arrived - self.counted)

    @property
    def surplus(self) -> int:
        """Losses beyond what is missing: of spans without a mark, or of spans that arrived."""
        return max(0, self.arrived + self.counted - self.sent)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "sent": self.sent,
            "arrived": self.arrived,
            "repeated": self.repeated,
            "lost": dict(self.lost),
            "unaccounted": self.unaccounted,
            "unseen": self.unseen,
            "surplus": self.surplus,
            "exact": self.exact,
        }


def ledger(
    sent: Sequence[Sent], segments: Iterable[Segment], arrived: Sequence[GatewayCounts]
) -> Ledger:
    """Return the ledger of what was sent, what the agents counted, and what the gateway kept."""
    found = [*segments]
    per_packet, exact = packet_size(sent)
    lost: Counter[str] = Counter()
    for one in sent:
        lost.update({f"{CLIENT} {why}": count for why, count in one.client.dropped.items()})
    for segment in found:
        lost.update(_lost(segment, per_packet))
    if any(segment.counts.forwards for segment in found):
        # else the stand-in counts them as failed at the agent's port
        lost[DROPPED] += sum(counts.dropped for counts in arrived)
    packets = sum(one.client.packets for one in sent)
    seen = sum(came(segment.counts, per_packet) for segment in found)
    return Ledger(
        sent=sum(one.client.started for one in sent),
        arrived=sum(counts.distinct for counts in arrived),
        repeated=sum(counts.accepted - counts.distinct for counts in arrived),
        lost={place: count for place, count in lost.items() if count},
        unseen=round(max(0, packets * per_packet - seen)),
        exact=exact or not any(_lost_packets(segment.counts) for segment in found),
    )


def packet_size(sent: Sequence[Sent]) -> tuple[float, bool]:
    """Return the spans of a packet, and whether all packets hold that many."""
    sizes = {one.client.sent / one.client.packets for one in sent if one.client.packets}
    packets = sum(one.client.packets for one in sent)
    if not packets:
        return 0, True
    mean = sum(one.client.sent for one in sent) / packets
    return mean, len(sizes) == 1 and mean.is_integer()


def came(counts: AgentCounts, per_packet: float) -> float:
    """Return the spans that came to an agent's port, those that were lost there included."""
    read = counts.packets_processed + counts.packets_dropped
    return read * _spans_of(counts, per_packet) + counts.kernel_drops * per_packet


def _lost(segment: Segment, per_packet: float) -> dict[str, int]:
    """Return the spans that an agent lost, by place."""
    at_port = _in_spans(segment.counts, per_packet)
    return {
        **{place: round(count) for place, count in at_port.items()},
        FAILED: segment.counts.spans_failed,
        KILLED: _held(segment, per_packet),
    }


def _held(segment: Segment, per_packet: float) -> int:
    """Return the spans that an agent held when it was killed; a collector's queue is on disk."""
    counts = segment.counts
    if not segment.ended or counts.unit != PACKETS:
        return 0
    held = (counts.packets_processed - counts.undecoded) * per_packet - counts.settled
    return max(0, round(held))


def _lost_packets(counts: AgentCounts) -> int:
    """Return the packets that were lost at an agent's port, of whose spans only a mean is known."""
    return counts.kernel_drops if counts.unit == SPANS else sum(_dropped(counts).values())


def _spans_of(counts: AgentCounts, per_packet: float) -> float:
    """Return how many spans one is of what is counted: a collector counts spans."""
    return 1 if counts.unit == SPANS else per_packet


def _in_spans(counts: AgentCounts, per_packet: float) -> dict[str, float]:
    """Return the spans that were lost at the agent's port, by place."""
    one = _spans_of(counts, per_packet)
    factors = {KERNEL: per_packet, QUEUE: one, UNDECODED: one}
    return {place: count * factors[place] for place, count in _dropped(counts).items()}


def _dropped(counts: AgentCounts) -> dict[str, int]:
    """Return what was lost at the agent's port, by place: the kernel counts packets."""
    return {
        KERNEL: counts.kernel_drops,
        QUEUE: counts.packets_dropped,
        UNDECODED: counts.undecoded,
    }
