"""The token forwarder between a project's collectors and its gateway, asked from inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules.forwarders import holding
from sidecar.rules.parts import off_network
from sidecar.verify.compose import states
from sidecar.verify.compose.addresses import reached_from

if TYPE_CHECKING:
    from sidecar.engine.containers import Container
    from sidecar.findings import Problem
    from sidecar.verify.compose.parts import Parts

_ASK = ("python", "-m", "sidecar.forwarder.ask")


def held(parts: Parts, forwarder: Container) -> Problem | None:
    """Return why a call that is sent now is held; None where the gateway accepts it."""
    return holding(parts.run(forwarder, _ASK)["holding"])


def trouble(parts: Parts, agent: Container) -> Problem | None:
    """Return why what an agent sends does not get through its forwarder; None without one."""
    for forwarder in parts.of("forwarder"):
        return _trouble(parts, agent, forwarder)
    return None


def _trouble(parts: Parts, agent: Container, forwarder: Container) -> Problem | None:
    if problem := states.trouble_of(parts.engine, forwarder):
        return problem
    seen = parts.inspect(forwarder)
    shared = reached_from(parts.inspect(agent), seen)
    if problem := off_network(forwarder.name, agent.name, shared):
        return problem
    for gateway in parts.of("gateway"):
        if problem := states.trouble_of(parts.engine, gateway):
            return problem
        reached = reached_from(seen, parts.inspect(gateway))
        if problem := off_network(gateway.name, forwarder.name, reached):
            return problem
    return held(parts, forwarder)
