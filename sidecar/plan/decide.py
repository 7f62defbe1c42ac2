"""Spec and region → plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from sidecar import __version__, image_names
from sidecar.errors import SidecarError
from sidecar.plan import agents
from sidecar.plan.records import (
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
from sidecar.plan.watch import plan_watch
from sidecar.regions import LOCAL, gateway_of
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.rules.specs import HOST_NOT_ALLOWED, STAND_IN_CONFLICT
from sidecar.spec import AGENT_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sidecar.regions import Gateway, Region
    from sidecar.spec import AgentSettings, GatewaySettings, Service, Spec

_OTHER_REGION = "Remove it, or name another region"


class AgentKind(Protocol):
    """What the module of an agent kind offers."""

    USER: str

    def argv(
        self, agent: AgentSettings, gateway: Gateway, tuning: agents.Tuning, /, *, tls: bool
    ) -> tuple[str, ...]:
        """Return the agent's arguments, without the program and without the token."""
        ...

    def health(self, agent: AgentSettings, /) -> tuple[str, ...]:
        """Return the command that probes the agent from inside; empty if there is none."""
        ...


KINDS: Mapping[str, AgentKind] = {
    "jaeger-agent": agents,
}
"""Each value of `agent.kind`, and what decides for it."""


def make_plan(
    spec: Spec,
    region: Region,
    source: str | None = None,
    *,
    folder: str = ".",
    known_hosts: Collection[str] = (),
) -> Plan:
    """Decide everything for a spec in its region.

    `source` and `folder` lead from the rendering to the kit's checkout and to the spec;
    `known_hosts` are those of the catalogue. Raises SidecarError if the region has no host on the
    network, a token would go to a host that is neither in the catalogue nor allowed, the agent's
    version is unknown, or a service takes the stand-in's name or port.
    """
    gateway = choose_gateway(spec.gateway, region, known_hosts)
    if region.id == LOCAL:
        _check_local(spec.services or sample_services(), gateway)
    official = image_names.official(spec.agent.version, spec.images.prefix)
    project = _project(spec, region)
    names = [service.name for service in spec.services or sample_services()]
    return Plan(
        kit_version=__version__,
        project=project,
        region=region.id,
        region_name=region.name,
        gateway=gateway,
        token_file=LOCAL_TOKEN_FILE if region.id == LOCAL else TOKEN_FILE,
        services=_services(spec, gateway, official.agent, project, folder),
        stand_in=_stand_in(gateway, official.gateway) if region.id == LOCAL else None,
        watch=plan_watch(names, official.gateway) if spec.watch else None,
        monitoring=spec.monitoring,
        base=ImagePlan(official.base.name, official.base.variable),
        probe=ImagePlan(official.gateway.name, official.gateway.variable),
        image_source=spec.images.source,
        source=source,
    )


def _project(spec: Spec, region: Region) -> str:
    """Return the deployment's name; a user's own services never share the demo's."""
    return spec.name or f"{'sidecar' if spec.services is None else 'services'}-{region.id}"


# The gateway ----------------------------------------------------------------------------------


def choose_gateway(settings: GatewaySettings, region: Region, known: Collection[str]) -> Gateway:
    """Return the gateway of a spec. Raises SidecarError if there is none, or a token must not go.

    `known` are the hosts of the catalogue.
    """
    if settings.host:
        network = "public" if region.public else "vpc"
        gateway = replace(gateway_of(region, network), host=settings.host, network=settings.network)
        _check_host(settings.host, settings, region, known)
    else:
        gateway = gateway_of(region, settings.network)
    if region.id == LOCAL and settings.tls:
        problem = STAND_IN_CONFLICT.problem("the stand-in does not support TLS", _OTHER_REGION)
        raise SidecarError.from_problem("gateway.tls", problem)
    return replace(gateway, port=settings.port or gateway.port)


def _check_host(
    host: str, settings: GatewaySettings, region: Region, known: Collection[str]
) -> None:
    if region.id == LOCAL:
        cause = f"the gateway of the region {LOCAL} is the stand-in"
        problem = STAND_IN_CONFLICT.problem(cause, _OTHER_REGION)
        raise SidecarError.from_problem("gateway.host", problem)
    allowed = {*known, *(name.casefold() for name in (*region.hosts, *settings.allow))}
    if host.casefold() not in allowed:
        cause = f"{host!r} is not in the catalogue, and a token would go there"
        fix = f'If you trust it, add it to the spec: gateway: {{allow: ["{host}"]}}'
        raise SidecarError.from_problem("gateway.host", HOST_NOT_ALLOWED.problem(cause, fix))


# The stand-in ---------------------------------------------------------------------------------


def _check_local(services: tuple[Service, ...], gateway: Gateway) -> None:
    """Raise SidecarError for a service that takes the stand-in's name or port."""
    for service in services:
        if gateway.host in (service.name, f"{service.name}{AGENT_SUFFIX}"):
            cause = "is the name of the stand-in gateway"
            problem = STAND_IN_CONFLICT.problem(cause, "Rename the service")
            raise SidecarError.from_problem(f"services.{service.name}.name", problem)
        if service.publish and STAND_IN_PAGE_PORT in service.publish.ports(service.replicas):
            cause = f"takes {STAND_IN_PAGE_PORT}, the port of the stand-in gateway's page"
            problem = STAND_IN_CONFLICT.problem(cause, "Choose another port")
            raise SidecarError.from_problem(f"services.{service.name}.publish", problem)


def _stand_in(gateway: Gateway, image: image_names.Image) -> StandInPlan:
    return StandInPlan(
        name=gateway.host,
        image=ImagePlan(image.name, image.variable, image.role),
        argv=(
            "gateway",
            f"--grpc=0.0.0.0:{gateway.port}",
            f"--http=0.0.0.0:{STAND_IN_PAGE_PORT}",
            f"--token-file={agents.CONFIG_FILE}",
        ),
        http_port=STAND_IN_PAGE_PORT,
        grpc_port=gateway.port,
        health=http_probe(STAND_IN_PAGE_PORT),
        user=SERVICE_USER,
    )


# Services and their agents --------------------------------------------------------------------


def _services(
    spec: Spec, gateway: Gateway, official: image_names.Image, project: str, folder: str
) -> tuple[ServicePlan, ...]:
    if spec.services is None:
        return tuple(
            plan_sample(service, _agent(service, spec, gateway, official))
            for service in sample_services()
        )
    return tuple(
        plan_service(service, _agent(service, spec, gateway, official), project, folder)
        for service in spec.services
    )


def _agent(
    service: Service, spec: Spec, gateway: Gateway, official: image_names.Image
) -> AgentPlan:
    settings = spec.agent
    kind = KINDS[settings.kind]
    tuning = _tuning(spec, service.replicas)
    own = ImagePlan(settings.image) if settings.image else None
    return AgentPlan(
        name=f"{service.name}{AGENT_SUFFIX}",
        kind=settings.kind,
        version=settings.version,
        image=own or ImagePlan(official.name, official.variable),
        argv=kind.argv(settings, gateway, tuning, tls=spec.gateway.tls),
        health=kind.health(settings),
        user=kind.USER,
        config_file=agents.CONFIG_FILE,
        tuning=tuning,
        replica_tuning=_tuning(spec, 1),
        cpus=settings.resources.cpus,
        tcp_retries=settings.tcp_retries,
    )


def _tuning(spec: Spec, replicas: int) -> agents.Tuning:
    rate = spec.capacity.spans_per_second * replicas
    tuning = agents.tune(replace(spec.capacity, spans_per_second=rate))
    wanted = spec.agent.resources.memory_mib
    return replace(tuning, memory_mib=wanted) if wanted else tuning
