"""Where the services run, as verify needs it: one implementation a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sidecar.errors import SidecarError
from sidecar.verify.hops import CLIENT
from sidecar.verify.look import Broken, Look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts


class Deployment(Protocol):
    """A running deployment. Every method raises SidecarError where its part does not run or answer."""

    side_by_side: int
    """How many services can be followed at once without sharing a counter."""

    received: str
    """What the hop into the agent's port is called: hops.RECEIVED, or hops.STAND_IN_RECEIVED."""

    notes: tuple[str, ...]
    """What a reader of the proof has to know of this place; one sentence each."""

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        ...

    def look(self, service: str, marker: str, spans: int, seconds: float) -> Look:
        """Send marked spans from the service's own place, and count them there and at its agent.

        Waits up to `seconds` for the agent to hand them on. What breaks off is in the look.
        """
        ...

    def agent_log(self, service: str) -> str:
        """Return the agent's log since verify began; only for finding a cause, never shown."""
        ...

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return what the gateway counted of a marker; None for a gateway that does not show its counts."""
        ...


class Steps(Protocol):
    """The parts of a look, for a place that takes them one by one."""

    received: str

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's own place, to the agent that the service itself reports to."""
        ...

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the agent's counts, as soon as `settled` spans met their fate or after `seconds`.

        None where no agent stands between service and gateway.
        """
        ...


class Stepwise:
    """Gives a place with `send` and `agent` its `look`."""

    notes: tuple[str, ...] = ()

    def look(self: Steps, service: str, marker: str, spans: int, seconds: float) -> Look:
        """Read, send, read again."""
        return step_by_step(self, service, marker, spans, seconds)


def step_by_step(deployment: Steps, service: str, marker: str, spans: int, seconds: float) -> Look:
    """Read the agent, send the spans, wait up to `seconds` for their fate and read the agent again."""
    hop = deployment.received
    client: ClientCounts | None = None
    before: AgentCounts | None = None
    try:
        before = deployment.agent(service)
        hop = CLIENT
        client = deployment.send(service, marker, spans)
        if before is None:
            return Look(client)
        hop = deployment.received
        return Look(
            client, before, deployment.agent(service, before.settled + client.sent, seconds)
        )
    except SidecarError as error:
        return Look(
            client, before, broken=Broken(hop, f"{error.subject}: {error.cause}", error.fix)
        )
