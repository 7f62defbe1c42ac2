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
    from sidecar.verify.counts import ClientCounts
    from sidecar.verify.place import Place

SPANS = 200
SECONDS = 15.0


def verify(place: Place, spans: int = SPANS, seconds: float = SECONDS) -> Report:
    """Send `spans` marked spans from each service and follow each to the gateway.

    Raises SidecarError where there is no deployment to verify.
    """
    marker = secrets.token_hex(8)
    names = list(place.services())
    with ThreadPoolExecutor(place.side_by_side) as pool:
        followed = list(pool.map(lambda name: _follow(place, name, f"{marker}-{name}", spans, seconds), names))
    return Report(
        marker,
        tuple(hop for service_hops, _ in followed for hop in service_hops),
        tuple(trace for _, client in followed if client for trace in client.trace_ids[:1]),
    )


def _follow(
    place: Place, service: str, marker: str, spans: int, seconds: float
) -> tuple[list[Hop], ClientCounts | None]:
    done: list[Hop] = []
    client: ClientCounts | None = None
    try:
        before = place.agent(service)
        client = place.send(service, marker, spans)
        done.append(hops.client_hop(service, client))
        if before is not None:
            after = place.agent(service, before.settled + client.sent, seconds)
            agent = (after or before).since(before)
            done.append(hops.received_hop(service, client, agent))
            if agent.forwards:
                cause = cause_of(place.agent_log(service)) if agent.spans_submitted < client.sent else None
                done.append(hops.submitted_hop(service, client, agent, cause))
        # what the agent handed on has arrived already: a refused or lost span is not worth the whole wait
        settled = all(hop.ok for hop in done)
        gateway = place.gateway(marker, client.sent, seconds if settled else 1.0)
        done.append(hops.accepted_hop(service, client, gateway))
    except SidecarError as error:
        steps = (hops.CLIENT, hops.RECEIVED, hops.SUBMITTED, hops.ACCEPTED)
        done.append(hops.broken_hop(steps[min(len(done), 3)], service, f"{error.subject}: {error.cause}", error.fix))
    return done, client
