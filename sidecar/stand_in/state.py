"""What the gRPC, UDP and HTTP sides of a stand-in share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sidecar.stand_in.faults import FaultSwitch
    from sidecar.stand_in.keep.intake import Intake
    from sidecar.stand_in.keep.store import TraceStore
    from sidecar.stand_in.receive.udp import UdpReceiver
    from sidecar.stand_in.show.decoder import Decoder


@dataclass
class State:
    """The parts of a running stand-in."""

    intake: Intake
    decoder: Decoder
    faults: FaultSwitch
    udp: UdpReceiver | None = None

    @property
    def store(self) -> TraceStore:
        """The stored traces."""
        return self.intake.store

    def reporters(self) -> list[dict[str, Any]]:
        """Return who reports, as JSON-ready data without secrets."""
        return [self._masked(asdict(one)) for one in self.intake.reporters]

    def refused(self) -> list[dict[str, Any]]:
        """Return the kinds of refused batches, likewise."""
        return [self._masked(one) for one in self.intake.refusals.report()]

    def _masked(self, row: dict[str, Any]) -> dict[str, Any]:
        text = self.decoder.text
        return {**row, "service": text(row["service"]), "hostname": text(row["hostname"])}

    def counters(self) -> dict[str, Any]:
        """Return all totals as JSON-ready data; `udp` is None without a UDP port."""
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
