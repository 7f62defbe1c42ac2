"""A Compose file, its traced services and a plan → what the overlay holds."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sidecar.engine.project import AGENT, ROLE, SERVICE
from sidecar.inject.compose.canaries import Canaries
from sidecar.inject.compose.choose import leaving_names
from sidecar.inject.compose.free_names import free, free_names
from sidecar.inject.compose.namespaces import inside, namespace_of
from sidecar.plan.collectors import on_loopback, through
from sidecar.rules import agents, clients, tracers
from sidecar.spec import AGENT_SUFFIX
from sidecar.targets.overlay import NEVER, AgentPlace, Change, Overlay, Override

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from sidecar.existing.compose.records import ComposeFile, ComposeService, Port
    from sidecar.inject.compose.choice import Choice
    from sidecar.plan import Plan, ServicePlan
    from sidecar.plan.records import AgentPlan, ForwarderPlan, QueuesPlan

_STARTED = {"condition": "service_started"}
_EVERYWHERE, _LOOPBACK = "0.0.0.0:", "127.0.0.1:"
_SWITCHES = {"true": True, "false": False}


@dataclass(frozen=True)
class _Group:
    """Traced services that use one network, and so one agent."""

    members: tuple[ComposeService, ...]
    root: str
    """The service whose network it is; empty for the host's."""
    agent: str
    network: str
    """The private network; empty for the host's."""

    @property
    def owner(self) -> str:
        """The service that the agent is named after."""
        names = [member.name for member in self.members]
        return self.root if self.root in names else names[0]


def overlay_of(
    file: ComposeFile, files: Iterable[Path], choice: Choice, plan: Plan
) -> tuple[Overlay, Plan]:
    """Return what is added to a user's files, and the plan with the agents as they are there."""
    decider = _Decider(file, choice, plan)
    folder = file.path.parent
    names = tuple(os.path.relpath(path, folder) for path in files)
    agents_of = tuple(map(decider.place, decider.groups))
    overlay = Overlay(names, decider.changes(), agents_of, decider.names)
    services = tuple(place.service for place in agents_of)
    queues, forwarder = decider.queues(), decider.forwarder()
    return overlay, replace(plan, services=services, queues=queues, forwarder=forwarder)


class _Decider:
    def __init__(self, file: ComposeFile, choice: Choice, plan: Plan) -> None:
        self._services, self._choice, self._plan = file.services, choice, plan
        self._leaving = {service.name for service in choice.leaving}
        self._plans = {service.name: service for service in plan.services}
        hosts = {alias for service in file.services.values() for alias in service.aliases}
        self._taken = {*file.services, *hosts, *([plan.stand_in.name] if plan.stand_in else [])}
        self._networks = set(file.networks) | {"default"}
        self.names = free_names(self._networks, set(file.secrets))
        self._networks |= {self.names.gateway, self.names.page, self.names.forwarder}
        self.groups = self._groups()
        self._canaries = Canaries(self._taken, self._networks)
        self._canaries.place({group.owner: self._plans[group.owner] for group in self.groups})
        self.names = replace(
            self.names,
            queue=self._suffix(f"-tracing{self.names.queue}", self.names.queue, file.volumes),
            config=self._suffix("-tracing-config", self.names.config, file.configs),
        )

    def _suffix(self, otherwise: str, wanted: str, taken: Collection[str]) -> str:
        """Return a suffix with which the name of no agent is taken."""
        agents = [*(group.agent for group in self.groups), *self._canaries.collectors]
        ends = {name.removeprefix(agent) for agent in agents for name in taken if agent in name}
        return free(wanted, otherwise, ends)

    def queues(self) -> QueuesPlan | None:
        """Return what prepares the collectors' volumes, under a name that no service has."""
        queues = self._plan.queues
        return queues and replace(queues, name=free(queues.name, "tracing-queues", self._taken))

    def forwarder(self) -> ForwarderPlan | None:
        """Return the forwarder of the collectors, as well."""
        forwarder = self._plan.forwarder
        return forwarder and replace(forwarder, name=self._forwarder_name(forwarder.name))

    def _forwarder_name(self, usual: str) -> str:
        return free(usual, "tracing-forwarder", self._taken)

    # Who has which agent ----------------------------------------------------------------------

    def _groups(self) -> list[_Group]:
        by_root: dict[str, list[ComposeService]] = {}
        for service in self._choice.traced:
            root = self._root(service)
            by_root.setdefault(root, []).append(service)
        return [self._group(root, members) for root, members in by_root.items()]

    def _root(self, service: ComposeService) -> str:
        """Return whose network a service uses, once those that leave are gone."""
        root = namespace_of(service, self._services).root
        return service.name if root in self._leaving else root

    def _group(self, root: str, members: list[ComposeService]) -> _Group:
        names = [member.name for member in members]
        owner = root if root in names else names[0]
        agent = free(f"{owner}{AGENT_SUFFIX}", f"{owner}-tracing{AGENT_SUFFIX}", self._taken)
        self._taken.add(agent)
        network = ""
        if root:
            network = free(f"{owner}-tracing", f"{owner}-tracing{AGENT_SUFFIX}", self._networks)
            self._networks.add(network)
        return _Group(tuple(members), root, agent, network)

    def place(self, group: _Group) -> AgentPlace:
        """Return where the agent of a group runs."""
        service = self._canaries.of(_named(self._through(self._plans[group.owner]), group))
        profiles: set[str] = set()
        if all(member.profiles for member in group.members):
            profiles = {profile for member in group.members for profile in member.profiles}
        leaving, services = self._choice.leaving, self._services
        homes = {one.name for one in leaving if inside(one.name, services)}
        aliases = leaving_names(leaving, group.members, homes) if group.network else ()
        return AgentPlace(service, group.network, aliases, tuple(sorted(profiles)))

    def _through(self, service: ServicePlan) -> ServicePlan:
        """Return a service whose collector sends to the forwarder by its name here."""
        agent, canary = service.agent, service.agent.canary
        named = canary and replace(canary, agent=self._sends_through(canary.agent))
        return replace(service, agent=replace(self._sends_through(agent), canary=named))

    def _sends_through(self, agent: AgentPlan) -> AgentPlan:
        own = agent.collector
        renamed = own and through(own, self._forwarder_name(own.forwarder))
        return replace(agent, collector=renamed)

    # What changes in the user's services ------------------------------------------------------

    def changes(self) -> tuple[Change, ...]:
        """Return a change for each service that needs one, in the file's order."""
        settings: dict[str, dict[str, Any]] = {name: {} for name in self._services}
        for group in self.groups:
            for member in group.members:
                settings[member.name] |= self._traced(member, group)
            if group.network:
                self._join(settings, group)
        for name, service in self._services.items():
            if name not in self._leaving:
                self._let_go(settings[name], service)
        for name in self._leaving:
            settings[name] = {"profiles": Override([NEVER])}
        found = ((name, each) for name, each in settings.items() if each)
        return tuple(Change(name, each, self._comment(name)) for name, each in found)

    def _comment(self, name: str) -> str:
        return "Replaced by the agents below." if name in self._leaving else ""

    def _traced(self, service: ComposeService, group: _Group) -> dict[str, Any]:
        host = group.agent if group.network else _LOOPBACK.rstrip(":")
        labels = {
            ROLE: "service",
            SERVICE: service.name,
            "sidecar-kit.region": self._plan.region,
            "sidecar-kit.version": self._plan.kit_version,
        }
        if service.name != group.owner:
            labels[AGENT] = group.owner
        way = self._choice.evidence[service.name].way
        address = _address(host, tracers.OTEL_AGENT_HOST, tracers.OTEL_AGENT_PORT)
        return {
            "environment": {
                **_address(host, clients.AGENT_HOST, clients.AGENT_PORT),
                **(address if way and way.is_otel else {}),
                **_sampler(self._plans[service.name]),
            },
            "depends_on": dict.fromkeys(
                (group.agent, *self._canaries.first(group.owner)), _STARTED
            ),
            "labels": labels,
        }

    def _join(self, settings: dict[str, dict[str, Any]], group: _Group) -> None:
        """Put the private network on the service whose network the group uses."""
        root = self._services[group.root]
        own = {} if root.networks or root.network_mode else {"default": None}
        settings[root.name].setdefault("networks", {})
        settings[root.name]["networks"] |= {**own, group.network: None}

    def _let_go(self, settings: dict[str, Any], service: ComposeService) -> None:
        """Take those that leave out of a service's depends_on, links and network."""
        if self._leaving & service.dependencies.keys():
            left = {
                name: _dependency(given)
                for name, given in service.dependencies.items()
                if name not in self._leaving
            }
            settings["depends_on"] = Override({**left, **settings.get("depends_on", {})})
        names = [link.partition(":")[0] for link in service.links]
        if self._leaving & set(names):
            kept = zip(names, service.links, strict=True)
            settings["links"] = Override([link for name, link in kept if name not in self._leaving])
        home = service.network_mode.removeprefix("service:")
        if service.network_mode and home in self._leaving:
            self._move_in(settings, self._services[home])

    def _move_in(self, settings: dict[str, Any], agent: ComposeService) -> None:
        """Give a service the networks, the name and the ports that it had from an agent."""
        networks = agent.networks or {"default": ()}
        named = {name: {"aliases": [agent.name, *own]} for name, own in networks.items()}
        settings["network_mode"] = Override(None)
        settings["networks"] = {**settings.get("networks", {}), **named}
        ports = [_port(port) for port in agent.ports if port.target not in agents.PORTS]
        if ports:
            settings["ports"] = ports


def _named(service: ServicePlan, group: _Group) -> ServicePlan:
    """Return a service whose agent has the name and the addresses that it has in its group."""
    agent = replace(service.agent, name=group.agent)
    if not group.network:
        argv = tuple(word.replace(_EVERYWHERE, _LOOPBACK) for word in agent.argv)
        own = agent.collector and on_loopback(agent.collector)
        # TCP retries are a kernel setting, which the host's network does not let a container change
        agent = replace(agent, argv=argv, collector=own, tcp_retries=None)
    return replace(service, agent=agent)


def _address(host: str, *names: str) -> dict[str, str]:
    return dict(zip(names, (host, str(agents.COMPACT_PORT)), strict=True))


def _sampler(service: ServicePlan) -> dict[str, str]:
    names = (clients.SAMPLER_TYPE, clients.SAMPLER_PARAM)
    return {name: service.environment[name] for name in names if name in service.environment}


def _dependency(given: Mapping[str, str]) -> dict[str, Any]:
    switched = {name: _SWITCHES.get(text, text) for name, text in given.items()}
    return {**_STARTED, **switched}


def _port(port: Port) -> str:
    published = str(port.published or "")
    host = f"[{port.host}]" if ":" in port.host else port.host
    before = f"{host}:{published}:" if host else f"{published}:" if published else ""
    return f"{before}{port.target}/{port.protocol}"
