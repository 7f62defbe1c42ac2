"""The records of a plan, and the names that a deployment has whatever its spec."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.agent import Tuning
    from sidecar.regions import Gateway
    from sidecar.spec import Build, HealthTiming, Publish, Volume

LOCAL_TOKEN_FILE = "local-agent.yaml"  # noqa: S105 - a file's name
TOKEN_FILE = "secrets/agent.yaml"  # noqa: S105 - a file's name
AGENT_CONFIG = "/run/secrets/agent.yaml"
GATEWAY_HTTP_PORT = 16686
SERVICE_USER = "10001:10001"
DIRECT = {"NO_PROXY": "*", "no_proxy": "*"}
"""For what stays inside the deployment: Docker hands its client's proxy to every container that Compose starts."""


@dataclass(frozen=True)
class ImagePlan:
    """An image; where `variable` is given, Compose reads the name from it and `name` is the default."""

    name: str
    variable: str | None = None
    build_target: str | None = None
    """The Dockerfile's target, for the kit's own images."""


@dataclass(frozen=True)
class AgentPlan:
    """The agent beside one service, and beside all replicas of it."""

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
    """Inside the container; holds the tags key with the token, and nothing else."""
    tuning: Tuning
    replica_tuning: Tuning
    """For a target that puts an agent beside each replica."""
    cpus: float | None
    """None: no limit."""


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
    """Where the host shows the port; replicas take as many ports as they are."""
    replicas: int
    health: tuple[str, ...]
    """The command of its check; empty: the image's own check."""
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
class Plan:
    """One deployment."""

    kit_version: str
    project: str
    """The name that Compose gives to everything it starts."""
    region: str
    region_name: str
    gateway: Gateway
    token_file: str
    """Relative to the rendering."""
    services: tuple[ServicePlan, ...]
    stand_in: StandInPlan | None
    base: ImagePlan
    """What the kit's own images are built on."""
    probe: ImagePlan
    """What verify starts for a moment, to look from inside the deployment's networks."""
    image_source: str
    """auto, registry or build: how `sidecar images` obtains them."""
    source: str | None
    """The kit's checkout relative to the rendering: where images build from. None: they are pulled."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)
