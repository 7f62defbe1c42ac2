"""The canaries of an overlay, with names that are free in the user's files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.inject.compose.free_names import free
from sidecar.plan.canaries import renamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.plan import ServicePlan
    from sidecar.plan.records import CanaryPlan


class Canaries:
    """Owner of an agent → its canary as it is called here."""

    def __init__(self, taken: set[str], networks: set[str]) -> None:
        """Names that are chosen are added to those that are taken."""
        self._taken, self._networks = taken, networks
        self._found: dict[str, CanaryPlan] = {}

    def place(self, services: Mapping[str, ServicePlan]) -> None:
        """Name the canaries of these services."""
        for name, service in services.items():
            if service.agent.canary:
                self._found[name] = self._named(name, service.agent.canary)

    def _named(self, owner: str, canary: CanaryPlan) -> CanaryPlan:
        collector = self._free(f"{owner}-canary")
        alias = self._free(f"{owner}-agent-itself")
        network = free(f"{owner}-copies", f"{owner}-tracing-copies", self._networks)
        self._networks.add(network)
        made = renamed(canary, collector, alias, self._free(f"{owner}-copier"))
        return replace(made, network=network)

    def _free(self, wanted: str) -> str:
        name = free(wanted, f"{wanted}-tracing", self._taken)
        self._taken.add(name)
        return name

    @property
    def collectors(self) -> list[str]:
        """The names of all collectors."""
        return [canary.agent.name for canary in self._found.values()]

    def first(self, owner: str) -> tuple[str, ...]:
        """Return what is started before a service, besides its agent."""
        canary = self._found.get(owner)
        return (canary.copier.name,) if canary else ()

    def of(self, service: ServicePlan) -> ServicePlan:
        """Return a service whose canary has its names; the rest of it stays."""
        named, own = self._found.get(service.name), service.agent.canary
        if named is None or own is None:
            return service
        agent = replace(named.agent, collector=own.agent.collector)
        canary = replace(named, agent=agent)
        return replace(service, agent=replace(service.agent, canary=canary))
