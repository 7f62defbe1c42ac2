"""What the services of a Compose file are: traced ones, agents, tracing backends, jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.existing.compose import software
from sidecar.existing.compose.agents import find_agents, is_kits_own
from sidecar.inject.compose.evidence import evidence_of
from sidecar.inject.compose.namespaces import inside, namespace_of, networks_of
from sidecar.rules.overlays import network_mode
from sidecar.rules.tracers import THRIFT

if TYPE_CHECKING:
    from sidecar.existing.compose.records import ComposeFile, ComposeService

_BACKEND = "tracing backend"
PROVIDER = "run by a provider"
"""Compose starts a program for it, and no container."""


class Roles:
    """What each service of one Compose file is, and what shows it."""

    def __init__(self, file: ComposeFile) -> None:
        self._services = file.services
        self.agents = {agent.service.name: agent for agent in find_agents(file.services)}
        self._tracers = {
            name: service.name
            for service in self._services.values()
            if self._is_tracer(service)
            for name in (service.name, *service.aliases)
        }
        self.evidence = {
            service.name: evidence_of(service, file, self._tracers)
            for service in self._services.values()
        }
        self._jobs = {
            name
            for service in self._services.values()
            for name, condition in service.depends_on.items()
            if condition == "service_completed_successfully"
        }

    def _is_tracer(self, service: ComposeService) -> bool:
        return service.name in self.agents or software.other_software(service) == _BACKEND

    def backend(self, name: str) -> str:
        """Return what a tracing backend is; empty for another service and for an agent."""
        agent = self.agents.get(name)
        if agent and agent.kind == "all-in-one":
            return "all-in-one"
        if agent:
            return ""
        service = self._services[name]
        return _BACKEND if software.other_software(service) == _BACKEND else ""

    def leavers(self) -> list[str]:
        """Return the hand-made agents that have a container of their own."""
        return [name for name, agent in self.agents.items() if agent.kind == "agent"]

    def other(self, service: ComposeService) -> str:
        """Return what a service is that no tracer is looked for in; empty for one of the user's."""
        agent = self.agents.get(service.name)
        if is_kits_own(service):
            return "the kit's own"
        if "provider" in service.places:
            return PROVIDER
        if agent and agent.kind != "embedded":
            return "hand-made agent" if agent.kind == "agent" else self.backend(service.name)
        known = service.build and self.evidence[service.name].way  # by its name alone
        return "" if known else software.other_software(service)

    def shows(self, name: str) -> bool:
        """Tell whether a service shows that it reports to an agent."""
        service = self._services[name]
        if self.other(service) or self.unreachable(service):
            return False
        way = self.evidence[name].way
        if way:
            return way.protocol == THRIFT
        return bool(self.linked_agent(service))

    def linked_agent(self, service: ComposeService) -> str:
        """Return the hand-made agent that a service waits for, links, or shares a network with."""
        agents = {name for name, agent in self.agents.items() if agent.kind == "agent"}
        mode = service.network_mode.removeprefix("service:")
        for name in (mode, *service.depends_on):
            if name in agents:
                return name
        within = (other.name for other in inside(service.name, self._services))
        return next((name for name in within if name in agents), "")

    def reaches_agent(self, name: str) -> bool:
        """Tell whether a service runs Python, and shares a network with a hand-made agent."""
        service = self._services[name]
        if self.other(service) or self.is_job(service) or not self.evidence[name].python:
            return False
        own = networks_of(service)
        agents = (self._services[agent] for agent in self.leavers())
        return self.evidence[name].way is None and any(own & networks_of(each) for each in agents)

    def unreachable(self, service: ComposeService) -> str:
        """Return why no agent can be reached from a service's network; empty where one can."""
        mode = namespace_of(service, self._services).mode
        return f"network_mode {mode}: no agent is reached" if network_mode(mode) else ""

    def is_job(self, service: ComposeService) -> bool:
        """Tell whether a service runs to its end: others wait for that, or nobody restarts it."""
        return service.name in self._jobs or service.restart in ("no", "none", "false")
