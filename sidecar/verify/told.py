"""Where a replica's clients report, and with which sampler, as runtimes or variables tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.service_reports import Sampler, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.verify.look import Look, ReplicaLook
    from sidecar.verify.network.visit import Visit

_HOST, _PORT, _SAMPLER = "JAEGER_AGENT_HOST", "JAEGER_AGENT_PORT", "JAEGER_SAMPLER_TYPE"


def told_by(replica: ReplicaLook, visit: Visit) -> Iterator[Told]:
    """Yield the addresses that a replica reports to, or is told to report to."""
    host = replica.known_variables.get(_HOST, "")
    runtimes = visit.after.runtimes
    for one in {(one.host, one.port): one for one in runtimes}.values():
        place = _HOST if one.host == host else "in code"
        if one.host == "localhost" and not host:
            place = f"{_HOST} is not set"
        yield _leading(replica, visit, Told(one.host, one.port, place, certain=True))
    port = replica.known_variables.get(_PORT, "")
    if host and not runtimes:
        number = int(port) if port.isdecimal() else COMPACT_PORT
        yield _leading(replica, visit, Told(host, number, _HOST))


def samplers_of(replica: ReplicaLook, visit: Visit) -> tuple[Sampler, ...]:
    """Return the samplers of a replica's runtimes, each one once."""
    named = replica.known_variables.get(_SAMPLER, "")
    found = (
        Sampler(one.sampler, one.param, _SAMPLER if named == one.sampler else "in code")
        for one in visit.after.runtimes
    )
    return tuple(dict.fromkeys(found))


def leads_elsewhere(look: Look) -> bool:
    """Tell whether a replica reports, or is told to report, elsewhere than to its agent."""
    visits = ((replica, replica.visit) for replica in look.replicas if replica.visit)
    return any(not told.to_agent for one, visit in visits for told in told_by(one, visit))


def shown(told: Told, visit: Visit) -> str:
    """Return an address as the details of a hop show it."""
    addresses = ", ".join(visit.after.leads.get(told.host, ())) or "does not resolve"
    return f"{told} ({told.place}: {addresses})"


def _leading(replica: ReplicaLook, visit: Visit, told: Told) -> Told:
    addresses = visit.after.leads.get(told.host, ())
    there = not replica.agents or not set(addresses).isdisjoint(replica.agents)
    to_agent = told.port == replica.port and there
    return replace(told, resolves=bool(addresses), to_agent=to_agent)
