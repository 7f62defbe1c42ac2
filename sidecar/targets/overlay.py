"""The overlay target: agents for the services of Compose files that exist, as one more file.

Compose merges it over a user's files. It holds agents, their networks, and of each service only
what an agent needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.targets.compose import Names, compose_data, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.plan import Plan, ServicePlan

FILE = "docker-compose.tracing.yml"
_HOST_LINE = '\n    extra_hosts: ["{}:127.0.0.1"]'
"""The forwarder's name where the names of Compose do not resolve."""
NEVER = "sidecar-kit-replaced"
"""The profile of a service that was replaced; nobody activates it."""


@dataclass(frozen=True)
class Override:
    """A value that replaces what the files before say, where Compose would merge the two."""

    value: Any
    """Empty: the key goes."""


@dataclass(frozen=True)
class Change:
    """What the overlay says of one service that exists."""

    service: str
    settings: Mapping[str, Any]
    """Key of the service → value, or Override."""
    comment: str = ""


@dataclass(frozen=True)
class AgentPlace:
    """Where an agent of the overlay runs."""

    service: ServicePlan
    """The service that it is the agent of."""
    network: str
    """The private network with its service; empty: the host's network."""
    aliases: tuple[str, ...] = ()
    """Its further names there: of the agents that were replaced."""
    profiles: tuple[str, ...] = ()
    """Of its service."""

    @property
    def containers(self) -> tuple[str, ...]:
        """The names of the agent and, with a canary, of its collector and copier."""
        agent = self.service.agent
        canary = agent.canary
        return (agent.name, *((canary.agent.name, canary.copier.name) if canary else ()))

    @property
    def networks(self) -> tuple[str, ...]:
        """Its private networks."""
        canary = self.service.agent.canary
        return (self.network, *((canary.network,) if canary else ()))


@dataclass(frozen=True)
class Overlay:
    """What is added to a user's files."""

    files: tuple[str, ...]
    """The user's files, as seen from the first one's folder."""
    changes: tuple[Change, ...]
    agents: tuple[AgentPlace, ...]
    names: Names = field(default_factory=Names)


def render(plan: Plan, overlay: Overlay) -> str:
    """Return the overlay's text; the same input gives the same bytes."""
    return text_of(
        f"{FILE}.j2",
        plan,
        overlay=overlay,
        names=overlay.names,
        setting=setting,
        placed=lambda place: _placed(place, plan, overlay.names),
        copied=_copied,
    )


def setting(value: Any) -> str:  # noqa: ANN401 - data of any shape
    """Return a value of a service that exists, with Compose's tag where it replaces one."""
    if not isinstance(value, Override):
        return flow(value)
    return f"!override {flow(value.value)}" if value.value else "!reset null"


def flow(value: Any) -> str:  # noqa: ANN401
    """Return a value as YAML on one line, without quotes where none are needed."""
    if isinstance(value, dict):
        pairs = (f"{compose_data(key)}: {flow(each)}" for key, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return compose_data(value)


def _placed(place: AgentPlace, plan: Plan, names: Names) -> str:
    """Return the lines of an agent's networks."""
    if not place.network:
        return "network_mode: host" + (
            _HOST_LINE.format(plan.forwarder.name) if plan.forwarder else ""
        )
    if canary := place.service.agent.canary:
        itself = {"aliases": [canary.agent_alias]}
        return f"networks: {flow({names.gateway: {}, canary.network: itself})}"
    private: dict[str, Any] = {"aliases": place.aliases} if place.aliases else {}
    to_gateway = names.forwarder if plan.forwarder else names.gateway
    return f"networks: {flow({to_gateway: {}, place.network: private})}"


def _copied(place: AgentPlace) -> str:
    """Return the lines of a copier's networks: for the service, it is the agent."""
    agent = place.service.agent
    assert agent.canary is not None  # noqa: S101 - for the type checker
    names = {"aliases": [agent.name, *place.aliases]}
    return f"networks: {flow({place.network: names, agent.canary.network: {}})}"
