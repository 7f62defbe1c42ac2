"""A deployment on this program's own loopback: a process sends the marked spans."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.rules.parts import no_answer
from sidecar.verify.deployment import StepByStep
from sidecar.verify.look import ReplicaLook, part_error
from sidecar.verify.network.marked import send_marked
from sidecar.verify.network.namespace import resolved
from sidecar.verify.network.reader import Reading, await_gateway, read_gateway
from sidecar.verify.network.seen import Seen, read
from sidecar.verify.network.visit import Errand, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sidecar.verify.counts import ClientCounts, GatewayCounts
    from sidecar.verify.look import Task


class LocalDeployment(StepByStep):
    """A deployment whose agent, and stand-in if there is one, answer on loopback."""

    side_by_side = 1
    sees_processes = False
    """Whether the service's processes can be seen here."""
    no_answer_fix: str
    """What to do where a port does not answer."""

    def __init__(self, agent: str, page: str | None) -> None:
        """Take the agent's HOST:PORT and the URL of the stand-in's page; None: a real gateway."""
        self._agent, self._page = agent, page
        self.has_stand_in = page is not None

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans to the agent."""
        return send_marked(service, marker, spans, self.agent_of(service))

    def agent_of(self, service: str) -> str:  # noqa: ARG002 - one serves all
        """Return HOST:PORT of the agent that a service reports to."""
        return self._agent

    def visit(self, task: Task) -> tuple[ClientCounts, tuple[ReplicaLook, ...]]:
        """Visit the service on this loopback, and send marked spans to the agent."""
        agent = self.agent_of(task.service)
        host, _, port = agent.rpartition(":")
        errand = Errand(
            service=task.service,
            marker=task.marker,
            spans=task.spans,
            agent=agent,
            urls=task.urls,
            traced=task.traced,
            patient=task.patient,
            hosts=(host,),
            pids=self.pids(task.service),
            variables=self.sees_processes,
        )
        found = visit(errand)
        if found.client is None:
            raise SidecarError(task.service, found.failed)
        replica = ReplicaLook(
            task.service, socket.gethostname(), self.addresses(host), int(port), visit=found
        )
        return found.client, (replica,)

    def pids(self, service: str) -> Collection[int] | None:  # noqa: ARG002
        """Return the processes of a service; None: all that are seen here."""
        return None

    def addresses(self, agent: str) -> tuple[str, ...]:
        """Return the addresses at which the agent answers, by its name here."""
        return resolved(agent)

    def agent_log(self, service: str) -> str:  # noqa: ARG002
        """Return nothing: there is no agent, or its log cannot be read from here."""
        return ""

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker; None for a real gateway."""
        page = self._page
        if page is None:
            return None
        return self.answered(
            page, lambda: await_gateway(lambda: read_gateway(page, marker), settled, seconds)
        )

    def seen(self, trace_ids: Sequence[str], seconds: float) -> Seen:
        """Return what the stand-in shows; nothing for a real gateway."""
        page = self._page
        if page is None:
            return Seen()
        return self.answered(page, lambda: read(page, trace_ids, seconds))

    def answered(self, url: str, read: Callable[[], Reading]) -> Reading:
        """Return what is read from a URL. Raises SidecarError where it does not answer."""
        try:
            return read()
        except OSError as error:
            raise part_error(url, no_answer(error, self.no_answer_fix)) from error
