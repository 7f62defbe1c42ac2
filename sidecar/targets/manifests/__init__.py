"""The additions to a pod template that exists: an agent, its volumes, and the service's variables.

They say what the chart's library says (helm/charts/sidecar-agent); a test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sidecar.image_names import built_agent, built_collector
from sidecar.plan import agents
from sidecar.rules import tracers
from sidecar.rules.agents import ADMIN_PORT, COMPACT_PORT, PORTS
from sidecar.rules.collectors import PORTS as COLLECTOR_PORTS
from sidecar.spec import COLLECTOR, JAEGER_AGENT
from sidecar.targets.manifests import collectors
from sidecar.targets.manifests.parts import (
    AGENT,
    CONFIG,
    DRAIN,
    FOLDER,
    QUEUE,
    VOLUME,
    WAIT,
    container,
    probes,
    token_volume,
)
from sidecar.targets.manifests.shared import Shared
from sidecar.targets.manifests.text import Fixed

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.plan import AgentPlan, Plan
    from sidecar.targets.manifests.parts import Data

LOOPBACK = "127.0.0.1"
VARIABLES = {"JAEGER_AGENT_HOST": LOOPBACK, "JAEGER_AGENT_PORT": str(COMPACT_PORT)}
"""What the services in a pod are given."""
OTEL = {
    tracers.OTEL_AGENT_HOST: "JAEGER_AGENT_HOST",
    tracers.OTEL_AGENT_PORT: "JAEGER_AGENT_PORT",
}
"""What OpenTelemetry's Jaeger exporter reads → which of them it is."""
_LISTENS = ("processor.", "http-server.")
"""Beginnings of the flags that say where clients reach the agent."""
STOP_DELAY_SECONDS = 20
"""How long a plain container waits for the last spans of its service, as in the chart."""


@dataclass(frozen=True)
class OwnNames:
    """What inject calls its own in a pod, and what is taken there."""

    containers: tuple[str, ...]
    volumes: tuple[str, ...]
    ports: tuple[int, ...]


OWN_NAMES = {
    JAEGER_AGENT: OwnNames((AGENT,), (VOLUME,), PORTS),
    COLLECTOR: OwnNames((WAIT, AGENT, DRAIN), (CONFIG, QUEUE), COLLECTOR_PORTS),
}
"""Each kind of agent → the names of its parts."""


@dataclass(frozen=True)
class Additions:
    """What is added to a pod."""

    kind: str
    """Of agent."""
    agent: Data
    successor: Data
    """The agent that takes the place of another one: it listens on all addresses, as that did."""
    volumes: tuple[Data, ...]
    environment: dict[str, str]
    native: bool
    """The agent is an init container that keeps running."""
    kit_version: str
    gateway: str
    """HOST:PORT that the agent, or its forwarder, reports to."""
    wait: Data | None = None
    """The container that waits at a pod's start; None for agents."""
    shared: Shared | None = None
    """What the collectors of a namespace have in common; None for agents."""
    drain: Callable[[int], Data] | None = None
    """Seconds that a pod has to end → the container that waits then; None for agents."""

    def around(self, agent: Data, grace_seconds: int) -> list[Data]:
        """Return an agent between what waits, in a pod that has so long to end.

        A plain container is not among the init containers, and has nothing around it.
        """
        if self.wait is None or self.drain is None or not self.native:
            return [agent]
        return [self.wait, agent, self.drain(grace_seconds)]


def additions(
    plan: Plan, secret: str, *, native: bool, name: str = "sidecar", image: str = ""
) -> Additions:
    """Return what a plan adds to each pod; `secret` names the Secret with the token.

    `name` is how the names of what collectors share begin, and `image` the kit's own for them.
    """
    plan.require_no_canary("inject")
    agent = plan.services[0].agent
    if agent.collector:
        shared = Shared.of(plan, secret, name, image)
        return _collector(plan, shared, native=native)
    own = _container(agent, image_of(plan, agent), native=native)
    return Additions(
        kind=JAEGER_AGENT,
        agent=Fixed(own),
        successor=Fixed({**own, "args": list(map(_anywhere, own["args"]))}),
        volumes=(Fixed(token_volume(secret, "agent.yaml")),),
        environment=VARIABLES,
        native=native,
        kit_version=plan.kit_version,
        gateway=plan.gateway.address,
    )


def _collector(plan: Plan, shared: Shared, *, native: bool) -> Additions:
    agent = plan.services[0].agent
    own = collectors.container(agent, image_of(plan, agent), native=native)
    anywhere = [*own["args"], collectors.ANYWHERE]

    @cache
    def drain(grace_seconds: int) -> Fixed:
        return Fixed(collectors.drain(shared.image, agent, grace_seconds))

    return Additions(
        kind=COLLECTOR,
        agent=Fixed(own),
        successor=Fixed({**own, "args": anywhere}),
        volumes=tuple(map(Fixed, collectors.volumes(agent, shared.config_name))),
        environment=VARIABLES,
        native=native,
        kit_version=plan.kit_version,
        gateway=plan.gateway.address,
        wait=Fixed(collectors.wait(shared.image, agent, shared.forwarder)),
        shared=shared,
        drain=drain,
    )


def image_of(plan: Plan, agent: AgentPlan) -> str:
    """Return the agent's image; the one that is built, where the spec or the region asks for it."""
    if agent.image.variable is None:
        last = agent.image.name.rpartition("/")[2]
        tagged = ":" in last or "@" in last
        return agent.image.name if tagged else f"{agent.image.name}:{agent.version}"
    built = plan.stand_in is not None or plan.image_source == "build"
    of = built_collector if agent.collector else built_agent
    return of(agent.version) if built else agent.image.name


def _container(agent: AgentPlan, image: str, *, native: bool) -> Data:
    own = {
        "args": agents.on_loopback(agent.argv, FOLDER),
        "ports": [
            {"name": "jaeger-compact", "containerPort": COMPACT_PORT, "protocol": "UDP"},
            {"name": "agent-admin", "containerPort": ADMIN_PORT},
        ],
        **_probes(agent),
        **({} if native else {"lifecycle": {"preStop": _stop_delay()}}),
    }
    mounts = [{"name": VOLUME, "mountPath": FOLDER, "readOnly": True}]
    return container(agent, image, own, mounts, native=native)


def _anywhere(argument: str) -> str:
    """Return an argument for an agent that clients may know as localhost, which may be ::1."""
    flag, _, address = argument.partition("=")
    host, _, port = address.rpartition(":")
    listens = flag.removeprefix("--").startswith(_LISTENS)
    return f"{flag}=:{port}" if listens and host == LOOPBACK else argument


def _probes(agent: AgentPlan) -> Data:
    return probes({"exec": {"command": list(agent.health)}}) if agent.health else {}


def _stop_delay() -> Data:
    """Return a wait by a program: plain containers are for versions before `sleep`."""
    return {"exec": {"command": ["sleep", str(STOP_DELAY_SECONDS)]}}
