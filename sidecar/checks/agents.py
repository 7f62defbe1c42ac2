"""What is wrong with the hand-made agents of a Compose file. No finding shows a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.checks.clients import judged_value
from sidecar.checks.gateways import find_gateway, hosts
from sidecar.existing.compose.agents import HOST_PORTS, QUEUE
from sidecar.findings import Finding, Severity
from sidecar.rules import (
    agent_settings,
    agents,
    clients,
    gateways,
    hand_made,
    recognition,
    services,
    tokens,
)
from sidecar.rules.agents import WORKERS
from sidecar.rules.hand_made import Load, PublishedPort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, ComposeService, Text
    from sidecar.regions import Region
    from sidecar.spec import Capacity


@dataclass(frozen=True)
class _Context:
    """What the checks know in addition to the agent."""

    tokens: frozenset[str]
    """Of the whole file."""
    regions: Mapping[str, Region]
    load: Load


def check_agents(
    file: ComposeFile,
    found: Iterable[HandMadeAgent],
    regions: Mapping[str, Region],
    capacity: Capacity,
) -> list[Finding]:
    """Return what is wrong with the agents found in a file, each agent's gravest first."""
    findings: list[Finding] = []
    for agent in found:
        load = Load(capacity.spans_per_second, _clients(agent, file), capacity.round_trip_ms)
        context = _Context(file.tokens, regions, load)
        for check in _CHECKS:
            findings += check(agent, context)
    return findings


def _clients(agent: HandMadeAgent, file: ComposeFile) -> int:
    """Return how many containers report to an agent, at least 1."""
    names = {agent.service.name, *agent.service.aliases}
    replicas = 0
    for service in file.services.values():
        host = service.environment.get(clients.AGENT_HOST)
        if host and host.text in names:
            replicas += service.replicas or 1
    return max(1, replicas)


# Settings -------------------------------------------------------------------------------------


def _token_in_arguments(agent: HandMadeAgent, context: _Context) -> Iterable[Finding]:
    for flag in recognition.TAGS_FLAGS:
        value = agent.flags.get(flag)
        if value and _holds_token(value, context.tokens) and not _is_expanded_by_agent(value):
            problem = tokens.arguments_problem(value.resolved.variables, agents.ADMIN_PORT)
            yield problem.at(agent.service.name, value.place)


def _token_in_other_words(agent: HandMadeAgent, context: _Context) -> Iterable[Finding]:
    """Judge what is not the value of a tags flag: that is `_token_in_arguments`."""
    service = agent.service
    values = [agent.flags[flag].raw for flag in recognition.TAGS_FLAGS if flag in agent.flags]
    tags = list(filter(None, values))
    health = service.place_of("healthcheck")
    words = {
        "entrypoint": [(word.raw, word.place) for word in service.entrypoint or ()],
        "command": [(word.raw, word.place) for word in service.command],
        "healthcheck": [(text, health) for text in service.healthcheck],
    }
    for texts in words.values():
        others = [each for each in texts if not any(value in each[0] for value in tags)]
        problems = ((tokens.in_arguments(text, context.tokens), place) for text, place in others)
        if found := next(((problem, place) for problem, place in problems if problem), None):
            yield found[0].at(service.name, found[1])


def _token_in_environment(agent: HandMadeAgent, context: _Context) -> Iterable[Finding]:
    for name, value in agent.service.environment.items():
        text = judged_value(name, value)
        if problem := tokens.in_environment(name, text, context.tokens):
            yield problem.at(agent.service.name, value.place)


def _holds_token(value: Text, known: Iterable[str]) -> bool:
    return recognition.holds_token(value.raw) or recognition.holds_token(value.text, known)


def _is_expanded_by_agent(value: Text) -> bool:
    """Tell whether the agent gets `${NAME}`, and expands it from its own environment."""
    tags = (tag.partition("=") for tag in value.text.split(","))
    held = [text.strip() for name, _, text in tags if recognition.is_token_name(name.strip())]
    return bool(held) and all(text.startswith("${") for text in held)


def _tags(agent: HandMadeAgent, _context: _Context) -> Iterable[Finding]:
    for flag in recognition.TAGS_FLAGS:
        value = agent.settings.get(flag)
        problem = agents.tags(flag, value.raw) if value else None
        if value and problem:
            yield problem.at(agent.service.name, value.place)


def _no_token(agent: HandMadeAgent, context: _Context) -> Iterable[Finding]:
    if agent.kind == "all-in-one" or agent.reports_to is None:
        return
    address = agent.reports_to
    known = hosts(context.regions)
    if address.complete and not gateways.may_be(
        find_gateway(address.text, context.regions).host, list(known)
    ):
        return
    givers = (*recognition.TAGS_FLAGS, "config-file")
    sets_tags = any(flag in agent.effective for flag in givers) or agent.may_set(givers)
    if problem := agents.token(reports=True, sets_tags=sets_tags):
        yield problem.at(agent.service.name, agent.reports_to.place)


def _flags(agent: HandMadeAgent, _context: _Context) -> Iterable[Finding]:
    for flag, value in agent.flags.items():
        if flag not in agents.FLAGS and not agent.runs_agent_only:
            continue  # perhaps another program's
        if problem := agents.flag(flag, agent.version):
            yield problem.at(agent.service.name, value.place)


def _variables(agent: HandMadeAgent, _context: _Context) -> Iterable[Finding]:
    if agent.kind != "agent":
        return
    expanded = " ".join(value.text for value in agent.flags.values())
    for name, value in agent.service.environment.items():
        problem = agent_settings.variable(name, agent.version)
        if problem and f"${{{name}" not in expanded:
            yield problem.at(agent.service.name, value.place)


def _values(agent: HandMadeAgent, _context: _Context) -> Iterable[Finding]:
    names = {flag: f"--{flag}" for flag in agent.flags}
    for flag, value in agent.effective.items():
        name = names.get(flag) or agent_settings.variable_of(flag)
        known = flag in agents.FLAGS
        if known and (problem := agent_settings.quoted(name, value.text)):
            yield problem.at(agent.service.name, value.place)
    size = agent.effective.get(agent_settings.PACKET_SIZE)
    if size and (problem := agent_settings.packet_size(size.text)):
        yield problem.at(agent.service.name, size.place)


def _gateway(agent: HandMadeAgent, context: _Context) -> Iterable[Finding]:
    if agent.kind == "all-in-one":
        return
    text = agent.reports_to
    if text is None:
        elsewhere = "config-file" in agent.effective or agent.may_set(_GATEWAY_GIVERS)
        problem = None if elsewhere else gateways.address(None)
        if problem:
            yield problem.at(agent.service.name, agent.service.place)
        return
    problem = gateways.address(text.raw, text.resolved.missing)
    if problem:
        yield problem.at(agent.service.name, text.place)
        return
    yield from _address(agent.service.name, text, context.regions)


def _address(subject: str, text: Text, regions: Mapping[str, Region]) -> Iterable[Finding]:
    """Judge the address of a gateway against the catalogue."""
    found = find_gateway(text.text, regions)
    if "$" in found.host:
        return  # a parameter of a template, or of the tool that applies the manifest
    if found.region is None:
        problem = gateways.host(found.host, list(hosts(regions)))
        if problem:
            yield problem.at(subject, text.place)
        return
    cause = f"reports to {found.region.id} ({found.network} host)"
    yield Finding(Severity.OK, subject, text.place, cause)
    problems = (
        gateways.port(found.port, found.host, found.region.ports["jaeger-grpc"]),
        gateways.network(found.network, found.host, found.region.id),
    )
    yield from (problem.at(subject, text.place) for problem in problems if problem)


# How it is run --------------------------------------------------------------------------------


def _embedded(agent: HandMadeAgent, _context: _Context) -> Iterable[Finding]:
    words = agent.service.command or agent.service.entrypoint or ()
    if problem := hand_made.embedded(agent.kind):
        yield problem.at(agent.service.name, words[0].place)


def _container(agent: HandMadeAgent, _context: _Context) -> Iterable[Finding]:
    """Judge a container that runs only the agent."""
    service = agent.service
    if agent.kind == "embedded":
        return
    yield from _ports(service)
    image = service.image if service.image and service.image.complete else None
    fix = hand_made.NAME_A_VERSION if agent.kind == "agent" else None
    problems = {
        "network_mode": hand_made.network_mode(service.network_mode),
        "image": services.image_tag(image.text, fix) if image else None,
        "restart": hand_made.restart(service.restart),
        "mem_limit": hand_made.memory_limit(service.memory_mib, agent.kind),
    }
    for key, problem in problems.items():
        if problem:
            yield problem.at(service.name, service.place_of(key))


def _ports(service: ComposeService) -> Iterable[Finding]:
    ports = [PublishedPort(port.host, port.target, port.protocol) for port in service.ports]
    places = [port.place for port in service.ports]
    if problem := hand_made.published_ports(ports):
        yield problem.at(service.name, places[[port.is_open for port in ports].index(True)])
    if problem := hand_made.over_tcp(ports):
        yield problem.at(service.name, places[[port.is_mistaken for port in ports].index(True)])


def _sizes(agent: HandMadeAgent, context: _Context) -> Iterable[Finding]:
    if agent.kind == "all-in-one":
        return
    given = {flag: agent.settings[flag] for flag in (WORKERS, QUEUE) if flag in agent.settings}
    workers, queue = (given[flag].text if flag in given else "" for flag in (WORKERS, QUEUE))
    places = (*(text.place for text in given.values()), agent.service.place)
    if problem := hand_made.sizes(workers, queue, context.load):
        yield problem.at(agent.service.name, places[0])


_GATEWAY_GIVERS = (*HOST_PORTS, "config-file")
_CHECKS: tuple[Callable[[HandMadeAgent, _Context], Iterable[Finding]], ...] = (
    _token_in_arguments,
    _token_in_other_words,
    _token_in_environment,
    _tags,
    _no_token,
    _flags,
    _variables,
    _values,
    _gateway,
    _embedded,
    _container,
    _sizes,
)
"""The gravest first."""
