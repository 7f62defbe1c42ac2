"""A running deployment, as verify needs it: one implementation per target."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from sidecar.errors import SidecarError
from sidecar.verify.hops import CLIENT
from sidecar.verify.look import Look, broken_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.findings import Problem
    from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts


class Deployment(Protocol):
    """A running deployment.

    Every method raises SidecarError where a part that it needs does not run or answer.
    """

    side_by_side: int
    """How many services can be followed at once without sharing a counter."""

    received: str
    """The name of the hop into the agent's port: hops.RECEIVED, or hops.STAND_IN_RECEIVED."""

    notes: tuple[str, ...]
    """What a reader of the proof must know of this deployment; one sentence each."""

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        ...

    def look(self, service: str, marker: str, spans: int, seconds: float) -> Look:
        """Send marked spans from the service's network, and count them there and at its agent.

        Waits up to `seconds` for the agent to hand them on. A hop that breaks is in the look.
        """
        ...

    def agent_log(self, service: str) -> str:
        """Return the agent's log since verify began; only for finding a cause, never shown."""
        ...

    def restart(self, service: str) -> Problem | None:
        """Return why the service's agent ended, if it was started again; None: not known."""
        ...

    def gateway_trouble(self) -> Problem | None:
        """Return why the deployment's own gateway does not run; None where it does, or has none."""
        ...

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return what the gateway counted of a marker; None where it does not show its counts."""
        ...


class StepByStep(ABC):
    """Builds the look of a deployment from `send` and `agent`."""

    received: str
    notes: tuple[str, ...] = ()

    @abstractmethod
    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's network to the agent that it reports to."""

    @abstractmethod
    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the agent's counts once `settled` packets are settled, or after `seconds`.

        None where there is no agent between service and gateway.
        """

    def restart(self, service: str) -> Problem | None:  # noqa: ARG002 - for those that know
        """Return None: why an agent ended is not known here."""
        return None

    def gateway_trouble(self) -> Problem | None:
        """Return None: whether a gateway runs is not known here."""
        return None

    def look(self, service: str, marker: str, spans: int, seconds: float) -> Look:
        """Read the agent, send the spans, wait up to `seconds` for them, read the agent again."""
        hop = self.received
        client: ClientCounts | None = None
        before: AgentCounts | None = None
        try:
            before = self.agent(service)
            hop = CLIENT
            client = self.send(service, marker, spans)
            if before is None:
                return Look(client)
            hop = self.received
            after = self.agent(service, before.packets_processed + client.packets, seconds)
        except SidecarError as error:
            return Look(client, before, broken=broken_by(hop, error))
        return Look(client, before, after)
