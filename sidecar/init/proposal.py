"""From Compose files that exist, or from answers, to a spec that its reader accepts."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sidecar.checks.compose_answer import refusal
from sidecar.existing.compose.agents import find_agents
from sidecar.existing.compose.load import load_all
from sidecar.existing.compose.secrets import redact
from sidecar.findings import failed
from sidecar.init.document import document
from sidecar.inject.compose.choice import Wishes
from sidecar.inject.compose.planning import located
from sidecar.inject.compose.report import Result
from sidecar.inject.compose.survey import overlaid, survey
from sidecar.regions import LOCAL
from sidecar.rules import composefiles
from sidecar.spec import Capacity, GatewaySettings, Spec
from sidecar.spec.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile
    from sidecar.findings import Finding
    from sidecar.inject.compose.choice import Choice
    from sidecar.inject.compose.report import Stack
    from sidecar.regions import Region


_UNNAMED = (
    "is not named, and no agent of the file names one; "
    "`local` runs on this machine, with a stand-in gateway"
)


@dataclass(frozen=True)
class Answers:
    """What a user typed or gave as flags; empty where there is no answer."""

    region: str = ""
    network: str = ""
    capacity: Mapping[str, int] | None = None
    """The fields of the spec's capacity that were given."""
    service: Mapping[str, Any] | None = None
    """One service, where there is no Compose file."""
    traced: tuple[str, ...] = ()
    """Services of the Compose files to trace; empty: those that show that they are."""


@dataclass(frozen=True)
class Untraced:
    """A service without an agent."""

    service: str
    image: str
    place: str
    why: str


@dataclass(frozen=True)
class Proposal:
    """A spec to write."""

    region: str
    network: str
    data: Mapping[str, Any]
    text: str
    """The whole file; empty where there is nothing to trace."""
    result: Result | None = None
    """What is traced of the Compose files, and what is wrong with them."""
    untraced: tuple[Untraced, ...] = ()
    region_is_known: bool = True
    """False: neither the answers nor an agent name it."""
    sources: tuple[Path, ...] = ()
    """The files that it was made from; the kit never writes to them."""


def plain(answers: Answers, out: Path) -> Proposal:
    """Return the proposal without a Compose file. Raises SpecError for an invalid answer."""
    region, network = answers.region or LOCAL, answers.network or "public"
    services = [answers.service] if answers.service else []
    data = _data(region, network, answers, services=services)
    return Proposal(region, network, data, _checked(data, out))


def from_stack(
    stack: Stack, given: Sequence[Path], answers: Answers, regions: Mapping[str, Region], out: Path
) -> Proposal:
    """Return the proposal for a stack, which names its files as they were given.

    Raises SidecarError as the overlay of its spec would.
    """
    file = load_all(stack.files)
    region, network, is_known = _where(find_agents(file.services), answers, regions)
    spec = Spec(region, GatewaySettings(network), capacity=Capacity(**(answers.capacity or {})))
    found = survey(file, Wishes(services=answers.traced), spec, regions)
    refusals = tuple(filter(None, (*found.refusals, refusal(file, stack.files))))
    findings = (*_unnamed(is_known=is_known), *found.findings, *refusals)
    stack = replace(stack, tokens=file.tokens, specs=(out,))
    result = Result(stack, found.choice, findings, 0)
    untraced = tuple(_untraced(file, found.choice))
    proposal = Proposal(region, network, {}, "", result, untraced, is_known, file.sources)
    if failed(list(refusals)):
        return proposal
    _, plan = overlaid(found, stack.files, regions)
    names = [Path(os.path.relpath(path, out.parent)).as_posix() for path in given]
    services = [{"name": service.name} for service in found.choice.traced]
    data = _data(region, network, answers, compose=names, services=services)
    text = _checked(data, out)
    return replace(proposal, data=data, text=text, result=replace(result, plan=plan))


def _untraced(file: ComposeFile, choice: Choice) -> Iterator[Untraced]:
    """Yield the services without an agent, without tokens."""
    for each in choice.verdicts:
        image = file.services[each.service].image
        texts = (each.service, image.text[:100] if image else "", each.place, each.why)
        if not each.traced:
            yield Untraced(*(redact(text, file.tokens) for text in texts))


def _where(
    agents: Iterable[HandMadeAgent], answers: Answers, regions: Mapping[str, Region]
) -> tuple[str, str, bool]:
    """Return region and network, and whether the region is known.

    They are those of the answers, else of the first agent's gateway, else `local` and public.
    """
    found = located(Spec(), agents, regions)
    same = answers.region in ("", found.region)
    network = answers.network or (found.gateway.network if same else GatewaySettings.network)
    region = answers.region or found.region
    return region or LOCAL, network, bool(region)


def _unnamed(*, is_known: bool) -> Iterator[Finding]:
    if not is_known:
        yield composefiles.UNNAMED_REGION.finding("region", "", _UNNAMED)


def _data(region: str, network: str, answers: Answers, **lists: list[Any]) -> dict[str, Any]:
    data: dict[str, Any] = {"region": region}
    if network != GatewaySettings.network:
        data["gateway"] = {"network": network}
    data |= {name: entries for name, entries in lists.items() if entries}
    if answers.capacity:
        data["capacity"] = dict(answers.capacity)
    return data


def _checked(data: Mapping[str, Any], out: Path) -> str:
    """Return a spec's text. Raises SpecError with all errors that its reader finds."""
    text = document(data, out.name)
    with tempfile.TemporaryDirectory(prefix="sidecar-init-") as scratch:
        path = Path(scratch) / "sidecar.yaml"
        path.write_text(text, encoding="utf-8")
        load([path])
    return text
