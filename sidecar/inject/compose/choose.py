"""Which services of a Compose file are traced, and which agents leave."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.inject.compose.choice import Choice
from sidecar.inject.compose.namespaces import inside, networks_of
from sidecar.inject.compose.roles import PROVIDER, Roles
from sidecar.inject.compose.verdicts import Verdicts

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from sidecar.existing.compose.records import ComposeFile, ComposeService
    from sidecar.inject.compose.choice import Wishes


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
        self._services, self._wishes = file.services, wishes
        self._roles = Roles(file)
        self._verdicts = Verdicts(self._roles, wishes)

    def choice(self) -> Choice:
        roles = self._roles
        strong = set(filter(roles.shows, self._services))
        weak = set() if strong else set(filter(roles.reaches_agent, self._services))
        chosen = self._chosen(strong | weak)
        needed = {name: self._users(name, chosen, strong) for name in roles.leavers()}
        leaving = self._leaving(needed) if chosen else set()
        return Choice(
            traced=self._among(chosen),
            leaving=self._among(leaving),
            verdicts=tuple(
                self._verdicts.of(each, traced=each.name in chosen, leaving=leaving)
                for each in self._services.values()
            ),
            evidence=roles.evidence,
            agents=tuple(roles.agents.values()),
            backends={
                name: what
                for name in self._services
                if (what := roles.backend(name)) and name not in leaving
            },
            missed={name: self._missing(name, chosen) for name in needed if name in leaving},
            needed={name: users for name, users in needed.items() if name not in leaving},
        )

    def _among(self, names: set[str]) -> tuple[ComposeService, ...]:
        """Return the services of these names, in the file's order."""
        return tuple(each for name, each in self._services.items() if name in names)

    def _leaving(self, needed: dict[str, list[str]]) -> set[str]:
        """Return the agents that nobody needs, and what the user wants to replace."""
        return {name for name, users in needed.items() if not users} | {*self._wishes.replaced}

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
        return {service.name for service in of_profile if not self._roles.other(service)}

    def _require_traceable(self, service: ComposeService) -> None:
        what = self._roles.other(service)
        if what in ("the kit's own", "hand-made agent", PROVIDER):
            cause, fix = f"is {what}, not a service to trace", "Name a service that makes spans"
            raise SidecarError(f"{service.place}: service {service.name!r}", cause, fix)

    def _users(self, agent: str, chosen: set[str], strong: set[str]) -> list[str]:
        """Return the services that need a hand-made agent: they are not traced, or live in it."""
        names = {agent, *self._services[agent].aliases}
        left = self._services.keys() - chosen - self._roles.agents.keys() - {*self._wishes.replaced}
        need = [name for name in left if self._needs(name, names, shows=name in strong)]
        living = [service.name for service in inside(agent, self._services)]
        return sorted({*need, *(living if len(living) > 1 else ())})

    def _missing(self, agent: str, chosen: set[str]) -> list[str]:
        own = networks_of(self._services[agent])
        left = (name for name in self._services if name not in {*chosen, *self._wishes.excluded})
        weak = (name for name in left if self._roles.reaches_agent(name))
        return [name for name in weak if own & networks_of(self._services[name])]

    def _needs(self, name: str, agent: set[str], *, shows: bool) -> bool:
        """Tell whether a service that is not traced needs an agent, which has these names."""
        evidence = self._roles.evidence[name]
        if not shows:
            return not agent.isdisjoint(evidence.hosts)
        return evidence.way is not None or self._roles.linked_agent(self._services[name]) in agent


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
