"""The plan of agents for services that exist: the spec's own services give names and sampling."""

from __future__ import annotations

import difflib
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.checks.gateways import find_gateway
from sidecar.errors import SidecarError
from sidecar.plan import make_plan
from sidecar.regions import LOCAL, find_region, token_hosts
from sidecar.spec import Service, require_region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.spec import Spec


def located(spec: Spec, agents: Iterable[HandMadeAgent], regions: Mapping[str, Region]) -> Spec:
    """Return the spec with the region of the first agent's gateway, where it names none."""
    if spec.region:
        return spec
    for agent in agents:
        if agent.gateway and agent.gateway.complete:
            found = find_gateway(agent.gateway.text, regions)
            if found.region:
                gateway = replace(spec.gateway, network=found.network)
                return replace(spec, region=found.region.id, gateway=gateway)
    return spec


def plan_for(
    spec: Spec, traced: Iterable[ComposeService], file: ComposeFile, regions: Mapping[str, Region]
) -> Plan:
    """Return the plan of an agent for each traced service.

    Raises SidecarError as make_plan does.
    """
    region = find_region(regions, require_region(spec.region))
    if region.id == LOCAL:
        region = replace(region, public=_free_host(file), vpc=None)
    given = {service.name: service for service in spec.services or ()}
    services = tuple(_service(service, given.get(service.name)) for service in traced)
    spec = replace(spec, services=services, watch=False, monitoring=False)
    return make_plan(spec, region, known_hosts=token_hosts(regions))


def _service(service: ComposeService, given: Service | None) -> Service:
    """Return what a plan needs of a service; all else stays in the Compose file."""
    sampling = given.sampling if given else None
    return Service(service.name, "-", replicas=service.replicas or 1, sampling=sampling)


def _free_host(file: ComposeFile) -> str:
    """Return a name for the stand-in that no service of the file has."""
    taken = {*file.services, *(name for each in file.services.values() for name in each.aliases)}
    numbered = (f"tracing-gateway-{number}" for number in itertools.count(2))
    return next(
        name for name in itertools.chain(["tracing-gateway"], numbered) if name not in taken
    )


def named_in(spec: Spec, file: ComposeFile) -> tuple[str, ...]:
    """Return the services that a spec names. Raises SidecarError for one that the file lacks."""
    names = tuple(service.name for service in spec.services or ())
    for name in names:
        if name not in file.services:
            near = difflib.get_close_matches(name, file.services, 3, 0.5)
            fix = f"Did you mean {' or '.join(near)}?" if near else "Remove it from the spec"
            raise SidecarError(f"services.{name}", f"is not in {file.path}", fix)
    return names
