"""Which services of a Compose file are traced, why the others are not, and which agents leave."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.existing.compose import software
from sidecar.existing.compose.agents import find_agents, is_kits_own
from sidecar.inject.compose.evidence import Evidence, evidence_of
from sidecar.inject.compose.namespaces import inside, namespace_of, networks_of
from sidecar.rules.overlays import network_mode
from sidecar.rules.tracers import BINARY, THRIFT

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from sidecar.existing.compose.agents import HandMadeAgent
    from sidecar.existing.compose.records import ComposeFile, ComposeService

_BACKEND = "tracing backend"
_PROVIDER = "run by a provider"
"""Compose starts a program for it, and no container."""


@dataclass(frozen=True)
class Wishes:
    """What a user asked for."""

    services: tuple[str, ...] = ()
    """To be traced; empty: those that show that they are."""
    excluded: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    """Agents and backends that are to be replaced."""
    profiles: tuple[str, ...] = ()
    """Their services are traced, too."""


@dataclass(frozen=True)
class Verdict:
    """What is decided about one service, and why."""

    service: str
    place: str
    traced: bool
    why: str
    reports: str
    """How its spans leave it; unknown where nothing shows it."""


@dataclass(frozen=True)
class Choice:
    """The traced services of a Compose file, and what leaves for them."""

    traced: tuple[ComposeService, ...]
    leaving: tuple[ComposeService, ...]
    """Hand-made agents, and what the user named."""
    verdicts: tuple[Verdict, ...]
    evidence: dict[str, Evidence]
    agents: tuple[HandMadeAgent, ...]
    backends: dict[str, str]
    """Tracing backends that stay → what they are."""
    needed: dict[str, list[str]]
    """Hand-made agents that stay → the services that need them."""
    missed: dict[str, list[str]]
    """Hand-made agents that leave → the services that may miss them, though nothing shows it."""


def choose(file: ComposeFile, wishes: Wishes) -> Choice:
    """Return what is traced. Raises SidecarError for a name that no service has."""
    for name in (*wishes.services, *wishes.excluded, *wishes.replaced):
        _require(name, file)
    return _Chooser(file, wishes).choice()


def _require(name: str, file: ComposeFile) -> None:
    if name in file.services:
        return
    near = difflib.get_close_matches(name, file.services, 3, 0.5)
    names = " or ".join(near) or ", ".join(list(file.services)[:10])
    fix = f"Did you mean {names}?" if near else f"It has {names}"
    raise SidecarError(f"{file.path}: service {name!r}", "is not in the file", fix)


class _Chooser:
    def __init__(self, file: ComposeFile, wishes: Wishes) -> None:
        self._file, self._wishes = file, wishes
        self._services = file.services
        self._agents = {agent.service.name: agent for agent in find_agents(file.services)}
        self._tracers = {
            name: service.name
            for service in self._services.values()
            if self._is_tracer(service)
            for name in (service.name, *service.aliases)
        }
        self._evidence = {
            service.name: evidence_of(service, file, self._tracers)
            for service in self._services.values()
        }
        self._jobs = {
            name
            for service in self._services.values()
            for name, condition in service.depends_on.items()
            if condition == "service_completed_successfully"
        }

    def choice(self) -> Choice:
        strong = {name for name in self._services if self._shows(name)}
        weak = (
            {name for name in self._services if self._reaches_agent(name)} if not strong else set()
        )
        chosen = self._chosen(strong | weak)
        traced = tuple(service for name, service in self._services.items() if name in chosen)
        needed = {name: self._users(name, chosen, strong) for name in self._leavers()}
        free = {name for name, users in needed.items() if not users} | {*self._wishes.replaced}
        leaving = free if traced else set()
        return Choice(
            traced=traced,
            leaving=tuple(s for name, s in self._services.items() if name in leaving),
            verdicts=tuple(self._verdict(s, chosen, leaving) for s in self._services.values()),
            evidence=self._evidence,
            agents=tuple(self._agents.values()),
            backends={
                name: self._backend(name)
                for name in self._services
                if self._backend(name) and name not in leaving
            },
            missed={
                name: self._missing(name, chosen) for name in self._leavers() if name in leaving
            },
            needed={name: users for name, users in needed.items() if name not in leaving},
        )

    # What a service is ------------------------------------------------------------------------

    def _is_tracer(self, service: ComposeService) -> bool:
        return service.name in self._agents or software.other_software(service) == _BACKEND

    def _backend(self, name: str) -> str:
        """Return what a tracing backend is; empty for another service and for an agent."""
        agent = self._agents.get(name)
        if agent and agent.kind == "all-in-one":
            return "all-in-one"
        if agent:
            return ""
        service = self._services[name]
        return _BACKEND if software.other_software(service) == _BACKEND else ""

    def _leavers(self) -> list[str]:
        """Return the hand-made agents that have a container of their own."""
        return [name for name, agent in self._agents.items() if agent.kind == "agent"]

    def _other(self, service: ComposeService) -> str:
        """Return what a service is that no tracer is looked for in; empty for one of the user's."""
        agent = self._agents.get(service.name)
        if is_kits_own(service):
            return "the kit's own"
        if "provider" in service.places:
            return _PROVIDER
        if agent and agent.kind != "embedded":
            return "hand-made agent" if agent.kind == "agent" else self._backend(service.name)
        known = service.build and self._evidence[service.name].way  # by its name alone
        return "" if known else software.other_software(service)

    def _shows(self, name: str) -> bool:
        """Tell whether a service shows that it reports to an agent."""
        service = self._services[name]
        if self._other(service) or self._unreachable(service):
            return False
        way = self._evidence[name].way
        if way:
            return way.protocol == THRIFT
        return bool(self._linked_agent(service))

    def _linked_agent(self, service: ComposeService) -> str:
        """Return the hand-made agent that a service waits for, links, or shares a network with."""
        agents = {name for name, agent in self._agents.items() if agent.kind == "agent"}
        mode = service.network_mode.removeprefix("service:")
        for name in (mode, *service.depends_on):
            if name in agents:
                return name
        within = (other.name for other in inside(service.name, self._services))
        return next((name for name in within if name in agents), "")

    def _reaches_agent(self, name: str) -> bool:
        """Tell whether a service runs Python, and shares a network with a hand-made agent."""
        service = self._services[name]
        if self._other(service) or self._is_job(service) or not self._evidence[name].python:
            return False
        own = networks_of(service)
        agents = (self._services[agent] for agent in self._leavers())
        return self._evidence[name].way is None and any(own & networks_of(each) for each in agents)

    def _unreachable(self, service: ComposeService) -> str:
        """Return why no agent can be reached from a service's network; empty where one can."""
        mode = namespace_of(service, self._services).mode
        return f"network_mode {mode}: no agent is reached" if network_mode(mode) else ""

    def _is_job(self, service: ComposeService) -> bool:
        return service.name in self._jobs or service.restart in ("no", "none", "false")

    # Who is chosen ----------------------------------------------------------------------------

    def _chosen(self, shown: set[str]) -> set[str]:
        wishes = self._wishes
        chosen = set(wishes.services) or shown | self._of_profiles()
        for name in wishes.services:
            self._require_traceable(self._services[name])
        return chosen - {*wishes.excluded, *wishes.replaced}

    def _of_profiles(self) -> set[str]:
        wanted = set(self._wishes.profiles)
        services = self._services.values()
        of_profile = (service for service in services if wanted & set(service.profiles))
        return {service.name for service in of_profile if not self._other(service)}

    def _require_traceable(self, service: ComposeService) -> None:
        what = self._other(service)
        if what in ("the kit's own", "hand-made agent", _PROVIDER):
            cause, fix = f"is {what}, not a service to trace", "Name a service that makes spans"
            raise SidecarError(f"{service.place}: service {service.name!r}", cause, fix)

    def _users(self, agent: str, chosen: set[str], strong: set[str]) -> list[str]:
        """Return the services that need a hand-made agent: they are not traced, or live in it."""
        names = {agent, *self._services[agent].aliases}
        left = self._services.keys() - chosen - self._agents.keys() - {*self._wishes.replaced}
        need = [name for name in left if self._needs(name, names, shows=name in strong)]
        living = [service.name for service in inside(agent, self._services)]
        return sorted({*need, *(living if len(living) > 1 else ())})

    def _missing(self, agent: str, chosen: set[str]) -> list[str]:
        own = networks_of(self._services[agent])
        left = (name for name in self._services if name not in {*chosen, *self._wishes.excluded})
        weak = (name for name in left if self._reaches_agent(name))
        return [name for name in weak if own & networks_of(self._services[name])]

    def _needs(self, name: str, agent: set[str], *, shows: bool) -> bool:
        """Tell whether a service that is not traced needs an agent, which has these names."""
        evidence = self._evidence[name]
        if not shows:
            return not agent.isdisjoint(evidence.hosts)
        return evidence.way is not None or self._linked_agent(self._services[name]) in agent

    # What the table says ----------------------------------------------------------------------

    def _verdict(self, service: ComposeService, chosen: set[str], leaving: set[str]) -> Verdict:
        traced = service.name in chosen
        why = self._why_traced(service) if traced else self._why_not(service, leaving)
        return Verdict(service.name, service.place, traced, why, self._reports(service, traced))

    def _why_traced(self, service: ComposeService) -> str:
        evidence = self._evidence[service.name]
        if evidence.way and evidence.way.protocol == THRIFT:
            return f"{evidence.way.name} at {evidence.place}"
        if agent := self._linked_agent(service):
            return f"uses the agent {agent}"
        if service.name in self._wishes.services:
            return "named"
        if set(service.profiles) & set(self._wishes.profiles):
            return "in a named profile"
        return "runs Python, and reaches a hand-made agent"

    def _why_not(self, service: ComposeService, leaving: set[str]) -> str:
        other, way = self._other(service), self._evidence[service.name].way
        reasons = {
            f"{other or 'named with --replace'}: replaced": service.name in leaving,
            "named with --not": service.name in self._wishes.excluded,
            f"{other}: stays": other and service.name in self._agents,
            other: other,
            self._unreachable(service): self._unreachable(service),
            f"{way.name} at {self._evidence[service.name].place}" if way else "": (
                way and way.protocol != THRIFT
            ),
            "not named": self._shows(service.name),
        }
        return next((why for why, holds in reasons.items() if holds), self._no_sign(service))

    def _no_sign(self, service: ComposeService) -> str:
        python = self._evidence[service.name].python
        kind = "a job, with " if self._is_job(service) else "Python, with " if python else ""
        return f"{kind}no sign of a tracer"

    def _reports(self, service: ComposeService, traced: bool) -> str:
        evidence = self._evidence[service.name]
        if self._other(service) and not traced:
            return "-"
        if evidence.way is None:
            return "Thrift, if its tracer does" if traced else "unknown"
        return (
            evidence.way.protocol
            if evidence.way.protocol in (THRIFT, BINARY)
            else f"{evidence.way.protocol}, past an agent"
        )


def leaving_names(
    leaving: Iterable[ComposeService], users: Sequence[ComposeService], homes: Container[str] = ()
) -> tuple[str, ...]:
    """Return the names by which services reach those that leave, also by their links.

    `homes` are those whose network other services use.
    """
    names: list[str] = []
    for service in leaving:
        if service.name in homes:  # the name is that of a service now, which lived there
            continue
        names += (service.name, *service.aliases)
        links = (link.partition(":") for user in users for link in user.links)
        names += (alias for name, _, alias in links if name == service.name and alias)
    return tuple(dict.fromkeys(names))
