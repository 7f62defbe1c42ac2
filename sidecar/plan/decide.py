"""Spec and region → plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar import __version__, image_names
from sidecar import agent as agents
from sidecar.errors import SidecarError
from sidecar.plan import gateways
from sidecar.plan.records import (
    AGENT_CONFIG,
    GATEWAY_HTTP_PORT,
    LOCAL_TOKEN_FILE,
    SERVICE_USER,
    TOKEN_FILE,
    AgentPlan,
    ImagePlan,
    Plan,
    ServicePlan,
    StandInPlan,
)
from sidecar.plan.services import http_probe, plan_sample, plan_service, sample_services
from sidecar.regions import LOCAL

if TYPE_CHECKING:
    from collections.abc import Collection

    from sidecar.regions import Gateway, Region
    from sidecar.spec import Service, Spec


def make_plan(
    spec: Spec,
    region: Region,
    source: str | None = None,
    *,
    folder: str = ".",
    known_hosts: Collection[str] = (),
) -> Plan:
    """Decide everything for a spec in its region.

    `source` and `folder` lead from the rendering to the kit's checkout and to the spec; `known_hosts` are those of the
    catalogue. Raises SidecarError where the region has no host on the network, a token would go to a host that is
    neither in the catalogue nor allowed, no agent has the version, or a service takes the stand-in's name or port.
    """
    gateway = gateways.choose(spec.gateway, region, known_hosts)
    if region.id == LOCAL:
        _check_local(spec.services or sample_services(), gateway)
    official = image_names.official(spec.agent.version, spec.images.prefix)
    project = _project(spec, region)
    return Plan(
        kit_version=__version__,
        project=project,
        region=region.id,
        region_name=region.name,
        gateway=gateway,
        token_file=LOCAL_TOKEN_FILE if region.id == LOCAL else TOKEN_FILE,
        services=_services(spec, gateway, official.agent, project, folder),
        stand_in=_stand_in(gateway, official.gateway) if region.id == LOCAL else None,
        base=ImagePlan(official.base.name, official.base.variable),
        probe=ImagePlan(official.gateway.name, official.gateway.variable),
        image_source=spec.images.source,
        source=source,
    )


def _project(spec: Spec, region: Region) -> str:
    """Return the deployment's name; a user's own services never share the demonstration's."""
    return spec.name or f"{'sidecar' if spec.services is None else 'services'}-{region.id}"


def _services(
    spec: Spec, gateway: Gateway, official: image_names.Image, project: str, folder: str
) -> tuple[ServicePlan, ...]:
    if spec.services is None:
        return tuple(
            plan_sample(one, _agent(one, spec, gateway, official)) for one in sample_services()
        )
    return tuple(
        plan_service(one, _agent(one, spec, gateway, official), project, folder)
        for one in spec.services
    )


def _check_local(services: tuple[Service, ...], gateway: Gateway) -> None:
    for service in services:
        if gateway.host in (service.name, f"{service.name}{agents.SUFFIX}"):
            cause = "is the name of the stand-in gateway"
            raise SidecarError(f"services.{service.name}.name", cause, "Rename the service")
        if service.publish and GATEWAY_HTTP_PORT in service.publish.ports(service.replicas):
            cause = f"takes {GATEWAY_HTTP_PORT}, the stand-in gateway's page"
            raise SidecarError(f"services.{service.name}.publish", cause, "Choose another port")


def _agent(
    service: Service, spec: Spec, gateway: Gateway, official: image_names.Image
) -> AgentPlan:
    wish = spec.agent
    tuning = _tuning(spec, service.replicas)
    return AgentPlan(
        name=f"{service.name}{agents.SUFFIX}",
        kind=wish.kind,
        version=wish.version,
        image=ImagePlan(wish.image) if wish.image else ImagePlan(official.name, official.variable),
        argv=agents.argv(
            wish,
            gateway,
            tuning,
            listen="0.0.0.0",  # noqa: S104 - inside its own network
            config_file=AGENT_CONFIG,
            tls=spec.gateway.tls,
        ),
        health=agents.health(wish),
        user=agents.USER,
        config_file=AGENT_CONFIG,
        tuning=tuning,
        replica_tuning=_tuning(spec, 1),
        cpus=wish.resources.cpus,
    )


def _tuning(spec: Spec, replicas: int) -> agents.Tuning:
    rate = spec.capacity.spans_per_second * replicas
    tuning = agents.tune(replace(spec.capacity, spans_per_second=rate))
    wanted = spec.agent.resources.memory_mib
    return replace(tuning, memory_mib=wanted) if wanted else tuning


def _stand_in(gateway: Gateway, image: image_names.Image) -> StandInPlan:
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
        health=http_probe(GATEWAY_HTTP_PORT),
        user=SERVICE_USER,
    )
