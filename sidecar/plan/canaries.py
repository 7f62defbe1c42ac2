"""What is decided about a canary: its collector and the copier of packets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.plan.names import free_name
from sidecar.plan.records import SERVICE_USER, CanaryPlan, CopierPlan, ImagePlan
from sidecar.plan.services import http_probe
from sidecar.regions import LOCAL
from sidecar.rules import canaries as rules
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.collectors import OTLP_GRPC_PORT, OTLP_HTTP_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sidecar.image_names import Image
    from sidecar.plan.records import AgentPlan
    from sidecar.spec import Service, Spec

_PROGRAM = ("python", "-m", "sidecar.copier")


def plan_canary(
    service: Service,
    spec: Spec,
    plan_agent: Callable[[Spec], AgentPlan],
    image: Image,
) -> CanaryPlan | None:
    """Return the canary of a service; `plan_agent` plans its agent as another spec asks for it.

    Raises SidecarError for one that would send to a real region.
    """
    if not spec.agent.canary:
        return None
    if problem := rules.region(is_local=spec.region == LOCAL):
        raise SidecarError.from_problem("agent.canary", problem)
    names = [each.name for each in spec.services or ()]
    collected = replace(spec, agent=spec.agent.of_collector)
    agent = replace(plan_agent(collected), name=_name(service, "canary", names))
    own = _name(service, "agent-itself", names)
    return CanaryPlan(
        agent=agent,
        agent_alias=own,
        network=f"{service.name}-copies",
        copier=_copier(_name(service, "copier", names), own, agent.name, image),
    )


def _name(service: Service, suffix: str, names: Collection[str]) -> str:
    return free_name(f"{service.name}-{suffix}", names)


def _copier(name: str, agent: str, collector: str, image: Image) -> CopierPlan:
    return CopierPlan(
        name=name,
        image=ImagePlan(image.name, image.variable, image.role),
        program=_PROGRAM,
        argv=_argv(agent, collector),
        health=http_probe(rules.STATE_PORT),
        user=SERVICE_USER,
    )


def _argv(agent: str, collector: str) -> tuple[str, ...]:
    streams = (OTLP_GRPC_PORT, OTLP_HTTP_PORT)
    return (
        f"--to={agent}:{COMPACT_PORT}",
        f"--to={collector}:{COMPACT_PORT}",
        *(f"--stream={collector}:{port}" for port in streams),
    )


def renamed(canary: CanaryPlan, collector: str, alias: str, copier: str) -> CanaryPlan:
    """Return a canary whose collector, agent and copier have other names."""
    return replace(
        canary,
        agent=replace(canary.agent, name=collector),
        agent_alias=alias,
        copier=replace(canary.copier, name=copier, argv=_argv(alias, collector)),
    )
