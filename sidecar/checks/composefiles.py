"""What is wrong with how the services of a Compose file report, with its hand-made agents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.checks.agents import check_agents
from sidecar.checks.clients import check_clients
from sidecar.existing.compose import secrets
from sidecar.rules import agent_settings, agents, clients

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.findings import Finding
    from sidecar.regions import Region
    from sidecar.spec import Capacity

_ADDRESS = (clients.AGENT_HOST, clients.AGENT_PORT)


def check_hand_made(
    file: ComposeFile,
    found: Iterable[HandMadeAgent],
    regions: Mapping[str, Region],
    capacity: Capacity,
) -> list[Finding]:
    """Return what is wrong with a file's agents and the paths to them. No finding shows a token."""
    own = [agent for agent in found if agent.kind == "agent"]
    findings = [
        *check_agents(file, found, regions, capacity),
        *_ports(file, own),
        *_networks(file, own),
    ]
    return [redacted(finding, file.tokens) for finding in findings]


def check_reading(file: ComposeFile) -> list[Finding]:
    """Return what of a file could not be read. No finding shows a token."""
    found = (finding for service in file.services.values() for finding in service.findings)
    return [redacted(finding, file.tokens) for finding in found]


def check_traced(
    file: ComposeFile, traced: Iterable[ComposeService], found: Iterable[HandMadeAgent]
) -> list[Finding]:
    """Return what is wrong with the traced services of a file. No finding shows a token."""
    embedded = {agent.service.name for agent in found if agent.kind == "embedded"}
    findings = check_clients(file, traced, embedded)
    return [redacted(finding, file.tokens) for finding in findings]


def joined(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings, those about one line as one: an anchor's line is of all that name it."""
    found: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.place, finding.cause, finding.fix)
        first = found.setdefault(key, finding)
        if finding.subject not in first.subject.split(", "):
            found[key] = replace(first, subject=f"{first.subject}, {finding.subject}")
    return list(found.values())


def redacted(finding: Finding, tokens: Iterable[str]) -> Finding:
    """Return a finding without tokens."""
    return replace(
        finding,
        subject=secrets.redact(finding.subject, tokens),
        place=secrets.redact(finding.place, tokens),
        cause=secrets.redact(finding.cause, tokens),
        fix=secrets.redact(finding.fix, tokens),
    )


def _ports(file: ComposeFile, found: Iterable[HandMadeAgent]) -> Iterator[Finding]:
    """Judge the port that each service sends to, against where its agent listens."""
    listening = {
        name: _compact_port(agent)
        for agent in found
        for name in (agent.service.name, *agent.service.aliases)
    }
    for service in file.services.values():
        host, port = (service.environment.get(name) for name in _ADDRESS)
        if port is None:
            continue
        compact = listening.get(host.text) if host else None
        if problem := agent_settings.client_port(port.text, compact):
            yield problem.at(service.name, port.place)


def _compact_port(agent: HandMadeAgent) -> str:
    given = agent.effective.get(agent_settings.COMPACT_HOST_PORT)
    port = given.text.rpartition(":")[2] if given else ""
    return port or str(agents.COMPACT_PORT)


def _networks(file: ComposeFile, found: Iterable[HandMadeAgent]) -> Iterator[Finding]:
    for agent in found:
        if agent.service.network_mode:
            continue
        for network in agent.service.networks or ("default",):
            value = file.mtus.get(network)
            if value and (problem := agent_settings.mtu(network, value.text)):
                yield problem.at(agent.service.name, value.place)
