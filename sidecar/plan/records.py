"""The records of a plan, and the names that a deployment has whatever its spec."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from sidecar.errors import SidecarError
from sidecar.regions import HTTP, HTTPS
from sidecar.rules import canaries
from sidecar.rules.agents import DEFAULT_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.plan.agents import Tuning
    from sidecar.plan.collector_sizes import Buffer
    from sidecar.plan.collectors import CollectorPlan
    from sidecar.plan.relays import RelayPlan
    from sidecar.regions import Gateway
    from sidecar.rules.services import HealthTiming
    from sidecar.spec import Build, JobSettings, Publish, Volume
    from sidecar.spec.records import Resourced

TOKEN_FILE = "secrets/agent.yaml"  # noqa: S105 - a file's name
BARE_FILE = "secrets/forwarder/token"
"""The same for collectors: the token, and nothing else, in a folder that the forwarder mounts.

A file that is mounted by itself stays the old one when it is replaced.
"""
SERVICE_USER = "10001:10001"
HOST = "sidecar"
"""What the agent of a host is named after."""
DIRECT = {"NO_PROXY": "*", "no_proxy": "*"}
"""For what stays inside the deployment.

Docker gives its client's proxy to every container that Compose starts.
"""


@dataclass(frozen=True)
class ImagePlan:
    """An image. If `variable` is given, Compose reads the name from it; `name` is the default."""

    name: str
    variable: str | None = None
    build_target: str | None = None
    """The Dockerfile's target, for the kit's own images."""


@dataclass(frozen=True)
class AgentPlan:
    """The agent of one service, which all its replicas share in Compose."""

    name: str
    kind: str
    version: str
    image: ImagePlan
    argv: tuple[str, ...]
    """As the agent gets them, without the program."""
    health: tuple[str, ...]
    """Its own probe; empty where the version has none."""
    user: str
    config_file: str
    """Inside the container; it holds the tags key with the token. Empty: it gets no token."""
    tuning: Tuning
    replica_tuning: Tuning
    """For a target that gives each replica an agent of its own."""
    cpus: float | None
    """None: no limit."""
    collector: CollectorPlan | None
    """What only a collector has; None for a jaeger-agent."""
    replica_buffer: Buffer | None
    """A collector's queue, for a target that gives each replica one of its own; else None."""
    tcp_retries: int | None
    """How often TCP repeats before it gives a connection up; None: the kernel's own number."""
    canary: CanaryPlan | None = None
    """What gets a copy of each packet; None: nothing."""
    kubernetes: Resourced = field(default_factory=dict)
    """What the spec gives in a cluster to the containers that the kit adds."""

    @property
    def tags_version(self) -> str:
        """The jaeger-agent whose key the token's config file has, whatever the kind."""
        return DEFAULT_VERSION if self.collector else self.version


@dataclass(frozen=True)
class CopierPlan:
    """The container in an agent's place, which gives each packet to the agent and a collector."""

    name: str
    image: ImagePlan
    program: tuple[str, ...]
    argv: tuple[str, ...]
    health: tuple[str, ...]
    user: str


@dataclass(frozen=True)
class CanaryPlan:
    """A collector that gets what an agent gets, so that the two can be compared."""

    agent: AgentPlan
    """The collector."""
    agent_alias: str
    """What the copier calls the agent: it has the agent's own name itself, for the service."""
    network: str
    """The private network of the copier, the agent and the collector."""
    copier: CopierPlan


@dataclass(frozen=True)
class ServicePlan:
    """One traced service."""

    name: str
    image: ImagePlan
    build: Build | None
    """For a user's image that is built; None: it is pulled, or one of the kit's own.

    Paths of the host, here and below, are relative to the rendering or absolute.
    """
    command: tuple[str, ...]
    environment: Mapping[str, str]
    env_files: tuple[str, ...]
    volumes: tuple[Volume, ...]
    port: int | None
    """None: nothing listens."""
    publish: Publish | None
    """Where the port is published on the host; each replica takes one port."""
    replicas: int
    health: tuple[str, ...]
    """The command of its health check; empty: the image's own check."""
    health_path: str | None
    """What the command fetches, for a target that fetches by itself."""
    health_timing: HealthTiming | None
    user: str | None
    """None: the image's own."""
    hardened: bool
    """Read-only root and no capabilities: true for the kit's own, unknown of a user's image."""
    depends_on: tuple[str, ...]
    """Services that must answer first."""
    memory_mib: int | None
    """None: no limit."""
    cpus: float | None
    agent: AgentPlan
    kind: str = "service"
    """As in the spec: service, worker, job or cron."""
    job: JobSettings | None = None
    """How it runs; None for what keeps running."""
    live: tuple[str, ...] = ()
    """The command that tells whether it lives, where that is not `health`; empty: none."""
    ready_path: str | None = None
    """What is fetched to see whether it takes requests now; None: as for its health."""
    fixed_replicas: int | None = None
    """As many as the spec says; None: whatever is set where it runs."""
    stop_grace_s: int | None = None
    """How long it may take to stop; None: the target's own."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Name → port that it listens on, too."""
    read_only_root: bool = False
    kubernetes: Mapping[str, Any] = field(default_factory=dict)
    """What is for a cluster only, as Kubernetes names it."""


@dataclass(frozen=True)
class StandInPlan:
    """The stand-in for the gateway, in the region `local` only."""

    name: str
    image: ImagePlan
    argv: tuple[str, ...]
    http_port: int
    grpc_port: int
    health: tuple[str, ...]
    user: str


@dataclass(frozen=True)
class QueuesPlan:
    """The container that gives new volumes to the collectors' user, and ends."""

    name: str
    image: ImagePlan
    program: tuple[str, ...]
    folder: str
    """Inside it: each volume is below, by its collector's name."""


@dataclass(frozen=True)
class ForwarderPlan:
    """The container between collectors and the gateway, which adds the token."""

    name: str
    image: ImagePlan
    program: tuple[str, ...]
    argv: tuple[str, ...]
    health: tuple[str, ...]
    user: str
    port: int
    """Where collectors reach it."""
    token_folder: str
    """Inside the container: where the folder of the token's file is mounted."""
    memory_mib: int
    tcp_retries: int | None
    """As of an agent: of its connections to the gateway."""


@dataclass(frozen=True)
class WatchPlan:
    """The container that watches the agents' counters."""

    name: str
    image: ImagePlan
    program: tuple[str, ...]
    argv: tuple[str, ...]
    health: tuple[str, ...]
    user: str


@dataclass(frozen=True)
class Plan:
    """One deployment."""

    kit_version: str
    project: str
    """The name that Compose gives to everything it starts."""
    region: str
    region_name: str
    gateway: Gateway
    token_file: str
    """Relative to the rendering; what the stand-in reads, too, in the region `local`."""
    bare_token_file: str
    """What the forwarder reads; relative to the rendering."""
    forwarder: ForwarderPlan | None
    """None: agents have the token themselves."""
    relay: RelayPlan | None
    """In clusters only."""
    queues: QueuesPlan | None
    """None: no agent keeps anything on disk."""
    services: tuple[ServicePlan, ...]
    host_agent: AgentPlan
    """The one agent of all replicas on a host without containers, for systemd."""
    host_forwarder: ForwarderPlan | None
    """Its forwarder; None: it has the token itself."""
    stand_in: StandInPlan | None
    watch: WatchPlan | None
    monitoring: bool
    """Whether files for Prometheus and Grafana are rendered."""
    base: ImagePlan
    """What the kit's own images are built on."""
    probe: ImagePlan
    """What verify starts briefly, to look from inside the deployment's networks."""
    image_source: str
    """auto, registry or build: how `sidecar images` obtains them."""
    source: str | None
    """The kit's checkout relative to the rendering, from which images build. None: pull them."""

    @property
    def is_canary(self) -> bool:
        """Whether agents have collectors beside them."""
        return any(service.agent.canary for service in self.services)

    @property
    def collectors(self) -> tuple[AgentPlan, ...]:
        """The services' collectors: in the agents' places, or beside them."""
        agents = (service.agent for service in self.services)
        both = (agent.canary.agent if agent.canary else agent for agent in agents)
        return tuple(agent for agent in both if agent.collector)

    @property
    def agents_have_token(self) -> bool:
        """Whether agents send to the gateway themselves."""
        return self.forwarder is None or self.is_canary

    def require_no_canary(self, target: str) -> None:
        """Raise SidecarError for a canary, which only one target has."""
        if self.is_canary:
            raise SidecarError.from_problem("agent.canary", canaries.target(target))

    @property
    def is_over_http(self) -> bool:
        """Whether collectors send over HTTP, which only the forwarder can."""
        return self.forwarder is not None and self.gateway.protocol in (HTTP, HTTPS)

    @property
    def sent_token_file(self) -> str:
        """The file whose token goes to the gateway; relative to the rendering."""
        return self.token_file if self.agents_have_token else self.bare_token_file

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)
