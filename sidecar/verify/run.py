"""Runs the proof: read, send, read again, judge hop by hop."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.verify import hops
from sidecar.verify.causes import cause_of
from sidecar.verify.hops import Hop, Report

if TYPE_CHECKING:
    from sidecar.verify.counts import AgentCounts, ClientCounts
    from sidecar.verify.deployment import Deployment

SPANS = 200
SECONDS = 15.0


def verify(deployment: Deployment, spans: int = SPANS, seconds: float = SECONDS) -> Report:
    """Send `spans` marked spans from each service and follow each to the gateway.

    Raises SidecarError where there is no deployment to verify.
    """
    marker = secrets.token_hex(8)
    ways = [_Way(deployment, name, f"{marker}-{name}", seconds) for name in deployment.services()]
    with ThreadPoolExecutor(deployment.side_by_side) as pool:
        list(pool.map(lambda way: way.follow(spans), ways))
    proof = tuple(hop for way in ways for hop in way.hops)
    traces = tuple(trace for way in ways for trace in way.trace_ids)
    return Report(marker, proof, traces, tuple(deployment.notes))


class _Way:
    """The way of one service's marked spans, as far as it could be followed."""

    def __init__(self, deployment: Deployment, service: str, marker: str, seconds: float) -> None:
        self._deployment, self._service, self._marker, self._seconds = (
            deployment,
            service,
            marker,
            seconds,
        )
        self._step = hops.CLIENT
        self.hops: list[Hop] = []
        self.trace_ids: tuple[str, ...] = ()

    def follow(self, spans: int) -> None:
        """Send the spans and judge each hop; one that cannot be tried is the last."""
        try:
            self._try(spans)
        except SidecarError as error:
            self.hops.append(
                hops.broken_hop(
                    self._step, self._service, f"{error.subject}: {error.cause}", error.fix
                )
            )

    def _try(self, spans: int) -> None:
        look = self._deployment.look(self._service, self._marker, spans, self._seconds)
        if look.client:
            self.hops.append(hops.client_hop(self._service, look.client))
            self.trace_ids = look.client.trace_ids[:1]
        if look.client and look.before and not look.broken:
            self._agent(look.client, (look.after or look.before).since(look.before))
        if look.broken:
            self.hops.append(
                hops.broken_hop(look.broken.hop, self._service, look.broken.cause, look.broken.fix)
            )
        elif look.client:
            self._gateway(look.client)

    def _agent(self, client: ClientCounts, counted: AgentCounts) -> None:
        self.hops.append(
            hops.received_hop(self._service, client, counted, self._deployment.received)
        )
        if not counted.forwards:
            return
        self._step = hops.SUBMITTED
        cause = (
            cause_of(self._deployment.agent_log(self._service))
            if counted.spans_submitted < client.sent
            else None
        )
        self.hops.append(hops.submitted_hop(self._service, client, counted, cause))

    def _gateway(self, client: ClientCounts) -> None:
        self._step = hops.ACCEPTED
        # what the agent handed on has arrived already: a refused or lost span is not worth the whole wait
        patience = self._seconds if all(hop.ok for hop in self.hops) else 1.0
        gateway = self._deployment.gateway(self._marker, client.sent, patience)
        self.hops.append(hops.accepted_hop(self._service, client, gateway))
