"""Which services of a Compose file are traced, or could be, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.existing.compose import software
from sidecar.existing.compose.agents import is_kits_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, ComposeService

    ByName = Mapping[str, HandMadeAgent]

TRACED = ("JAEGER_", "OTEL_EXPORTER_JAEGER_")
"""How the variables of a traced service begin."""
_KITS_OWN, _ENDS, _BACKEND = "the kit's own", "a job that ends", "tracing backend"
_AGENT = "hand-made agent"
NOT_NEEDED = (_AGENT, _KITS_OWN, _ENDS, _BACKEND)
"""How the reasons of services begin that no traced service misses."""
_AGENT_REASONS = {
    "agent": f"{_AGENT}: the kit runs one for each service",
    "all-in-one": f"{_BACKEND}: the region's gateway, or `local`'s stand-in, replaces it",
}


@dataclass(frozen=True)
class Untraced:
    """A service that is not taken over."""

    service: str
    image: str
    place: str
    why: str


def choose(
    file: ComposeFile, agents: Iterable[HandMadeAgent]
) -> tuple[list[ComposeService], list[Untraced]]:
    """Return the services to trace, and the others.

    Where a service shows that it is traced, only those that do are taken. Otherwise, all that run
    Python or have a port are.
    """
    by_name = {agent.service.name: agent for agent in agents}
    jobs = _jobs(file)
    services = file.services.values()
    reasons = {service.name: _reason(service, by_name, jobs) for service in services}
    candidates = [service for service in services if not reasons[service.name]]
    traced = {service.name for service in candidates if shows_tracing(service, by_name)}
    for service in candidates:
        if service.name not in traced:
            reasons[service.name] = _untraced(service, some_are=bool(traced))
    chosen = [service for service in services if not reasons[service.name]]
    left = [service for service in services if reasons[service.name]]
    return chosen, [untraced(service, reasons[service.name]) for service in left]


def untraced(service: ComposeService, why: str) -> Untraced:
    """Return the record of a service that is not taken over."""
    image = service.image.text[:100] if service.image else ""
    return Untraced(service.name, image, service.place, why)


def shows_tracing(service: ComposeService, agents: ByName) -> bool:
    """Tell whether a service has a tracer's variables, or is linked to an agent."""
    if any(name.startswith(TRACED) for name in service.environment):
        return True
    linked = {service.name, service.network_mode.removeprefix("service:"), *service.depends_on}
    inside = f"service:{service.name}"
    return bool(linked & agents.keys()) or any(
        agent.service.network_mode == inside for agent in agents.values()
    )


def _jobs(file: ComposeFile) -> set[str]:
    """Return the services whose end others wait for."""
    ends = "service_completed_successfully"
    conditions = (service.depends_on.items() for service in file.services.values())
    return {name for pairs in conditions for name, condition in pairs if condition == ends}


def _reason(service: ComposeService, agents: ByName, jobs: set[str]) -> str:
    """Return why a service cannot be one to trace; empty where it can."""
    agent = agents.get(service.name)
    if is_kits_own(service):
        return _KITS_OWN
    if agent and agent.kind in _AGENT_REASONS:
        return _AGENT_REASONS[agent.kind]
    if not service.image and not service.build:
        return "has neither image nor build"
    use = software.other_software(service)
    traced = shows_tracing(service, agents)
    reasons = {
        use: not (service.build and traced),
        _ENDS: service.name in jobs,
        f"starts only with the profile {', '.join(service.profiles)}": service.profiles
        and not traced,
    }
    return next((reason for reason, holds in reasons.items() if reason and holds), "")


def _untraced(service: ComposeService, *, some_are: bool) -> str:
    if some_are:
        return "no JAEGER_* variable and no link to an agent, while others have one"
    if software.runs_python(service) or service.ports or service.expose:
        return ""
    return "neither Python nor a port"
