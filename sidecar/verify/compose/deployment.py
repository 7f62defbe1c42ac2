"""A deployment under Compose: short-lived containers of the kit's image look into its networks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose, start_command
from sidecar.engine.project import containers_of, not_rendered, nothing_runs
from sidecar.errors import SidecarError
from sidecar.rules import kinds
from sidecar.rules.agents import workers_of
from sidecar.rules.parts import off_network
from sidecar.rules.replicas import missing
from sidecar.rules.watch import doubled, stale_token
from sidecar.verify.compose import forwarders, states, token_files
from sidecar.verify.compose.addresses import reached_from
from sidecar.verify.compose.parts import Parts
from sidecar.verify.compose.stated import Stated, stated
from sidecar.verify.compose.visits import QuickLook, Visits, agent_variables, of_other_version
from sidecar.verify.counts import GatewayCounts, agent_counts_of, client_counts
from sidecar.verify.deployment import Lack, StepByStep
from sidecar.verify.look import Look, ReplicaLook, part_error
from sidecar.verify.network.marked import probe_argv
from sidecar.verify.network.seen import Seen
from sidecar.verify.network.seen import from_dict as seen_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.findings import Problem
    from sidecar.verify.counts import AgentCounts, ClientCounts
    from sidecar.verify.look import Task

_READER = ("python", "-m", "sidecar.verify.network.reader")
_LOG_SECONDS = 3600.0
_SEEN = ("python", "-m", "sidecar.verify.network.seen")


class ComposeDeployment(StepByStep):
    """The containers of one Compose project."""

    side_by_side = 4
    """Each service has its own agent."""

    def __init__(
        self,
        engine: Engine,
        project: str,
        image: str,
        containers: Sequence[Container] | None = None,
        stated: Stated | None = None,
    ) -> None:
        """Take these containers of a project; None: all that it has.

        `stated` is what the Compose file says.
        """
        self._stated = stated or Stated()
        self._counted: dict[str, GatewayCounts] = {}
        """What the stand-in counted, by marker, where a look has read it already."""
        self._again: dict[str, str] = {}
        """Marker of a task → the one of its second look, whose spans are counted by themselves."""
        if containers is None:
            containers = engine.containers.of_project(project)
        self.parts = Parts(engine, image, containers)
        self._visits = Visits(self.parts)
        self.has_stand_in = bool(self.parts.of("gateway"))
        self.notes = tuple(
            f"{name}: a job without a container; nothing is known of its spans"
            for name in self._stated.jobs
            if not self.parts.of("service", name)
        )
        self.kind = self.parts.kind()
        self.received = self.kind.received
        if not self.services():
            raise nothing_runs(project, self._stated.start)

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        return sorted(name for role, name in self.parts.found if role == "service")

    def absent(self) -> Sequence[Lack]:
        """Return the services of the Compose file that have no container, or too few."""
        wanted = self._stated.replicas
        found = {name: len(self.parts.of("service", name)) for name in wanted}
        problems = ((name, missing(count, found[name])) for name, count in wanted.items())
        return [Lack(name, problem) for name, problem in problems if problem]

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's network to the agent that the service reports to."""
        if done := self.parts.ended(service):  # its network is gone, and its agent's is not
            agent = agent_variables(self.parts.inspect(done))
            return self._marked(self.parts.running("agent", service), service, marker, spans, agent)
        container = self.parts.running("service", service)
        agent = agent_variables(self.parts.inspect(container))
        return self._marked(container, service, marker, spans, agent)

    def _marked(
        self, inside: Container, service: str, marker: str, spans: int, agent: dict[str, str]
    ) -> ClientCounts:
        command = ("python", *probe_argv(service, marker, spans))
        return client_counts(self.parts.run(inside, command, environment=agent))

    def visit(self, task: Task) -> tuple[ClientCounts, tuple[ReplicaLook, ...]]:
        """Visit all replicas at once, and send the marked spans from one that runs.

        Of a job that has ended, only what it left can be found.
        """
        if done := self.parts.ended(task.service):
            hostname = self.parts.inspect(done)["Config"].get("Hostname", "")
            left = ReplicaLook(done.name, hostname=hostname, ended=True)
            return self.send(task.service, task.marker, task.spans), (left,)
        return self._visits.of_all(task, self.parts.running("service", task.service))

    def look(self, task: Task) -> Look:
        """Look with two short-lived containers, where the networks allow it; else step by step.

        A job that ends meanwhile is looked at again, as one that has ended.
        """
        look = self._look(task)
        if not look.broken or not self.parts.ended(task.service):
            return look
        done = replace(task, marker=f"{task.marker}-done")
        self._again[task.marker] = done.marker
        return super().look(done)

    def _look(self, task: Task) -> Look:
        if task.path_only:
            return super().look(task)
        quick = None
        with suppress(SidecarError):
            quick = self._quick_look(task)
        if quick and not quick.kernel_drops:
            return self._kept(task, quick)
        again = replace(task, marker=f"{task.marker}-again")
        second = super().look(again)
        if quick and quick.lost and _is_sound(second):  # the kernel does not drop all the time
            return self._kept(task, quick)
        self._again[task.marker] = again.marker
        return second

    def _quick_look(self, task: Task) -> QuickLook | None:
        if len(self.parts.of("agent", task.service)) != 1:
            return None
        agent = self.parts.running("agent", task.service)
        return self._visits.quick_look(task, self.parts.running("service", task.service), agent)

    def _kept(self, task: Task, quick: QuickLook) -> Look:
        if quick.gateway:
            self._counted[task.marker] = quick.gateway
        return quick.look

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the counts of the service's agent; those of several cannot be told apart."""
        container = self.parts.running("agent", service)
        running = [one.name for one in self.parts.of("agent", service) if one.status == "running"]
        if several := doubled(running):
            raise part_error(f"{service} agent", several)
        return agent_counts_of(self._read(container, ("agent",), settled, seconds))

    def agent_log(self, service: str) -> str:
        """Return the agent's log since verify began; a collector's tells since when calls fail."""
        container = self.parts.running("agent", service)
        since = self.parts.began - (_LOG_SECONDS if self.kind is kinds.COLLECTOR else 0)
        return self.parts.engine.containers.logs(container.identity, since=since)

    def restart(self, service: str) -> Problem | None:
        """Return why the service's agent ended before; None where the engine does not know."""
        container = self.parts.running("agent", service)
        return self.parts.restart_of(container)

    def doubt(self, service: str) -> Problem | None:
        """Return why an agent of the service may use another token than the Compose file names."""
        named = self._stated.token_file
        for agent in self.parts.of("agent", service):
            stale = token_files.stale(self.parts.inspect(agent), named)
            if agent.status == "running" and stale:
                return stale_token(agent.name, stale)
        return None

    def workers(self, service: str) -> int:
        """Return how many calls the service's agent makes at a time, by its arguments."""
        config = self.parts.inspect(self.parts.running("agent", service))["Config"]
        return workers_of(config.get("Cmd") or ())

    def gateway_trouble(self, service: str) -> Problem | None:
        """Return why the stand-in does not run or is off the agent's networks.

        With a forwarder between the two: why that does not pass spans on.
        """
        if self.kind is kinds.COLLECTOR and self.parts.of("forwarder"):
            return forwarders.trouble(self.parts, self.parts.running("agent", service))
        for gateway in self.parts.of("gateway"):
            if trouble := states.trouble_of(self.parts.engine, gateway):
                return trouble
            agent = self.parts.running("agent", service)
            shared = reached_from(self.parts.inspect(agent), self.parts.inspect(gateway))
            return off_network(gateway.name, agent.name, shared)
        return None

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker; None for a real region."""
        if not self.has_stand_in:
            return None
        if counted := self._counted.pop(marker, None):  # it was waited for
            return counted
        marker = self._again.get(marker, marker)
        container = self.parts.running("gateway")
        printed = self._read(container, ("gateway", marker), settled, seconds)
        try:
            return GatewayCounts(**printed)
        except TypeError:
            raise of_other_version(container) from None

    def seen(self, trace_ids: Sequence[str], seconds: float) -> Seen:
        """Return what the stand-in shows of the services' own spans; nothing for a real region."""
        if not self.has_stand_in:
            return Seen()
        options = [f"--seconds={seconds}", *(f"--trace={trace_id}" for trace_id in trace_ids)]
        container = self.parts.running("gateway")
        printed = self.parts.run(container, (*_SEEN, *options), seconds)
        try:
            return seen_from(printed)
        except (KeyError, TypeError):
            raise of_other_version(container) from None

    def _read(
        self,
        inside: Container,
        what: tuple[str, ...],
        settled: int,
        seconds: float,
    ) -> Any:  # noqa: ANN401 - JSON
        options = (f"--settled={settled}", f"--seconds={seconds}")
        return self.parts.run(inside, (*_READER, *what, *options), seconds)


def _is_sound(look: Look) -> bool:
    """Tell whether all packets of a look came to the agent, and none was lost there."""
    if not (look.client and look.before and look.after) or look.broken:
        return False
    counted = look.after.since(look.before)
    sent = look.client.in_units(counted.unit)
    return counted.packets_processed >= sent and not counted.lost


Kind = TypeVar("Kind", bound=ComposeDeployment)


def deployment_of(folder: Path) -> ComposeDeployment:
    """Return the deployment of a folder's docker-compose.yml, as Compose itself reads it.

    Raises SidecarError where there is no engine or Compose, nothing of it runs, or its project runs
    from another folder.
    """
    return running_in(folder, ComposeDeployment)


def running_in(folder: Path, kind: type[Kind]) -> Kind:
    """Return the deployment as an object of a class. Raises SidecarError as `deployment_of`."""
    engine = connect()
    config = find_compose().config(folder)
    try:
        project, image = config["name"], config["x-sidecar"]["probe"]
    except (KeyError, TypeError):
        raise not_rendered(folder) from None
    engine.short_lived.sweep(project)
    containers = containers_of(engine, config, folder)
    known = replace(stated(config), start=start_command(folder))
    return kind(engine, project, image, containers, known)
