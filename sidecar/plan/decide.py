"""Spec and region → plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from sidecar import __version__, image_names
from sidecar.plan import agents, canaries, collector_sizes, collectors
from sidecar.plan.forwarders import forwarder_name, plan_forwarder
from sidecar.plan.gateways import check_names, plan_gateway, plan_stand_in
from sidecar.plan.queues import plan_queues
from sidecar.plan.records import (
    BARE_FILE,
    HOST,
    TOKEN_FILE,
    AgentPlan,
    ForwarderPlan,
    ImagePlan,
    Plan,
    ServicePlan,
)
from sidecar.plan.relays import relay_of
from sidecar.plan.services import plan_sample, plan_service, sample_services
from sidecar.plan.watch import plan_watch
from sidecar.regions import LOCAL
from sidecar.rendering import LOCAL_BARE_FILE, LOCAL_TOKEN_FILE
from sidecar.rules import api_values
from sidecar.spec import AGENT_SUFFIX, COLLECTOR, JAEGER_AGENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sidecar.regions import Gateway, Region
    from sidecar.spec import AgentSettings, Capacity, GatewaySettings, Service, Spec


class AgentKind(Protocol):
    """What the module of an agent kind offers."""

    USER: str
    TOKEN_FILE: str
    """Inside the container: what holds the token; empty where it gets none."""

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

    def image(self, version: str, prefix: str, /) -> image_names.Image:
        """Return the official image, behind a prefix."""
        ...

    def protocol(self, gateway: GatewaySettings, /) -> str:
        """Return what is spoken to the gateway; raise SidecarError if that is not possible."""
        ...

    def plan_collector(
        self,
        service: Service,
        agent: AgentSettings,
        tuning: agents.Tuning,
        capacity: Capacity,
        /,
        *,
        forwarder: str,
    ) -> collectors.CollectorPlan | None:
        """Return what a collector has that an agent has not; None for an agent."""
        ...


KINDS: Mapping[str, AgentKind] = {
    JAEGER_AGENT: agents,
    COLLECTOR: collectors,
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

    `source` and `folder` lead from the rendering to the kit's checkout and to the spec. Raises
    SidecarError for what cannot run, and for a token that would go outside of `known_hosts`.
    """
    gateway = _gateway(spec, region, known_hosts)
    official = image_names.official(prefix=spec.images.prefix)
    services = _services(spec, gateway, _project(spec, region), folder)
    names = [service.name for service in services]
    host_agent = _host_agent(spec, gateway)
    return Plan(
        kit_version=__version__,
        project=_project(spec, region),
        region=region.id,
        region_name=region.name,
        gateway=gateway,
        token_file=LOCAL_TOKEN_FILE if region.id == LOCAL else TOKEN_FILE,
        bare_token_file=LOCAL_BARE_FILE if region.id == LOCAL else BARE_FILE,
        services=services,
        host_agent=host_agent,
        host_forwarder=_forwarder([host_agent], spec, gateway),
        forwarder=_forwarder((each.agent for each in services), spec, gateway),
        relay=relay_of(spec, sum(service.replicas for service in services)),
        queues=plan_queues(names, official.gateway) if spec.agent.has_collector else None,
        stand_in=plan_stand_in(gateway, region, official.gateway) if region.id == LOCAL else None,
        watch=plan_watch(names, official.gateway, spec.agent.kind) if spec.watch else None,
        monitoring=spec.monitoring,
        base=ImagePlan(official.base.name, official.base.variable),
        probe=ImagePlan(official.gateway.name, official.gateway.variable),
        image_source=spec.images.source,
        source=source,
    )


def _gateway(spec: Spec, region: Region, known_hosts: Collection[str]) -> Gateway:
    protocol = KINDS[spec.agent.kind].protocol(spec.gateway)
    gateway = plan_gateway(spec.gateway, region, known_hosts, protocol)
    if region.id == LOCAL:
        check_names(spec.services or sample_services(), gateway)
    return gateway


def _project(spec: Spec, region: Region) -> str:
    """Return the deployment's name; a user's own services never share the demo's."""
    return spec.name or f"{'sidecar' if spec.services is None else 'services'}-{region.id}"


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
    replicas = sum(service.count for service in services)
    return _agent(replace(services[0], name=HOST, replicas=replicas), spec, gateway)


def _agent(service: Service, spec: Spec, gateway: Gateway) -> AgentPlan:
    settings = spec.agent
    kind = KINDS[settings.kind]
    tuning = _tuning(spec, service.count)
    tls = spec.gateway.tls
    official = kind.image(settings.version, spec.images.prefix)
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
        replica_tuning=_in_pod(settings, _tuning(spec, 1)),
        cpus=settings.resources.cpus,
        collector=kind.plan_collector(
            service,
            settings,
            tuning,
            _capacity(spec, service.count),
            forwarder=forwarder_name(each.name for each in spec.services or sample_services()),
        ),
        replica_buffer=_replica_buffer(spec),
        tcp_retries=settings.tcp_retries,
        kubernetes=settings.kubernetes,
        canary=canaries.plan_canary(
            service,
            spec,
            lambda other: _agent(service, other, gateway),
            image_names.official(prefix=spec.images.prefix).gateway,
        ),
    )


def _in_pod(settings: AgentSettings, tuning: agents.Tuning) -> agents.Tuning:
    """Return the sizes for a pod: a collector is told how much memory it has."""
    limits = settings.kubernetes.get("resources", {}).get("limits", {})
    limit = api_values.number(limits.get("memory"))
    return tuning if limit is None else replace(tuning, memory_mib=int(limit) // 2**20)


def _forwarder(agents_: Iterable[AgentPlan], spec: Spec, gateway: Gateway) -> ForwarderPlan | None:
    """Return the forwarder of these collectors; None where there are none."""
    found = [agent.canary.agent if agent.canary else agent for agent in agents_]
    kept = [agent.collector for agent in found if agent.collector]
    if not kept:
        return None
    image = image_names.official(prefix=spec.images.prefix).gateway
    made = plan_forwarder(gateway, kept, image, tls=spec.gateway.tls)
    return replace(made, tcp_retries=spec.agent.tcp_retries)


def _replica_buffer(spec: Spec) -> collector_sizes.Buffer | None:
    if spec.agent.kind != COLLECTOR:
        return None
    return collector_sizes.buffer(spec.agent, spec.capacity)


def _capacity(spec: Spec, replicas: int) -> Capacity:
    rate = spec.capacity.spans_per_second * replicas
    return replace(spec.capacity, spans_per_second=rate)


def _tuning(spec: Spec, replicas: int) -> agents.Tuning:
    tuning = KINDS[spec.agent.kind].tune(_capacity(spec, replicas))
    wanted = spec.agent.resources.memory_mib
    return replace(tuning, memory_mib=wanted) if wanted else tuning
