"""The demonstration without containers: the stand-in sits at the agent's port, so no agent is in between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sidecar.demo.processes import running
from sidecar.errors import SidecarError
from sidecar.verify import probe
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
from sidecar.verify.deployment import Stepwise
from sidecar.verify.hops import STAND_IN_RECEIVED
from sidecar.verify.loopback import fetch
from sidecar.verify.reader import read_gateway, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sidecar.verify.reader import Settling

NO_AGENT = "no agent ran: the stand-in gateway took the services' packets itself"


class ProcessDeployment(Stepwise):
    """The processes that `sidecar demo` started."""

    side_by_side = 1
    """All services share the stand-in's one socket, and so its counters."""
    received = STAND_IN_RECEIVED
    notes: tuple[str, ...] = (NO_AGENT,)

    def __init__(self, folder: Path) -> None:
        self._demo = running(folder)

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        return sorted(self._demo.services)

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans to the port that the services report to."""
        return probe.send(service, marker, spans, self._demo.agent)

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:  # noqa: ARG002
        """Return what the stand-in counted at the agent's port; it hands spans to nobody."""
        return self._settled(self._udp, settled, seconds)

    def agent_log(self, service: str) -> str:  # noqa: ARG002
        """Return nothing: no agent runs."""
        return ""

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker."""
        return self._settled(lambda: read_gateway(self._demo.page, marker), settled, seconds)

    def _settled(self, read: Callable[[], Settling], settled: int, seconds: float) -> Settling:
        try:
            return wait_for(read, lambda counts: counts.settled >= settled, seconds)
        except OSError as error:
            raise SidecarError(
                self._demo.page, f"does not answer: {error}", "Start again: make down, make demo"
            ) from error

    def _udp(self) -> AgentCounts:
        totals: dict[str, Any] = json.loads(fetch(f"{self._demo.page}/api/counters"))
        udp, spans = totals["udp"], totals["spans"]
        return AgentCounts(
            packets_processed=udp["packets"] - udp["overflow"],
            packets_dropped=udp["overflow"],
            kernel_drops=udp["kernel_drops"] or 0,
            read_errors=udp["malformed"],
            spans_submitted=spans["accepted"],
            spans_failed=sum(spans["refused"].values()) + spans["dropped"],
            connected=1,
            forwards=False,
        )
