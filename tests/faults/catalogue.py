"""All faults by target and name."""

from __future__ import annotations

from faults import (
    compose_agents,
    compose_collectors,
    compose_gateway,
    compose_services,
    kubernetes_faults,
)


def _by_name(*faults):
    return {fault.name: fault for fault in faults}


COMPOSE = _by_name(
    *compose_gateway.GATEWAY,
    *compose_agents.TOKENS,
    *compose_agents.AGENTS,
    *compose_services.SERVICES,
)
KUBERNETES = _by_name(*kubernetes_faults.KUBERNETES)
COLLECTOR = _by_name(*compose_collectors.COLLECTORS)
FAULTS = {"compose": COMPOSE, "collector": COLLECTOR, "kubernetes": KUBERNETES}
