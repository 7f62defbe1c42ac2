"""What the gRPC, UDP and HTTP sides of one gateway share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidecar.stand_in.faults import FaultSwitch
    from sidecar.stand_in.intake import Intake
    from sidecar.stand_in.store import TraceStore
    from sidecar.stand_in.udp import UdpReceiver
    from sidecar.stand_in.wire import Decoder


@dataclass
class State:
    """The parts of a running gateway."""

    intake: Intake
    decoder: Decoder
    faults: FaultSwitch
    udp: UdpReceiver | None = None

    @property
    def store(self) -> TraceStore:
        """The stored traces."""
        return self.intake.store

    def counters(self) -> dict[str, Any]:
        """Return all totals as JSON-ready data; `udp` is null where no UDP port was asked for."""
        totals = self.intake.counters.as_dict()
        store = self.store
        totals["spans"]["evicted"] = store.evicted_spans
        totals["store"] = {
            "traces": len(store),
            "spans": store.spans,
            "bytes": store.bytes,
            "evicted_traces": store.evicted_traces,
        }
        udp = {**totals["udp"], "kernel_drops": self.udp.kernel_drops()} if self.udp else None
        return {**totals, "udp": udp, "faults": self.faults.current.as_dict()}
