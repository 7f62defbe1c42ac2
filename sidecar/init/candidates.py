"""Which services of a Compose file to trace, and why the others are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.existing.compose import software
from sidecar.existing.compose.agents import own

if TYPE_CHECKING:
    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, ComposeService

TRACED = ("JAEGER_", "OTEL_EXPORTER_JAEGER_")
"""How the variables of a traced service begin."""
AGENT_REASONS = {
    "agent": "hand-made agent: the kit runs one beside each service",
    "all-in-one": "tracing backend: the region's gateway, or `local`'s stand-in, takes its place",
}


@dataclass(frozen=True)
class LeftAlone:
    """A service that is not taken over."""

    service: str
    image: str
    place: str
    why: str


def choose(
    file: ComposeFile, agents: list[HandMadeAgent]
) -> tuple[list[ComposeService], list[LeftAlone]]:
    """Return the services to trace and the others.

    Where one shows that it is traced, only those that do are taken; else all that run Python or have a port.
    """
    by_name = {agent.service.name: agent for agent in agents}
    jobs = {
        name
        for service in file.services.values()
        for name, condition in service.depends_on.items()
        if condition == "service_completed_successfully"
    }
    reasons = {name: _reason(service, by_name, jobs) for name, service in file.services.items()}
    left = {name for name, reason in reasons.items() if reason}
    traced = {
        name
        for name, service in file.services.items()
        if name not in left and shows_tracing(service, by_name)
    }
    for name, service in file.services.items():
        if name not in left and name not in traced:
            reasons[name] = _untraced(service, some_are=bool(traced))
    chosen = [service for name, service in file.services.items() if not reasons[name]]
    return chosen, [
        left_alone(file.services[name], reason) for name, reason in reasons.items() if reason
    ]


def left_alone(service: ComposeService, why: str) -> LeftAlone:
    """Return the record of a service that is not taken over."""
    return LeftAlone(
        service.name, service.image.text[:100] if service.image else "", service.place, why
    )


def shows_tracing(service: ComposeService, agents: dict[str, HandMadeAgent]) -> bool:
    """Tell whether a service has a tracer's variables, or is linked to an agent."""
    shared = service.network_mode.removeprefix("service:")
    inside = any(
        agent.service.network_mode == f"service:{service.name}" for agent in agents.values()
    )
    return (
        any(name.startswith(TRACED) for name in service.environment)
        or service.name in agents
        or shared in agents
        or inside
        or any(name in agents for name in service.depends_on)
    )


def _reason(service: ComposeService, agents: dict[str, HandMadeAgent], jobs: set[str]) -> str:
    """Return why a service cannot be one to trace; empty where it can."""
    agent = agents.get(service.name)
    traced = shows_tracing(service, agents)
    kind = software.other_software(service)
    reasons = {
        "the kit's own": own(service),
        AGENT_REASONS.get(agent.kind, "") if agent else "": agent is not None,
        "has neither image nor build": not service.image and not service.build,
        kind: not (service.build and traced),
        "a job that ends": service.name in jobs,
        f"starts with the profile {', '.join(service.profiles)} only": service.profiles
        and not traced,
    }
    return next((reason for reason, holds in reasons.items() if reason and holds), "")


def _untraced(service: ComposeService, *, some_are: bool) -> str:
    if some_are:
        return "no JAEGER_* variable and no link to an agent, while others have one"
    if software.runs_python(service) or service.ports or service.expose:
        return ""
    return "neither Python nor a port to see"
