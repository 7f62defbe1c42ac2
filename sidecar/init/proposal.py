"""From a Compose file, or from answers, to a spec that its reader accepts, with its findings."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar.checks.composefiles import check_hand_made, check_traced
from sidecar.checks.gateways import find_gateway
from sidecar.errors import SidecarError
from sidecar.existing.compose import secrets
from sidecar.existing.compose.agents import find_agents
from sidecar.existing.compose.traced import NOT_NEEDED, Untraced, choose
from sidecar.findings import Finding
from sidecar.init.document import document
from sidecar.init.refusals import check, without_refused
from sidecar.init.translate import Translator
from sidecar.regions import LOCAL
from sidecar.rules import composefiles
from sidecar.spec import AGENT_SUFFIX, Capacity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.regions import Region

T = TypeVar("T", Finding, Untraced)


@dataclass(frozen=True)
class Answers:
    """What a user typed or gave as flags; empty where there is no answer."""

    region: str = ""
    network: str = ""
    capacity: Mapping[str, int] | None = None
    """The fields of the spec's capacity that were given."""
    service: Mapping[str, Any] | None = None
    """One service, where there is no Compose file."""


@dataclass(frozen=True)
class Proposal:
    """A spec to write."""

    region: str
    network: str
    data: Mapping[str, Any]
    text: str
    """The whole file."""
    findings: tuple[Finding, ...] = ()
    untraced: tuple[Untraced, ...] = ()
    region_is_known: bool = True
    """False: neither the answers nor an agent name it."""
    sources: tuple[Path, ...] = ()
    """The files that it was made from; the kit never writes to them."""


def plain(answers: Answers, out: Path) -> Proposal:
    """Return the proposal without a Compose file. Raises SpecError for an invalid answer."""
    region, network = answers.region or LOCAL, answers.network or "public"
    services = [answers.service] if answers.service else []
    data = _data(region, network, answers, services)
    text = document(data, out.name)
    check(text)
    return Proposal(region, network, data, text)


def from_compose(
    file: ComposeFile, answers: Answers, regions: Mapping[str, Region], out: Path
) -> Proposal:
    """Return the proposal for a Compose file. Raises SidecarError where it has nothing to trace."""
    agents = find_agents(file.services)
    chosen, left = choose(file, agents)
    region, network, is_known = _where(agents, answers, regions)
    embedded = frozenset(agent.service.name for agent in agents if agent.kind == "embedded")
    findings = [
        *_region_findings(agents, region, answers, regions),
        *file.findings,
        *check_hand_made(file, agents, regions, Capacity(**(answers.capacity or {}))),
        *check_traced(file, chosen, agents),
    ]
    translator = Translator(file, out.parent, embedded)
    services, not_taken, refused = _services(translator, chosen, region)
    if not services:
        fix = "Write the spec without --from, then add services"
        raise SidecarError(str(file.path), "has no service to trace", fix)
    left += refused
    findings += [*not_taken, *_left_behind(file, chosen, left)]
    data = _data(region, network, answers, services)
    text = document(data, out.name)
    check(text)
    return Proposal(
        region=region,
        network=network,
        data=data,
        text=text,
        findings=tuple(_redacted(finding, file.tokens) for finding in _joined(findings)),
        untraced=tuple(_redacted(record, file.tokens) for record in left),
        region_is_known=is_known,
        sources=file.sources,
    )


# Region ---------------------------------------------------------------------------------------


def _where(
    agents: Iterable[HandMadeAgent], answers: Answers, regions: Mapping[str, Region]
) -> tuple[str, str, bool]:
    """Return region and network, and whether the region is known.

    They are those of the answers, else of the first agent's gateway, else `local` and public.
    """
    found = next(iter(_reported(agents, regions)), None)
    if answers.region:
        same = found is not None and found[0] == answers.region
        network = found[1] if found and same else "public"
        return answers.region, answers.network or network, True
    if found:
        return found[0], answers.network or found[1], True
    return LOCAL, answers.network or "public", False


def _reported(
    agents: Iterable[HandMadeAgent], regions: Mapping[str, Region]
) -> Iterator[tuple[str, str, str]]:
    """Yield the (region, network, place) of each agent whose gateway is in the catalogue."""
    for agent in agents:
        if agent.gateway and agent.gateway.complete:
            found = find_gateway(agent.gateway.text, regions)
            if found.region:
                yield found.region.id, found.network, agent.service.place


def _region_findings(
    agents: Iterable[HandMadeAgent],
    region: str,
    answers: Answers,
    regions: Mapping[str, Region],
) -> Iterator[Finding]:
    found = {name: place for name, _, place in _reported(agents, regions)}
    if not answers.region and not found:
        cause = (
            "is not named, and no agent of the file names one; "
            "`local` runs on this machine, with a stand-in gateway"
        )
        yield composefiles.UNNAMED_REGION.finding("region", "", cause)
    if len(found) > 1:
        cause = (
            f"agents of the file report to {', '.join(found)}; "
            f"a spec is for one region, here {region}"
        )
        yield composefiles.SEVERAL_REGIONS.finding("region", found[max(found)], cause)


# Services -------------------------------------------------------------------------------------


def _services(
    translator: Translator, chosen: Sequence[ComposeService], region: str
) -> tuple[list[dict[str, Any]], list[Finding], list[Untraced]]:
    # the stand-in of `local` has this name
    reserved = frozenset({"gateway"} if region == LOCAL else ())
    by_service: dict[str, list[Finding]] = {}
    pairs = []
    for service, name in names(chosen, reserved):
        data, by_service[service.name] = translator.service(service, name)
        pairs.append((service, data))
    services, refused, left = without_refused(pairs)
    for record in left:
        by_service.pop(record.service)
    return services, [*itertools.chain(*by_service.values()), *refused], left


def _left_behind(
    file: ComposeFile, chosen: Sequence[ComposeService], left: Iterable[Untraced]
) -> Iterator[Finding]:
    """Warn of services that stay behind, though traced ones depend on or name them."""
    apart = [record.service for record in left if not record.why.startswith(NOT_NEEDED)]
    needed = [name for name in apart if any(_needs(service, name) for service in chosen)]
    if needed:
        cause = (
            f"left in {file.path.name}: the rendered services are another project, "
            "which does not join its network"
        )
        place = file.services[needed[0]].place
        yield composefiles.SERVICE_LEFT_BEHIND.finding(", ".join(needed), place, cause)


def _needs(service: ComposeService, name: str) -> bool:
    host = re.compile(rf"(?:.*[/@,=\s])?{re.escape(name)}(?:[:/,\s].*)?", re.DOTALL)
    texts = (text.text[:1000] for text in service.environment.values())
    return name in service.depends_on or any(host.fullmatch(text) for text in texts)


def names(
    services: Iterable[ComposeService], reserved: frozenset[str]
) -> Iterator[tuple[ComposeService, str]]:
    """Yield each service with a name that a spec allows, its own where that is valid."""
    taken = set(reserved)
    for service in services:
        wanted = spec_name(service.name)
        numbered = (f"{wanted[:50]}-{number}" for number in itertools.count(2))
        name = next(
            name
            for name in itertools.chain([wanted], numbered)
            if not {name, f"{name}{AGENT_SUFFIX}"} & taken
        )
        taken |= {name, f"{name}{AGENT_SUFFIX}"}
        yield service, name


def spec_name(text: str) -> str:
    """Return a Compose service's name as a host's: a-z, 0-9 and -, a letter first, at most 57."""
    name = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
    if not name[:1].isalpha() or name.startswith("x-"):
        name = f"service-{name}".rstrip("-")
    return name[: 63 - len(AGENT_SUFFIX)].rstrip("-")


def _data(
    region: str, network: str, answers: Answers, services: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    data: dict[str, Any] = {"region": region}
    if network != "public":
        data["gateway"] = {"network": network}
    if services:
        data["services"] = services
    if answers.capacity:
        data["capacity"] = dict(answers.capacity)
    return data


def _joined(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, those about one line as one: an anchor's line is of all that name it."""
    joined: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.place, finding.cause, finding.fix)
        first = joined.get(key)
        if first is None:
            joined[key] = finding
        elif finding.subject not in first.subject.split(", "):
            joined[key] = replace(first, subject=f"{first.subject}, {finding.subject}")
    return list(joined.values())


def _redacted(record: T, tokens: Iterable[str]) -> T:
    """Return a finding or an untraced service without tokens."""
    texts: dict[str, Any] = {
        key: secrets.redact(value, tokens)
        for key, value in vars(record).items()
        if type(value) is str and key != "id"
    }
    return replace(record, **texts)
