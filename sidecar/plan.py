"""The plan: everything decided about a deployment. Frozen, and the only input of a target."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sidecar import __version__
from sidecar import agent as agents
from sidecar.errors import SidecarError
from sidecar.images import names
from sidecar.regions import LOCAL as LOCAL_REGION
from sidecar.regions import gateway_of
from sidecar.spec import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.regions import Gateway, Region
    from sidecar.spec import Spec

LOCAL = LOCAL_REGION
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
    """The agent beside one service."""

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
    tuning: agents.Tuning


@dataclass(frozen=True)
class ServicePlan:
    """One traced service."""

    name: str
    image: ImagePlan
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    publish: int | None
    """Host port on 127.0.0.1."""
    health: tuple[str, ...]
    user: str | None
    """None: the image's own."""
    hardened: bool
    """Read-only root and no capabilities: true for the kit's own, unknown of a user's image."""
    depends_on: tuple[str, ...]
    """Services that must answer first."""
    memory_mib: int | None
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
    source: str | None
    """The kit's checkout relative to the rendering: where images build from. None: they are pulled."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)


def make_plan(spec: Spec, region: Region, source: str | None = None) -> Plan:
    """Decide everything for a spec in its region.

    Raises SidecarError where the region has no host on the network, no agent has the version, or a service takes
    the stand-in's name or port.
    """
    gateway = gateway_of(region, spec.network)
    tuning = agents.tune(spec.capacity)
    services = spec.services if spec.services is not None else sample_services()
    if region.id == LOCAL:
        _check_local(services, gateway)
    kit_images = names.official(spec.agent.version)
    return Plan(
        kit_version=__version__,
        project=f"sidecar-{region.id}",
        region=region.id,
        region_name=region.name,
        gateway=gateway,
        token_file=LOCAL_TOKEN_FILE if region.id == LOCAL else TOKEN_FILE,
        services=tuple(
            _service(service, _agent(service, spec, gateway, tuning, kit_images.agent), own=spec.services is None)
            for service in services
        ),
        stand_in=_stand_in(gateway, kit_images.gateway) if region.id == LOCAL else None,
        base=ImagePlan(kit_images.base.name, kit_images.base.variable),
        probe=ImagePlan(kit_images.gateway.name, kit_images.gateway.variable),
        source=source,
    )


def _check_local(services: tuple[Service, ...], gateway: Gateway) -> None:
    for service in services:
        if gateway.host in (service.name, f"{service.name}{agents.SUFFIX}"):
            raise SidecarError(f"service {service.name}", "has the name of the stand-in gateway", "Rename the service")
        if service.publish == GATEWAY_HTTP_PORT:
            raise SidecarError(
                f"service {service.name}",
                f"publishes {GATEWAY_HTTP_PORT}, the stand-in gateway's page",
                "Choose another port",
            )


def sample_services() -> tuple[Service, ...]:
    """Return the sample: a frontend that calls a backend, one image for both."""
    image = names.official().sample.name
    return (
        Service("frontend", image, 8080, 8080, _gunicorn("frontend"), {"BACKEND_URL": "http://backend:8081"}),
        Service("backend", image, 8081, None, _gunicorn("backend")),
    )


def _gunicorn(name: str) -> tuple[str, ...]:
    return ("gunicorn", "--config", "python:sample_service.gunicorn_conf", f"sample_service.{name}:app")


def _service(service: Service, agent: AgentPlan, *, own: bool) -> ServicePlan:
    traced = {
        "JAEGER_AGENT_HOST": agent.name,
        "JAEGER_AGENT_PORT": str(agents.COMPACT_PORT),
        "JAEGER_SERVICE_NAME": service.name,
    }
    sample = names.official().sample
    return ServicePlan(
        name=service.name,
        image=ImagePlan(sample.name, sample.variable, sample.role) if own else ImagePlan(service.image),
        command=service.command,
        environment={**traced, **({"PORT": str(service.port), **DIRECT} if own else {}), **service.environment},
        port=service.port,
        publish=service.publish,
        health=_http_health(service.port) if own else (),
        user=SERVICE_USER if own else None,
        hardened=own,
        depends_on=("backend",) if own and service.name == "frontend" else (),
        memory_mib=256 if own else None,
        agent=agent,
    )


def _http_health(port: int, path: str = "/healthz") -> tuple[str, ...]:
    fetch = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}{path}', timeout=2)"
    return ("python", "-c", fetch)


def _agent(service: Service, spec: Spec, gateway: Gateway, tuning: agents.Tuning, official: names.Image) -> AgentPlan:
    own_image = spec.agent.image
    return AgentPlan(
        name=f"{service.name}{agents.SUFFIX}",
        kind=spec.agent.kind,
        version=spec.agent.version,
        image=ImagePlan(own_image) if own_image else ImagePlan(official.name, official.variable),
        argv=agents.argv(spec.agent, gateway, tuning, listen="0.0.0.0", config_file=AGENT_CONFIG),  # noqa: S104 - inside its own network
        health=agents.health(spec.agent),
        user=agents.USER,
        config_file=AGENT_CONFIG,
        tuning=tuning,
    )


def _stand_in(gateway: Gateway, image: names.Image) -> StandInPlan:
    return StandInPlan(
        name=gateway.host,
        image=ImagePlan(image.name, image.variable, image.role),
        argv=(
            "gateway",
            f"--grpc=0.0.0.0:{gateway.port}",
            f"--http=0.0.0.0:{GATEWAY_HTTP_PORT}",
            f"--token-file={AGENT_CONFIG}",
        ),
        http_port=GATEWAY_HTTP_PORT,
        grpc_port=gateway.port,
        health=_http_health(GATEWAY_HTTP_PORT),
        user=SERVICE_USER,
    )
