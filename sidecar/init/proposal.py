"""From a Compose file, or from answers, to a spec that its reader accepts, and all that is to be said about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar.checks.agent_settings import Context
from sidecar.checks.agents import check_agent
from sidecar.checks.clients import check_client
from sidecar.checks.gateways import lookup
from sidecar.errors import SidecarError
from sidecar.existing.compose import secrets
from sidecar.existing.compose.agents import find_agents
from sidecar.findings import Finding, Severity
from sidecar.init.acceptance import accepted, check
from sidecar.init.candidates import LeftAlone, choose
from sidecar.init.document import document
from sidecar.init.environment import sampling_of
from sidecar.init.naming import names
from sidecar.init.neighbours import check_neighbours
from sidecar.init.translate import Translator
from sidecar.regions import LOCAL
from sidecar.spec import Capacity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.regions import Region

T = TypeVar("T", Finding, LeftAlone)


@dataclass(frozen=True)
class Wish:
    """What flags or answers say; empty: nothing."""

    region: str = ""
    network: str = ""
    capacity: Mapping[str, int] | None = None
    """The fields of the spec's capacity that were named."""
    service: Mapping[str, Any] | None = None
    """One service, where there is no Compose file."""


@dataclass(frozen=True)
class Proposal:
    """A spec to be written."""

    region: str
    network: str
    data: Mapping[str, Any]
    text: str
    """The whole file."""
    findings: tuple[Finding, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    region_is_known: bool = True
    """False: nobody named it and no agent told it."""
    sources: tuple[Path, ...] = ()
    """The files that it comes from, never written to."""


def plain(wish: Wish, out: Path) -> Proposal:
    """Return the proposal without a Compose file. Raises SpecError for an answer that no spec takes."""
    region, network = wish.region or LOCAL, wish.network or "public"
    data = _data(region, network, wish, [wish.service] if wish.service else [])
    text = document(data, out.name)
    check(text)
    return Proposal(region, network, data, text)


def from_compose(
    file: ComposeFile, wish: Wish, regions: Mapping[str, Region], out: Path
) -> Proposal:
    """Return what a Compose file comes to. Raises SidecarError where no service of it can be traced."""
    agents = find_agents(file.services)
    chosen, left = choose(file, agents)
    region, network, found = _where(agents, wish, regions)
    known = not found
    context = Context(file, regions, Capacity(**(wish.capacity or {})), 1)
    findings = [*found, *_several_regions(agents, region, regions), *file.findings]
    for agent in agents:
        findings += check_agent(agent, replace(context, clients=_clients(agent, file)))
    for service in chosen:
        findings += check_client(service, sampling_of(service), file)
    translator = Translator(
        file,
        out.parent,
        frozenset(agent.service.name for agent in agents if agent.kind == "embedded"),
    )
    services, notes, refused = _services(translator, chosen, region)
    if not services:
        raise SidecarError(
            str(file.path),
            "has no service to trace",
            "Write the spec without --from, then add services",
        )
    left += refused
    findings += [*notes, *check_neighbours(file, chosen, left)]
    data = _data(region, network, wish, services)
    text = document(data, out.name)
    check(text)
    return Proposal(
        region=region,
        network=network,
        data=data,
        text=text,
        findings=tuple(_redacted(finding, file.tokens) for finding in _joined(findings)),
        left_alone=tuple(_redacted(one, file.tokens) for one in left),
        region_is_known=known,
        sources=file.sources,
    )


def _where(
    agents: list[HandMadeAgent], wish: Wish, regions: Mapping[str, Region]
) -> tuple[str, str, list[Finding]]:
    """Return region and network: as wished, else those of the first agent's gateway, else local."""
    known = [
        lookup(agent.gateway, regions)
        for agent in agents
        if agent.gateway and agent.gateway.complete
    ]
    found = next((one for one in known if one.region), None)
    if wish.region:
        same = found if found and found.region == wish.region else None
        return wish.region, wish.network or (same.network if same else "public"), []
    if found:
        return found.region, wish.network or found.network, []
    cause = "is not named, and no agent of the file tells it; `local` runs on this machine, with a stand-in gateway"
    fix = "Give --region ID; `sidecar regions` lists them"
    return LOCAL, wish.network or "public", [Finding(Severity.WARNING, "region", "", cause, fix)]


def _several_regions(
    agents: list[HandMadeAgent], taken: str, regions: Mapping[str, Region]
) -> list[Finding]:
    found = {
        at.region: agent
        for agent in agents
        if agent.gateway and (at := lookup(agent.gateway, regions)) and at.region
    }
    if len(found) < 2:
        return []
    cause = f"agents of the file report to {', '.join(found)}; a spec is of one: {taken} is taken"
    fix = "Give --region, and write a spec for each"
    return [Finding(Severity.WARNING, "region", found[max(found)].service.place, cause, fix)]


def _clients(agent: HandMadeAgent, file: ComposeFile) -> int:
    """Return how many containers report to an agent, at least 1."""
    names = {agent.service.name, *agent.service.aliases}
    hosts = [
        service.replicas or 1
        for service in file.services.values()
        if (host := service.environment.get("JAEGER_AGENT_HOST")) and host.text in names
    ]
    return max(1, sum(hosts))


def _data(
    region: str, network: str, wish: Wish, services: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    data: dict[str, Any] = {"region": region}
    if network != "public":
        data["gateway"] = {"network": network}
    if services:
        data["services"] = services
    if wish.capacity:
        data["capacity"] = dict(wish.capacity)
    return data


def _services(
    translator: Translator, chosen: list[ComposeService], region: str
) -> tuple[list[dict[str, Any]], list[Finding], list[LeftAlone]]:
    # the stand-in gateway of `local` has this name
    reserved = frozenset({"gateway"} if region == LOCAL else ())
    notes: dict[str, list[Finding]] = {}
    pairs = []
    for service, name in names(chosen, reserved):
        data, notes[service.name] = translator.service(service, name)
        pairs.append((service, data))
    services, refused, left = accepted(pairs)
    gone = {one.service for one in left}
    kept = [note for name, found in notes.items() if name not in gone for note in found]
    return services, [*kept, *refused], left


def _joined(findings: list[Finding]) -> list[Finding]:
    """Return the findings with those about one line joined: an anchor's line is about all who name it."""
    joined: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.place, finding.cause, finding.fix)
        if key in joined and finding.subject not in joined[key].subject.split(", "):
            joined[key] = replace(finding, subject=f"{joined[key].subject}, {finding.subject}")
        else:
            joined.setdefault(key, finding)
    return list(joined.values())


def _redacted(record: T, tokens: Iterable[str]) -> T:
    """Return a finding or a left-alone service without tokens."""
    texts: dict[str, Any] = {
        k: secrets.redact(v, tokens) for k, v in vars(record).items() if type(v) is str
    }
    return replace(record, **texts)
