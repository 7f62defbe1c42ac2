"""What is worth saying of a Compose file and its choice, and what keeps agents from being added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.checks.composefiles import (
    check_hand_made,
    check_reading,
    check_traced,
    joined,
    redacted,
)
from sidecar.checks.gateways import find_gateway
from sidecar.inject.compose.evidence import variables_of
from sidecar.inject.compose.namespaces import HOST, namespace_of
from sidecar.regions import LOCAL
from sidecar.rules import (
    agent_settings,
    agents,
    clients,
    composefiles,
    hand_made,
    overlays,
    services,
    tracers,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.findings import Finding
    from sidecar.inject.compose.choice import Choice
    from sidecar.regions import Region
    from sidecar.spec import Spec

_HOW_IT_RUNS = {
    rule.id
    for rule in (
        hand_made.PUBLISHED_PORTS,
        hand_made.SHARED_NETWORK,
        hand_made.NO_RESTART,
        hand_made.NO_MEMORY_LIMIT,
        hand_made.STOCK_SIZES,
        agent_settings.SMALL_PACKETS,
        agent_settings.SMALL_MTU,
        services.FLOATING_IMAGE_TAG,
    )
}


def findings_of(
    file: ComposeFile, choice: Choice, spec: Spec, regions: Mapping[str, Region]
) -> list[Finding]:
    """Return what is wrong or surprising; it does not keep agents from being added."""
    found = [
        *check_reading(file),
        *_hand_made(file, choice, spec, regions),
        *check_traced(file, choice.traced, choice.agents),
        *_past_the_agent(file, choice),
        *_staying(file, choice),
        *_named_tracers(file, choice),
        *_several_regions(choice, spec, regions),
    ]
    return joined(redacted(finding, file.tokens) for finding in found)


def _hand_made(
    file: ComposeFile, choice: Choice, spec: Spec, regions: Mapping[str, Region]
) -> Iterator[Finding]:
    """Judge the agents of a file; how a replaced one runs no longer matters."""
    leaving = {service.name for service in choice.leaving}
    for finding in check_hand_made(file, choice.agents, regions, spec.capacity):
        if finding.subject not in leaving or finding.id not in _HOW_IT_RUNS:
            yield finding


def refusals_of(file: ComposeFile, choice: Choice, region: str) -> list[Finding]:
    """Return what keeps agents from being added: nothing is written then."""
    found: list[Finding] = []
    if problem := overlays.nothing_traced(len(choice.traced)):
        found.append(problem.at("services", str(file.path)))
    spaces = {service.name: namespace_of(service, file.services) for service in choice.traced}
    for service in choice.traced:
        mode = spaces[service.name].mode
        if problem := overlays.network_mode(mode, region_is_local=region == LOCAL):
            found.append(problem.at(service.name, service.place_of("network_mode")))
    if any(space.mode == HOST for space in spaces.values()):
        found += _host_ports(file, choice)
    return [redacted(finding, file.tokens) for finding in found]


def _host_ports(file: ComposeFile, choice: Choice) -> Iterator[Finding]:
    leaving = {service.name for service in choice.leaving}
    for service in file.services.values():
        taken = [(port.published or 0, port.protocol.lower()) for port in service.ports]
        if service.name in {*choice.backends, *choice.needed} and service.network_mode == HOST:
            taken += agents.TAKEN
        if service.name not in leaving and (problem := overlays.host_ports(taken, service.name)):
            yield problem.at(service.name, service.place_of("ports"))


def _past_the_agent(file: ComposeFile, choice: Choice) -> Iterator[Finding]:
    for name, evidence in choice.evidence.items():
        if problem := tracers.past_the_agent(evidence.way):
            yield problem.at(name, evidence.place or file.services[name].place)


def _staying(file: ComposeFile, choice: Choice) -> Iterator[Finding]:
    ways = {name: tracers.past_the_agent(each.way) for name, each in choice.evidence.items()}
    through = [service for service in choice.traced if not ways[service.name]]
    for name, what in choice.backends.items():
        if _is_named(name, file, through):
            yield overlays.tracer_stays(name, what).at(name, file.services[name].place)
    for name, users in choice.needed.items():
        others = any(ways.get(user) for user in users)
        if problem := overlays.agent_stays(name, users, others=others):
            yield problem.at(name, file.services[name].place)
    for name, users in choice.missed.items():
        if problem := overlays.agent_missed(users):
            yield problem.at(name, file.services[name].place)


def _is_named(name: str, file: ComposeFile, traced: Iterable[ComposeService]) -> bool:
    """Tell whether a traced service uses a backend: by a variable, depends_on or a link."""
    names = {name, *file.services[name].aliases}
    return any(
        name in service.depends_on
        or names & set(tracers.agents_in(_values(service, file)).values())
        for service in traced
    )


def _named_tracers(file: ComposeFile, choice: Choice) -> Iterator[Finding]:
    """Warn of variables, other than those the kit sets, that name a tracer which stays."""
    for service in choice.traced:
        way = choice.evidence[service.name].way
        ours = (clients.AGENT_HOST, *((tracers.OTEL_AGENT_HOST,) if way and way.is_otel else ()))
        places = variables_of(service, file.path.parent)
        for variable, host in tracers.agents_in(_values(service, file)).items():
            stays = host in choice.backends or host in choice.needed
            if stays and variable not in ours:
                problem = overlays.names_a_tracer(variable, host)
                yield problem.at(service.name, places[variable].place)


def _several_regions(
    choice: Choice, spec: Spec, regions: Mapping[str, Region]
) -> Iterator[Finding]:
    found: dict[str, str] = {}
    for agent in choice.agents:
        if agent.gateway and agent.gateway.complete:
            gateway = find_gateway(agent.gateway.text, regions)
            if gateway.region:
                found.setdefault(gateway.region.id, agent.service.place)
    if problem := composefiles.regions(list(found), spec.region):
        yield problem.at("region", list(found.values())[-1])


def _values(service: ComposeService, file: ComposeFile) -> dict[str, str]:
    found = variables_of(service, file.path.parent)
    return {name: variable.value for name, variable in found.items()}
