"""Visits to the replicas of a service under Compose, by short-lived containers."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sidecar.engine.errors import EngineError
from sidecar.errors import SidecarError
from sidecar.rules.agents import ADMIN_PORT
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.verify.compose.addresses import agent_addresses, reached_from
from sidecar.verify.counts import GatewayCounts, agent_counts_of
from sidecar.verify.hops import REPORTS
from sidecar.verify.look import Look, ReplicaLook, broken_by
from sidecar.verify.network.namespace import chosen
from sidecar.verify.network.visit import from_dict as visit_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sidecar.engine.containers import Container
    from sidecar.verify.compose.parts import Parts
    from sidecar.verify.counts import ClientCounts
    from sidecar.verify.look import Task
    from sidecar.verify.network.visit import Visit

_NUMBERS = re.compile(r"\d+:\d+")
"""uid:gid."""
_COLLECT = ("python", "-m", "sidecar.verify.network.collect")
_VISIT = ("python", "-m", "sidecar.verify.network.visit")
_VISIT_SECONDS = 40.0
"""For requests that are not answered."""
_REPLICAS_AT_ONCE = 4


def of_other_version(container: Container) -> SidecarError:
    """Return the error of an image that prints something else than this version of the kit."""
    cause = "was looked into with an image of another version of the kit"
    fix = "Obtain the gateway image of this version: `sidecar images --rebuild`"
    return SidecarError(container.name, cause, fix)


class QuickLook(NamedTuple):
    """A look of which the kernel's drops before it are not known."""

    look: Look
    """It takes as many drops as marked packets for new ones."""
    gateway: GatewayCounts | None
    """What the stand-in counted; None where the agent does not reach it."""
    kernel_drops: int
    """Since the agent started: where there are any, only a second look shows new ones."""
    lost: bool
    """Marked spans did not come to the stand-in."""


class Visits:
    """The visits to a project's services."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def of_all(
        self, task: Task, sender: Container, admin: str = ""
    ) -> tuple[ClientCounts, tuple[ReplicaLook, ...]]:
        """Visit all replicas at once, and send the marked spans from one, which runs.

        Raises SidecarError where that one cannot send them.
        """
        others = [one for one in self._parts.of("service", task.service) if one is not sender]
        with ThreadPoolExecutor(_REPLICAS_AT_ONCE) as pool:
            visiting = pool.submit(self._replica, sender, task, task.spans, admin)
            rest = list(pool.map(lambda one: self._or_broken(one, task), others))
            first = visiting.result()
        assert first.visit is not None  # noqa: S101 - for the type checker
        if first.visit.client is None:
            raise SidecarError(task.service, first.visit.failed)
        found = sorted((first, *rest), key=lambda replica: replica.name)
        return first.visit.client, tuple(found)

    def quick_look(self, task: Task, sender: Container, agent: Container) -> QuickLook | None:
        """Read the agent from the service's network before, and from its own after.

        The stand-in's counts come with it where the agent reaches it. None where the networks do
        not allow it.
        """
        data = self._parts.inspect(agent)
        address = reached_from(self._parts.inspect(sender), data)
        if not address:
            return None
        client, replicas = self.of_all(task, sender, f"http://{address}:{ADMIN_PORT}")
        before = next((one.visit.agent for one in replicas if one.visit and one.visit.agent), None)
        if before is None:
            return None
        options = (
            f"--packets={before.came + client.in_units(before.unit)}",
            f"--lost={before.lost}",
            f"--spans={client.sent}",
            f"--seconds={task.seconds}",
            *self._page_option(data),
        )
        counted = self._parts.run(agent, (*_COLLECT, task.marker, *options), task.seconds)
        after = agent_counts_of(counted["agent"])
        earlier = max(0, after.kernel_drops - client.packets)
        look = Look(client, replace(before, kernel_drops=earlier), after, replicas=replicas)
        gateway = _gateway_counts(counted["gateway"], agent)
        lost = gateway is not None and gateway.settled < client.sent
        return QuickLook(look, gateway, after.kernel_drops, lost)

    def _page_option(self, agent: Mapping[str, Any]) -> Sequence[str]:
        """Return how a program in an agent's network reaches the stand-in; nothing if not."""
        for gateway in self._parts.of("gateway"):
            if page := reached_from(agent, self._parts.inspect(gateway)):
                return (f"--page=http://{page}:{STAND_IN_PAGE_PORT}",)
        return ()

    def _or_broken(self, container: Container, task: Task) -> ReplicaLook:
        try:
            self._parts.check(container, task.service)
            return self._replica(container, task, 0)
        except SidecarError as error:
            return ReplicaLook(container.name, broken=broken_by(REPORTS, error))

    def _replica(
        self, container: Container, task: Task, spans: int, admin: str = ""
    ) -> ReplicaLook:
        data = self._parts.inspect(container)
        variables = chosen(data["Config"].get("Env") or ())
        argv = _visit_argv(task, spans, variables, admin)
        visit = self._visited(container, data, argv)
        return ReplicaLook(
            container.name,
            hostname=data["Config"].get("Hostname", ""),
            agents=agent_addresses(container.identity, self._agents_of(task.service)),
            variables=variables,
            visit=visit,
        )

    def _visited(
        self, container: Container, data: Mapping[str, Any], argv: tuple[str, ...]
    ) -> Visit:
        """Visit with a view of the service's processes, or without where the engine refuses."""
        agent = agent_variables(data)
        if place := self._among_processes(container, data):
            with suppress(EngineError):
                return self._visit(container, (*argv, "--variables"), environment=agent, **place)
        return self._visit(container, argv, environment=agent)

    def _among_processes(self, container: Container, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return how a visit sees the service's processes: as their user, with no more rights.

        The kernel shows a process's variables to its own user, if that has all its capabilities.
        """
        user = str(data["Config"].get("User") or "0:0")
        if not _NUMBERS.fullmatch(user):
            with suppress(EngineError):
                user = self._parts.engine.containers.user_of(container.identity)
        if not _NUMBERS.fullmatch(user):
            return {}
        host, root = data.get("HostConfig") or {}, user.startswith("0:")
        if root and (host.get("Privileged") or host.get("CapAdd")):
            return {}
        usual = root and not host.get("CapDrop")
        pids = f"container:{container.identity}"
        return {"pid_mode": pids, "user": user, "usual_capabilities": usual}

    def _visit(
        self,
        container: Container,
        argv: tuple[str, ...],
        **settings: Any,  # noqa: ANN401 - of the RunRequest
    ) -> Visit:
        printed = self._parts.run(container, argv, _VISIT_SECONDS, **settings)
        try:
            return visit_from(printed)
        except (KeyError, TypeError):
            raise of_other_version(container) from None

    def _agents_of(self, service: str) -> list[dict[str, Any]]:
        parts = (*self._parts.of("agent", service), *self._parts.of("copier", service))
        return [self._parts.inspect(part) for part in parts]


def _gateway_counts(data: Mapping[str, Any] | None, inside: Container) -> GatewayCounts | None:
    if not data:
        return None
    try:
        return GatewayCounts(**data)
    except TypeError:
        raise of_other_version(inside) from None


def agent_variables(data: Mapping[str, Any]) -> dict[str, str]:
    """Return where an inspected container is told to report to."""
    variables = data["Config"]["Env"] or []
    return dict(
        variable.split("=", 1) for variable in variables if variable.startswith("JAEGER_AGENT_")
    )


def _visit_argv(
    task: Task, spans: int, variables: Mapping[str, str], admin: str
) -> tuple[str, ...]:
    argv = [*_VISIT, f"--service={task.service}"]
    if spans:
        argv += [f"--marker={task.marker}", f"--spans={spans}"]
    if host := variables.get("JAEGER_AGENT_HOST"):
        argv.append(f"--host={host}")
    argv += [f"--request={url}" for url in task.urls]
    if task.urls and task.traced:
        argv.append("--traced")
    if task.patient:
        argv.append("--patient")
    if admin:
        argv.append(f"--admin={admin}")
    return tuple(argv)
