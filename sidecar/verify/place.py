"""Where the services run, as verify needs it: one implementation a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts


class Place(Protocol):
    """A running deployment. Every method raises SidecarError where its part does not run or answer."""

    side_by_side: int
    """How many services can be followed at once without sharing a counter."""

    received: str
    """What the hop into the agent's port is called: hops.RECEIVED, or hops.STAND_IN_RECEIVED."""

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        ...

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's own place, to the agent that the service itself reports to."""
        ...

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the agent's counts, as soon as `settled` spans met their fate or after `seconds`.

        None where no agent stands between service and gateway.
        """
        ...

    def agent_log(self, service: str) -> str:
        """Return the agent's log since verify began; only for finding a cause, never shown."""
        ...

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return what the gateway counted of a marker; None for a gateway that does not show its counts."""
        ...
