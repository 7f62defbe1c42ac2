"""The records of a spec, frozen, with the defaults."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.rules import agents, collectors
from sidecar.rules.specs import MISSING_REGION
from sidecar.spec.service_records import NO_LIMITS, Resources, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    Resourced = Mapping[str, Mapping[str, Mapping[str, str]]]
    """Whose → requests or limits → what → how much, as Kubernetes writes it."""

JAEGER_AGENT, COLLECTOR = "jaeger-agent", "collector"
VERSIONS = {
    JAEGER_AGENT: agents.DEFAULT_VERSION,
    COLLECTOR: collectors.DEFAULT_VERSION,
}
"""Each agent kind, and what it runs at if the spec names no version."""
AGENT_KINDS = tuple(VERSIONS)
OTLP_HTTP = "otlp-http"
OTLP_PROTOCOLS = ("otlp-grpc", OTLP_HTTP)
"""What the forwarder of collectors may speak to the gateway, the usual one first."""
IMAGE_SOURCES = ("auto", "registry", "build")
AGENT_SUFFIX = "-agent"
"""An agent is named after its service."""


@dataclass(frozen=True)
class GatewaySettings:
    """Which of the region's hosts takes the spans, or a host outside the catalogue."""

    network: str = "public"
    """public or vpc."""
    port: int | None = None
    """None: the catalogue's."""
    tls: bool = False
    host: str | None = None
    """None: the region's host on the network."""
    allow: tuple[str, ...] = ()
    """Hosts outside the catalogue that a token may go to."""
    protocol: str | None = None
    """One of OTLP_PROTOCOLS, for collectors; None: the usual one of the agent's kind."""


@dataclass(frozen=True)
class AgentSettings:
    """Which agent, at which version, with which limits."""

    kind: str = JAEGER_AGENT
    version: str = ""
    """Empty: the kind's own."""
    image: str | None = None
    """None: the official image of that version."""
    resources: Resources = NO_LIMITS
    """memory_mib None: computed from the capacity."""
    kubernetes: Resourced = field(default_factory=dict)
    """Of the containers that the kit adds in a cluster: resources, drainResources, …"""
    tcp_retries: int | None = None
    """net.ipv4.tcp_retries2 of its network; None: the kernel's."""
    buffer_s: int = 1800
    """How long an outage of the gateway a collector's queue holds."""
    disk_mib: int | None = None
    """The bound of the queue's file; None: computed from the capacity."""
    collector: Mapping[str, Any] = field(default_factory=dict)
    """Merged into a collector's configuration."""
    canary: str | None = None
    """COLLECTOR: one gets a copy of each packet, so that the two can be compared."""

    @property
    def has_collector(self) -> bool:
        """Whether a collector is an agent, or beside one."""
        return COLLECTOR in (self.kind, self.canary)

    @property
    def of_collector(self) -> AgentSettings:
        """What of these is for a canary's collector: not what is set for the agent alone."""
        return AgentSettings(
            COLLECTOR, buffer_s=self.buffer_s, disk_mib=self.disk_mib, collector=self.collector
        )

    def __post_init__(self) -> None:
        """Decide the version where none is given."""
        object.__setattr__(self, "version", self.version or VERSIONS[self.kind])


@dataclass(frozen=True)
class RelaySettings:
    """Collectors with volumes of their own between those of the pods and the gateway."""

    replicas: int = 2
    buffer_s: int | None = None
    """How long an outage they hold together; None: as the pods' collectors."""
    storage_mib: int | None = None
    """The size of each one's volume; None: computed."""
    kubernetes: Resourced = field(default_factory=dict)
    """resources: of each."""


@dataclass(frozen=True)
class ImageSettings:
    """Where images come from."""

    prefix: str = ""
    """A mirror's name before the official names; empty: the official registry."""
    source: str = "auto"
    """auto, registry or build: what `sidecar images` does."""


@dataclass(frozen=True)
class Capacity:
    """What one replica's agent has to carry."""

    spans_per_second: int = 2000
    round_trip_ms: int = 200
    """To the gateway and back."""


@dataclass(frozen=True)
class Spec:
    """Everything a user can ask for; `region` alone is a whole spec."""

    region: str = ""
    """Empty until a flag, a variable or a file names it."""
    gateway: GatewaySettings = GatewaySettings()
    services: tuple[Service, ...] | None = None
    """None: the sample's frontend and backend."""
    agent: AgentSettings = AgentSettings()
    images: ImageSettings = ImageSettings()
    capacity: Capacity = Capacity()
    name: str | None = None
    """The Compose project. None: services-REGION, and sidecar-REGION for the sample."""
    ignore: tuple[str, ...] = ()
    """Ids of rules whose warnings are accepted."""
    watch: bool = False
    """Whether a container watches the agents' counters; under Compose."""
    monitoring: bool = False
    """Whether files for Prometheus and Grafana are rendered; under Compose."""
    compose: tuple[str, ...] = ()
    """Compose files of the user's own, relative to the spec: agents are added by an overlay."""
    relay: RelaySettings | None = None
    """In clusters only."""


def require_region(region: str | None) -> str:
    """Return the region. Raises SidecarError if none was given."""
    if not region:
        problem = MISSING_REGION.problem("is not given", _fix_without_region())
        raise SidecarError.from_problem("region", problem)
    return region


def _fix_without_region() -> str:
    """Return the next step; a spec in this folder may name a region, and only --file is missing."""
    path = Path("sidecar.yaml")
    with contextlib.suppress(OSError):
        if path.is_file() and re.search(rb"(?m)^region:[ \t]*[^\s#]", path.read_bytes()):
            return "Give --file sidecar.yaml, which names one, or --region ID"
    return MISSING_REGION.fix
