"""Runs the proof: read, send, read again, and judge hop by hop."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.rules.agent_logs import logged
from sidecar.rules.hops import Before, Exporter, restarted
from sidecar.verify import hops
from sidecar.verify.hops import Hop, Proof
from sidecar.verify.look import broken_by

if TYPE_CHECKING:
    from sidecar.verify.counts import AgentCounts, ClientCounts
    from sidecar.verify.deployment import Deployment

SPANS = 200
SECONDS = 15.0


def verify(deployment: Deployment, spans: int = SPANS, seconds: float = SECONDS) -> Proof:
    """Send `spans` marked spans from each service and follow each to the gateway.

    Raises SidecarError where there is no deployment to verify.
    """
    marker = secrets.token_hex(8)
    paths = [
        _SpanPath(deployment, service, f"{marker}-{service}", seconds)
        for service in deployment.services()
    ]
    with ThreadPoolExecutor(deployment.side_by_side) as pool:
        list(pool.map(lambda path: path.follow(spans), paths))
    found = tuple(hop for path in paths for hop in path.hops)
    traces = tuple(trace for path in paths for trace in path.trace_ids)
    return Proof(marker, found, traces, tuple(deployment.notes))


class _SpanPath:
    """The path of one service's marked spans, as far as it could be followed."""

    def __init__(self, deployment: Deployment, service: str, marker: str, seconds: float) -> None:
        self._deployment = deployment
        self._service = service
        self._marker = marker
        self._seconds = seconds
        self._hop = hops.CLIENT
        """The hop that is being counted."""
        self.hops: list[Hop] = []
        self.trace_ids: tuple[str, ...] = ()
        self._unmarked = False

    def follow(self, spans: int) -> None:
        """Send the spans and judge each hop; one that cannot be counted is the last."""
        try:
            self._follow(spans)
        except SidecarError as error:
            self.hops.append(hops.broken_hop(self._service, broken_by(self._hop, error)))

    def _follow(self, spans: int) -> None:
        look = self._deployment.look(self._service, self._marker, spans, self._seconds)
        if look.client:
            self.hops.append(hops.client_hop(self._service, look.client))
            self.trace_ids = look.client.trace_ids[:1]
        if look.client and look.before and not look.broken:
            self._agent(look.client, look.before, look.after or look.before)
        if look.broken:
            self.hops.append(hops.broken_hop(self._service, look.broken))
        elif look.client:
            self._gateway(look.client)

    def _agent(self, client: ClientCounts, before: AgentCounts, after: AgentCounts) -> None:
        self._hop = hops.SUBMITTED
        counted = after.since(before)
        self._unmarked = counted.packets_processed > client.packets
        exporter = self._exporter(client, counted, before.at)
        name = self._deployment.received
        self.hops.append(hops.received_hop(self._service, client, counted, name, exporter))
        if counted.forwards:
            self.hops.append(hops.submitted_hop(self._service, client, counted, exporter))

    def _exporter(self, client: ClientCounts, counted: AgentCounts, since: float) -> Exporter:
        """Return what is known of the agent's calls, by its log where there is a loss."""
        cause = restart = None
        failed = counted.spans_failed or counted.packets_dropped
        if counted.forwards and (failed or hops.waiting_packets(client, counted)):
            log = self._deployment.agent_log(self._service)
            cause = self._deployment.gateway_trouble() or logged(log, since)
        if counted.restarted:
            restart = restarted(self._deployment.restart(self._service))
        answered = counted.answered > 0
        return Exporter(bool(counted.connected), answered, counted.stalled, cause, restart)

    def _gateway(self, client: ClientCounts) -> None:
        self._hop = hops.ACCEPTED
        sound = all(hop.ok for hop in self.hops)
        # what the agent submitted has arrived already: do not wait long for refused or lost spans
        patience = self._seconds if sound else 1.0
        gateway = self._deployment.gateway(self._marker, client.sent, patience)
        before = Before(failed=not sound, unmarked=self._unmarked)
        self.hops.append(hops.accepted_hop(self._service, client, gateway, before))
