"""What is decided about a collector in the agent's place: a kind of agent, as agents.py is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sidecar import image_names, yamlio
from sidecar.errors import SidecarError
from sidecar.plan import collector_configuration as made
from sidecar.plan import collector_sizes as sizes
from sidecar.regions import HTTP, HTTPS, OTLP_GRPC
from sidecar.rules import collectors as rules
from sidecar.rules import forwarders
from sidecar.spec import OTLP_HTTP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.image_names import Image
    from sidecar.plan.agents import Tuning
    from sidecar.regions import Gateway
    from sidecar.spec import AgentSettings, Capacity, GatewaySettings, Service

USER = "10001:10001"
"""The user of the official image."""
CONFIG_FILE = "/etc/otelcol/config.yaml"
TOKEN_FILE = ""
"""It gets none: the forwarder has the token."""
tune = sizes.tune


@dataclass(frozen=True)
class CollectorPlan:
    """What a collector has that a jaeger-agent has not."""

    buffer: sizes.Buffer
    configuration: Mapping[str, Any]
    """Its whole configuration, as data."""
    config_file: str
    """Inside the container, as the next."""
    queue_folder: str
    go_memory_mib: int
    """Where Go's garbage collector begins to work hard."""
    metrics_port: int
    forwarder: str
    """The host's name of what adds the token."""
    overrides: Mapping[str, Any]
    """What the spec lays over the configuration."""

    @cached_property
    def text(self) -> str:
        """The configuration as YAML."""
        return yamlio.block(self.configuration)


def argv(
    agent: AgentSettings,
    gateway: Gateway,  # noqa: ARG001 - the forwarder's
    tuning: Tuning,  # noqa: ARG001
    *,
    tls: bool = False,  # noqa: ARG001
) -> tuple[str, ...]:
    """Return the collector's arguments, without the program.

    Raises SidecarError for a version that the kit does not know.
    """
    if problem := rules.version(agent.version):
        raise SidecarError.from_problem(f"agent version {agent.version!r}", problem)
    return (f"--config={CONFIG_FILE}",)


def health(agent: AgentSettings) -> tuple[str, ...]:  # noqa: ARG001 - as any kind's
    """Return nothing: the official image holds no program that could ask."""
    return ()


def image(version: str, prefix: str) -> Image:
    """Return the official image, behind a prefix."""
    return image_names.collector(version, prefix)


def protocol(gateway: GatewaySettings) -> str:
    """Return what the forwarder speaks to the gateway."""
    if gateway.protocol == OTLP_HTTP:
        return HTTPS if gateway.tls else HTTP
    return OTLP_GRPC


def plan_collector(
    service: Service,
    agent: AgentSettings,
    tuning: Tuning,
    capacity: Capacity,
    *,
    forwarder: str,
) -> CollectorPlan:
    """Decide what a collector has that an agent has not; `forwarder` is a host's name.

    Raises SidecarError for settings with which it would lose spans.
    """
    if service.sampling and (problem := rules.sampler(service.sampling.type)):
        raise SidecarError.from_problem(f"services.{service.name}.sampling", problem)
    queue = sizes.buffer(agent, capacity)
    if problem := rules.disk(sizes.disk_needed(queue.queue_spans), queue.disk_mib):
        raise SidecarError.from_problem("agent.buffer", problem)
    endpoint = f"{forwarder}:{forwarders.GRPC_PORT}"
    whole = made.merged(made.configuration(endpoint, tuning, queue), agent.collector)
    for path, problem in rules.configuration(whole):
        raise SidecarError.from_problem(f"agent.collector.{path}", problem)
    return CollectorPlan(
        buffer=queue,
        configuration=whole,
        config_file=CONFIG_FILE,
        queue_folder=made.QUEUE_FOLDER,
        go_memory_mib=sizes.share_of(tuning.memory_mib, sizes.GO_SHARE),
        metrics_port=rules.METRICS_PORT,
        forwarder=forwarder,
        overrides=agent.collector,
    )


def through(plan: CollectorPlan, forwarder: str) -> CollectorPlan:
    """Return what a collector has whose forwarder has another name."""
    endpoints = [f"{name}:{forwarders.GRPC_PORT}" for name in (plan.forwarder, forwarder)]
    renamed = made.replaced(plan.configuration, *endpoints)
    return replace(plan, configuration=renamed, forwarder=forwarder)


def on_loopback(plan: CollectorPlan) -> CollectorPlan:
    """Return what a collector has that shares a host's network: nobody else reaches its ports."""
    return replace(plan, configuration=made.on_loopback(plan.configuration))
