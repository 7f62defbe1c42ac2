"""Spec and region → plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from sidecar import __version__, image_names
from sidecar.errors import SidecarError
from sidecar.plan import agents, collectors
from sidecar.plan.queues import plan_queues
from sidecar.plan.records import (
    BARE_FILE,
    HOST,
    LOCAL_BARE_FILE,
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
from sidecar.regions import GRPC, LOCAL, OTLP_GRPC, gateway_of
from sidecar.rules import collectors as collector_rules
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.rules.specs import HOST_NOT_ALLOWED, STAND_IN_CONFLICT
from sidecar.spec import AGENT_SUFFIX, COLLECTOR, JAEGER_AGENT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sidecar.regions import Gateway, Region
    from sidecar.spec import AgentSettings, Capacity, GatewaySettings, Service, Spec

_OTHER_REGION = "Remove it, or name another region"


class AgentKind(Protocol):
    """What the module of an agent kind offers."""

    USER: str
    TOKEN_FILE: str
    """Inside the container: what holds the token."""

    def tune(self, capacity: Capacity, /) -> agents.Tuning:
        """Return the sizes for a capacity."""
        ...

    def argv(
        self, agent: AgentSettings, gateway: Gateway, tuning: agents.Tuning, /, *, tls: bool
    ) -> tuple[str, ...]:
        """Return the agent's arguments, without the program and without the token."""
        ...

    def health(self, agent: AgentSettings, /) -> tuple[str, ...]:
        """Return the command that probes the agent from inside; empty if there is none."""
        ...


KINDS: Mapping[str, AgentKind] = {
    JAEGER_AGENT: agents,
    COLLECTOR: collectors,
}
"""Each value of `agent.kind`, and what decides for it."""
_PROTOCOLS = {COLLECTOR: OTLP_GRPC}
"""What a kind speaks to the gateway; Jaeger's gRPC if it is not here."""


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
    gateway = choose_gateway(spec.gateway, region, known_hosts, _protocol(spec))
    if region.id == LOCAL:
        _check_local(spec.services or sample_services(), gateway)
    official = image_names.official(prefix=spec.images.prefix)
    project = _project(spec, region)
    names = [service.name for service in spec.services or sample_services()]
    return Plan(
        kit_version=__version__,
        project=project,
        region=region.id,
        region_name=region.name,
        gateway=gateway,
        token_file=LOCAL_TOKEN_FILE if region.id == LOCAL else TOKEN_FILE,
        bare_token_file=LOCAL_BARE_FILE if region.id == LOCAL else BARE_FILE,
        services=_services(spec, gateway, project, folder),
        host_agent=_host_agent(spec, gateway),
        queues=plan_queues(names, official.gateway) if spec.agent.kind == COLLECTOR else None,
        stand_in=_stand_in(gateway, official.gateway) if region.id == LOCAL else None,
        watch=plan_watch(names, official.gateway) if spec.watch else None,
        monitoring=spec.monitoring,
        base=ImagePlan(official.base.name, official.base.variable),
        probe=ImagePlan(official.gateway.name, official.gateway.variable),
        image_source=spec.images.source,
        source=source,
    )


def _protocol(spec: Spec) -> str:
    return _PROTOCOLS.get(spec.agent.kind, GRPC)


def _project(spec: Spec, region: Region) -> str:
    """Return the deployment's name; a user's own services never share the demo's."""
    return spec.name or f"{'sidecar' if spec.services is None else 'services'}-{region.id}"


# The gateway ----------------------------------------------------------------------------------


def choose_gateway(
    settings: GatewaySettings, region: Region, known: Collection[str], protocol: str = GRPC
) -> Gateway:
    """Return the gateway of a spec. Raises SidecarError if there is none, or a token must not go.

    `known` are the hosts of the catalogue.
    """
    if settings.host:
        network = "public" if region.public else "vpc"
        gateway = replace(
            gateway_of(region, network, protocol), host=settings.host, network=settings.network
        )
        _check_host(settings.host, settings, region, known)
    else:
        gateway = gateway_of(region, settings.network, protocol)
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


def _services(spec: Spec, gateway: Gateway, project: str, folder: str) -> tuple[ServicePlan, ...]:
    if spec.services is None:
        return tuple(
            plan_sample(service, _agent(service, spec, gateway)) for service in sample_services()
        )
    return tuple(
        plan_service(service, _agent(service, spec, gateway), project, folder)
        for service in spec.services
    )


def _host_agent(spec: Spec, gateway: Gateway) -> AgentPlan:
    """Return the agent of a host without containers: all services have one loopback."""
    services = spec.services or sample_services()
    replicas = sum(service.replicas for service in services)
    return _agent(replace(services[0], name=HOST, replicas=replicas), spec, gateway)


def _agent(service: Service, spec: Spec, gateway: Gateway) -> AgentPlan:
    settings = spec.agent
    kind = KINDS[settings.kind]
    tuning = _tuning(spec, service.replicas)
    tls = spec.gateway.tls
    official = _official(settings, spec.images.prefix)
    own = ImagePlan(settings.image) if settings.image else None
    return AgentPlan(
        name=f"{service.name}{AGENT_SUFFIX}",
        kind=settings.kind,
        version=settings.version,
        image=own or ImagePlan(official.name, official.variable),
        argv=kind.argv(settings, gateway, tuning, tls=tls),
        health=kind.health(settings),
        user=kind.USER,
        config_file=kind.TOKEN_FILE,
        tuning=tuning,
        replica_tuning=_tuning(spec, 1),
        cpus=settings.resources.cpus,
        collector=_collector(service, spec, gateway, tuning),
        tcp_retries=settings.tcp_retries,
    )


def _official(settings: AgentSettings, prefix: str) -> image_names.Image:
    if settings.kind == COLLECTOR:
        return image_names.collector(settings.version, prefix)
    return image_names.official(settings.version, prefix).agent


def _collector(
    service: Service, spec: Spec, gateway: Gateway, tuning: agents.Tuning
) -> collectors.CollectorPlan | None:
    if spec.agent.kind != COLLECTOR:
        return None
    if service.sampling and (problem := collector_rules.sampler(service.sampling.type)):
        raise SidecarError.from_problem(f"services.{service.name}.sampling", problem)
    capacity = _capacity(spec, service.replicas)
    tls = spec.gateway.tls
    return collectors.plan_collector(spec.agent, gateway, tuning, capacity, tls=tls)


def _capacity(spec: Spec, replicas: int) -> Capacity:
    rate = spec.capacity.spans_per_second * replicas
    return replace(spec.capacity, spans_per_second=rate)


def _tuning(spec: Spec, replicas: int) -> agents.Tuning:
    tuning = KINDS[spec.agent.kind].tune(_capacity(spec, replicas))
    wanted = spec.agent.resources.memory_mib
    return replace(tuning, memory_mib=wanted) if wanted else tuning
