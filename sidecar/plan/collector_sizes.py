"""How large a collector's receiver and queue are; docs/tuning.md has the formulas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.plan import agents
from sidecar.rules.agents import STOCK_BATCH, STOCK_WORKERS
from sidecar.rules.collectors import SPAN_BYTES

if TYPE_CHECKING:
    from sidecar.spec import AgentSettings, Capacity

DISK_BYTES = 2 * SPAN_BYTES
"""A span's share of the queue's file: whole pages, and what is written anew at a start."""
SMALLEST_DISK_MIB = 64
BATCH_BYTES, MOST_BATCH_BYTES = 512 * 1024, 2 * 1024 * 1024
"""gRPC servers take 4 MiB unless told otherwise, and refuse more for good."""
SPANS_PER_CALL = BATCH_BYTES // SPAN_BYTES
"""At least, under load."""
DRAIN_RATE, DRAIN_FACTOR = 10_000, 5
"""Spans per second at which a backlog is sent, at least, and as a multiple of the rate."""
CONSUMERS = (2, 64)
BASE_MIB = 128
GO_SHARE, LIMITER_SHARE, SPIKE_SHARE = 0.8, 0.95, 0.1
"""Of the container's limit."""


@dataclass(frozen=True)
class Buffer:
    """The sizes of a collector's queue."""

    outage_s: int
    """How long the gateway may be away."""
    queue_spans: int
    """Spans that wait for the gateway."""
    disk_mib: int
    """The bound of the queue's file."""
    consumers: int
    """Concurrent calls to the gateway."""

    @property
    def queue_bytes(self) -> int:
        """The bound of the queue: a file that is full loses what waits at the next start."""
        return self.queue_spans * SPAN_BYTES


def tune(capacity: Capacity) -> agents.Tuning:
    """Return the sizes of the receiver, in the terms of an agent's."""
    packets_per_second = capacity.spans_per_second / STOCK_BATCH
    low, high = agents.QUEUE
    queue = max(low, min(high, math.ceil(packets_per_second * agents.STALL_SECONDS)))
    held = queue * agents.MAX_PACKET / 2**20
    return agents.Tuning(
        workers=STOCK_WORKERS,
        queue_packets=queue,
        max_packet_bytes=agents.MAX_PACKET,
        socket_buffer_bytes=agents.SOCKET_BUFFER,
        ceiling_spans_per_second=_drain_rate(capacity),
        memory_mib=64 * math.ceil((BASE_MIB + 2 * held) / 64),
    )


def buffer(agent: AgentSettings, capacity: Capacity) -> Buffer:
    """Return the sizes of the queue: rate x outage spans, and room for them on disk."""
    spans = capacity.spans_per_second * agent.buffer_s
    in_flight = _drain_rate(capacity) * SPAN_BYTES * capacity.round_trip_ms / 1000
    low, high = CONSUMERS
    consumers = math.ceil(agents.HEADROOM * in_flight / BATCH_BYTES)
    return Buffer(
        outage_s=agent.buffer_s,
        queue_spans=spans,
        disk_mib=agent.disk_mib or max(SMALLEST_DISK_MIB, disk_needed(spans)),
        consumers=max(low, min(high, consumers)),
    )


def disk_needed(spans: int) -> int:
    """Return the MiB on disk that so many spans take."""
    return math.ceil(spans * DISK_BYTES / 2**20)


def share_of(memory_mib: int, share: float) -> int:
    """Return a share of the memory, in MiB."""
    return math.floor(memory_mib * share)


def _drain_rate(capacity: Capacity) -> int:
    return max(DRAIN_RATE, DRAIN_FACTOR * capacity.spans_per_second)
