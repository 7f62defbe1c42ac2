"""What is counted on the path of a span: by the client, the agent, its kernel, and the gateway."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from sidecar.rules import kinds
from sidecar.rules.kinds import PACKETS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ClientCounts:
    """What the client of the marked spans counted."""

    started: int
    """Spans."""
    sent: int
    """Spans."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Reason → spans."""
    packets: int = 0
    trace_ids: tuple[str, ...] = ()

    def in_units(self, unit: str) -> int:
        """Return what was sent in the unit that an agent's port counts: packets or spans."""
        return self.packets if unit == PACKETS else self.sent


def agent_counts_of(printed: Mapping[str, Any]) -> AgentCounts:
    """Return the counts that another version of the kit may have printed: it may have others."""
    known = {item.name for item in fields(AgentCounts)}
    return AgentCounts(**{name: value for name, value in printed.items() if name in known})


def client_counts(printed: Mapping[str, Any]) -> ClientCounts:
    """Return the counts that `python -m sidecar_tracing.probe` printed.

    Raises KeyError where one is missing.
    """
    return ClientCounts(
        started=printed["started"],
        sent=printed["sent"],
        dropped=printed["dropped"],
        packets=printed["packets"],
        trace_ids=tuple(printed["trace_ids"]),
    )


_SAME_START_SECONDS = 1
"""A collector tells how long it has run, from which its start follows within a second."""
_STATES = (
    *("connected", "forwards", "queue", "capacity", "started", "unit"),
    *("unread", "stalled", "waited", "at", "restarted", "repeats"),
)
"""Fields of AgentCounts that are states, not totals."""


@dataclass(frozen=True)
class AgentCounts:
    """An agent's counters and those of the kernel's socket; totals since the agent started.

    A collector in its place has spans where an agent has packets, as `unit` says.
    """

    packets_processed: int = 0
    packets_dropped: int = 0
    """By the agent, its queue full."""
    kernel_drops: int = 0
    """Packets that the kernel dropped, its buffer full: the agent never saw them."""
    read_errors: int = 0
    spans_submitted: int = 0
    spans_failed: int = 0
    connected: int = 0
    """1 while the agent has a connection to its gateway."""
    handler_errors: int = 0
    """Packets that were not decoded, or were in a batch that the gateway did not accept."""
    batches_failed: int = 0
    """By the gateway, or on the path to it; a part of `handler_errors`."""
    forwards: bool = True
    """False for the stand-in at the agent's port: there is no further agent hop."""
    queue: int = 0
    """Packets that wait in the agent now, those in calls without an answer yet included."""
    started: int = 0
    """When the agent started, in Unix seconds; 0 where that is not known."""
    batches_submitted: int = 0
    """A packet holds one batch."""
    unread: int = field(default=0, compare=False)
    """Bytes of packets that wait in the kernel's buffer: an agent on a busy machine is slow."""
    stalled: float = field(default=0.0, compare=False)
    """Seconds until the reading in which the agent held packets, and no call was answered."""
    waited: float = field(default=0.0, compare=False)
    """Seconds until the reading for which packets that had come were waited for."""
    at: float = field(default=0.0, compare=False)
    """When this was read, in Unix time by the clock where the agent runs."""
    repeats: bool | None = field(default=None, compare=False)
    """Whether the kernel repeats packets that a peer of the agent does not acknowledge.

    None: not known, as in a pod, whose connections are not the agent's alone.
    """
    unit: str = PACKETS
    """Of what came, was dropped there, and waits."""
    not_queued: int = 0
    """Spans that a collector refused because they did not fit in its queue; also dropped ones."""
    capacity: int = 0
    """What fits in the queue; 0 where that is not known."""
    failed_by: Mapping[str, int] = field(default_factory=dict)
    """Why spans failed, by gRPC status, where the agent counts that."""
    restarted: bool = False
    """True in a difference of two readings between which the agent started again."""

    def since(self, before: AgentCounts) -> AgentCounts:
        """Return what was counted after `before`; a restarted agent counts from zero."""
        if self._restarted_since(before):
            return replace(self, restarted=True)
        grown = {}
        for item in fields(self):
            if item.name not in (*_STATES, "failed_by"):
                grown[item.name] = max(0, getattr(self, item.name) - getattr(before, item.name))
        failed = Counter(self.failed_by) - Counter(before.failed_by)
        return replace(self, **grown, failed_by=dict(failed))

    def _restarted_since(self, before: AgentCounts) -> bool:
        return (
            0 < before.started < self.started - _SAME_START_SECONDS
            or self.packets_processed < before.packets_processed
            or self.spans_submitted < before.spans_submitted
        )

    @property
    def kind(self) -> kinds.Kind:
        """What counted this."""
        return kinds.of_unit(self.unit)

    @property
    def refused(self) -> int:
        """What came to the agent's port and was dropped there, though its queue had room."""
        return max(0, self.packets_dropped - self.not_queued)

    @property
    def settled(self) -> int:
        """Spans that were submitted or failed."""
        return self.spans_submitted + self.spans_failed

    @property
    def handled(self) -> int:
        """Packets that the agent no longer holds: submitted, failed or not decoded."""
        return max(0, self.packets_processed - self.queue)

    @property
    def came(self) -> int:
        """Packets that came to the agent's port, those that were dropped there included."""
        return self.packets_processed + self.packets_dropped + self.kernel_drops

    @property
    def released(self) -> int:
        """Packets that came, and that the agent no longer holds."""
        return max(0, self.came - self.queue)

    @property
    def answered(self) -> int:
        """Calls that the gateway, or the path to it, answered in any way."""
        return self.batches_submitted + self.batches_failed

    @property
    def lost(self) -> int:
        """Spans and packets that the agent and its kernel lost, added up."""
        return self.spans_failed + self.lost_packets

    @property
    def lost_packets(self) -> int:
        """Packets that were lost at the agent's port."""
        at_port = self.packets_dropped + self.kernel_drops + self.read_errors
        return at_port + self.undecoded

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
    """Acknowledged and thrown away: how a gateway may treat a wrong token."""
    exposed: int = 0
    """Spans by OTLP that carried a token in a tag."""

    @property
    def settled(self) -> int:
        """Spans that were accepted, refused or dropped."""
        return self.accepted + self.refused + self.dropped
