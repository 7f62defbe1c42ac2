"""A running deployment, as verify needs it: one implementation per target."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sidecar.errors import SidecarError
from sidecar.rules.agents import STOCK_WORKERS
from sidecar.rules.kinds import RELAY
from sidecar.verify.hops import CLIENT
from sidecar.verify.look import Look, broken_by
from sidecar.verify.network.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.findings import Problem
    from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts
    from sidecar.verify.look import ReplicaLook, Task


@dataclass(frozen=True)
class Lack:
    """What a deployment should have and has not."""

    service: str
    problem: Problem


class Deployment(Protocol):
    """A running deployment.

    Every method raises SidecarError where a part that it needs does not run or answer.
    """

    side_by_side: int
    """How many services can be followed at once without sharing a counter."""

    received: str
    """The name of the hop into the agent's port, before its counts show the agent's kind."""

    notes: tuple[str, ...]
    """What a reader of the proof must know of this deployment; one sentence each."""

    has_stand_in: bool
    """Whether the gateway shows what it received."""

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        ...

    def absent(self) -> Sequence[Lack]:
        """Return what should run and does not, as the file or chart says."""
        ...

    def look(self, task: Task) -> Look:
        """Visit a service's replicas; send marked spans, and count them there and at its agent.

        A hop that breaks is in the look.
        """
        ...

    def agent_log(self, service: str) -> str:
        """Return the agent's log since verify began; only for finding a cause, never shown."""
        ...

    def relay_log(self, service: str) -> str:
        """Return the log of the relays behind a service's collector, as above."""
        ...

    def restart(self, service: str) -> Problem | None:
        """Return why the service's agent ended, if it was started again; None: not known."""
        ...

    def gateway_trouble(self, service: str) -> Problem | None:
        """Return why a service's agent cannot reach the deployment's own gateway.

        None where that runs on a network of the agent, or there is none.
        """
        ...

    def doubt(self, service: str) -> Problem | None:
        """Return what may be wrong although spans arrive; None where nothing is known.

        Its agent may use another token than the deployment names; a cluster may not scale it.
        """
        ...

    def workers(self, service: str) -> int:
        """Return how many calls the service's agent makes at a time."""
        ...

    def small_arrives(self, service: str, marker: str) -> bool:
        """Tell whether one marked span in a small packet reaches the agent; False: not known."""
        ...

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return what the gateway counted of a marker; None where it does not show its counts."""
        ...

    def seen(self, trace_ids: Sequence[str], seconds: float) -> Seen:
        """Return what the stand-in shows, once the traces have arrived or after `seconds`."""
        ...


_SMALL_SECONDS = 2.0


class StepByStep(ABC):
    """Builds the look of a deployment from its parts."""

    received: str
    notes: tuple[str, ...] = ()
    has_stand_in: bool = False

    @abstractmethod
    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's network to the agent that it reports to."""

    def visit(self, task: Task) -> tuple[ClientCounts, tuple[ReplicaLook, ...]]:
        """Visit all replicas, and send marked spans from one; here: only the latter."""
        return self.send(task.service, task.marker, task.spans), ()

    def absent(self) -> Sequence[Lack]:
        """Return nothing: what runs is all that is known."""
        return ()

    def seen(self, trace_ids: Sequence[str], seconds: float) -> Seen:  # noqa: ARG002
        """Return nothing: no stand-in shows what it received."""
        return Seen()

    @abstractmethod
    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the agent's counts once `settled` packets are settled, or after `seconds`.

        None where there is no agent between service and gateway.
        """

    def relay(self, settled: int = 0, seconds: float = 0) -> AgentCounts | None:  # noqa: ARG002
        """Return the counts of all relays, once `settled` spans are settled or after `seconds`.

        None where there are none between agent and gateway.
        """
        return None

    @abstractmethod
    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return what the gateway counted of a marker; None where it does not show its counts."""

    def small_arrives(self, service: str, marker: str) -> bool:
        """Tell whether one marked span in a small packet reaches the agent; False: not known.

        Where the gateway shows no counts, the agent must have no other traffic.
        """
        with suppress(SidecarError):
            before = self.agent(service)
            self.send(service, marker, 1)
            kept = self.gateway(marker, 1, _SMALL_SECONDS)
            if kept is not None:
                return kept.distinct > 0
            if before is None:
                return False
            after = self.agent(service, before.came + 1, _SMALL_SECONDS)
            return after is not None and after.packets_processed > before.packets_processed
        return False

    def relay_log(self, service: str) -> str:  # noqa: ARG002 - for those that can
        """Return nothing: there are no relays, or their log cannot be read from here."""
        return ""

    def restart(self, service: str) -> Problem | None:  # noqa: ARG002 - for those that know
        """Return None: why an agent ended is not known here."""
        return None

    def doubt(self, service: str) -> Problem | None:  # noqa: ARG002 - for those that know
        """Return None: neither its agent's token nor how it is scaled is known here."""
        return None

    def workers(self, service: str) -> int:  # noqa: ARG002 - for those that know
        """Return those of an agent that nobody sized."""
        return STOCK_WORKERS

    def gateway_trouble(self, service: str) -> Problem | None:  # noqa: ARG002 - as above
        """Return None: whether a gateway runs is not known here."""
        return None

    def look(self, task: Task) -> Look:
        """Read the agent, visit the service, wait for the spans, read the agent again."""
        hop = self.received
        client: ClientCounts | None = None
        before = relay = relayed = None
        replicas: tuple[ReplicaLook, ...] = ()
        try:
            before, relay = self.agent(task.service), self.relay()
            hop = CLIENT
            client, replicas = self._sent(task)
            if before is None:
                return Look(client, replicas=replicas)
            hop = before.kind.received if before.forwards else self.received
            settled = before.came + client.in_units(before.unit)
            after = self.agent(task.service, settled, task.seconds)
            if relay:
                hop = RELAY.submitted
                relayed = self.relay(relay.came + client.sent, task.seconds)
        except SidecarError as error:
            return Look(client, before, broken=broken_by(hop, error), replicas=replicas)
        return Look(client, before, after, None, replicas, relay, relayed)

    def _sent(self, task: Task) -> tuple[ClientCounts, tuple[ReplicaLook, ...]]:
        if task.path_only:
            return self.send(task.service, task.marker, task.spans), ()
        return self.visit(task)
