"""A deployment under Compose: short-lived containers of the kit's image look into its networks."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose
from sidecar.engine.containers import RunRequest
from sidecar.engine.errors import EngineError
from sidecar.engine.project import containers_of
from sidecar.errors import SidecarError
from sidecar.rules import parts
from sidecar.rules.agents import ADMIN_PORT
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.rules.service_reports import missing
from sidecar.rules.watch import doubled
from sidecar.verify import states
from sidecar.verify.addresses import reached_from
from sidecar.verify.compose_visits import Visits, of_other_version
from sidecar.verify.counts import GatewayCounts, agent_counts_of, client_counts
from sidecar.verify.deployment import Lack, StepByStep
from sidecar.verify.hops import RECEIVED
from sidecar.verify.look import Look, ReplicaLook, part_error
from sidecar.verify.printed import last_line
from sidecar.verify.seen import Seen
from sidecar.verify.seen import from_dict as seen_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.findings import Problem
    from sidecar.verify.counts import AgentCounts, ClientCounts
    from sidecar.verify.look import Task

ROLE, SERVICE = "sidecar-kit.role", "sidecar-kit.service"
_START_SECONDS = 60.0
_RECENT_SECONDS = 60.0
"""A container that was restarted so shortly before explains what does not answer."""
_PROBE = ("python", "-m", "sidecar_tracing.probe")
_READER = ("python", "-m", "sidecar.verify.reader")
_COLLECT = ("python", "-m", "sidecar.verify.collect")
_SEEN = ("python", "-m", "sidecar.verify.seen")


class ComposeDeployment(StepByStep):
    """The containers of one Compose project."""

    side_by_side = 4
    """Each service has its own agent."""
    received = RECEIVED

    def __init__(
        self,
        engine: Engine,
        project: str,
        image: str,
        containers: Sequence[Container] | None = None,
        wanted: Mapping[str, int] | None = None,
    ) -> None:
        """Take these containers of a project; None: all that it has.

        `wanted` is service → replicas, as the Compose file says.
        """
        self._engine = engine
        self._wanted = wanted or {}
        self._counted: dict[str, GatewayCounts] = {}
        """What the stand-in counted, by marker, where a look has read it already."""
        self._again: dict[str, str] = {}
        """Marker of a task → the one of its second look, whose spans are counted by themselves."""
        self._image = image
        self._began = time.time()
        self._recently = self._began - _RECENT_SECONDS
        if containers is None:
            containers = engine.containers.of_project(project)
        self._found = _by_role(engine, containers)
        self._visits = Visits(engine, self._found, self._look, self._check)
        self.has_stand_in = ("gateway", "") in self._found
        if not self.services():
            raise SidecarError(
                f"Compose project {project}",
                "runs no service of the kit",
                "Run `docker compose up`",
            )

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        return sorted(name for role, name in self._found if role == "service")

    def absent(self) -> Sequence[Lack]:
        """Return the services of the Compose file that have no container, or too few."""
        found = {name: len(self._found.get(("service", name), ())) for name in self._wanted}
        problems = ((name, missing(count, found[name])) for name, count in self._wanted.items())
        return [Lack(name, problem) for name, problem in problems if problem]

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's network to the agent that the service reports to."""
        container = self._running("service", service)
        return self._marked(
            container, service, marker, spans, self._visits.agent_variables(container)
        )

    def _marked(
        self, inside: Container, service: str, marker: str, spans: int, agent: dict[str, str]
    ) -> ClientCounts:
        options = (f"--service={service}", f"--spans={spans}", f"--marker={marker}")
        return client_counts(self._look(inside, (*_PROBE, *options), environment=agent))

    def visit(self, task: Task) -> tuple[ClientCounts, tuple[ReplicaLook, ...]]:
        """Visit all replicas at once, and send the marked spans from one that runs."""
        return self._visits.of_all(task, self._running("service", task.service))

    def look(self, task: Task) -> Look:
        """Look with two short-lived containers, where the networks allow it; else step by step."""
        if task.path_only:
            return super().look(task)
        with suppress(SidecarError):
            if look := self._quick_look(task):
                return look
        again = replace(task, marker=f"{task.marker}-again")
        self._again[task.marker] = again.marker
        return super().look(again)

    def _quick_look(self, task: Task) -> Look | None:
        """Read the agent from the service's network before, and from its own after."""
        agents = self._found.get(("agent", task.service), ())
        if len(agents) != 1:
            return None
        agent = self._inspect(self._running("agent", task.service))
        sender = self._running("service", task.service)
        address = reached_from(self._inspect(sender), agent)
        if not address:
            return None
        client, replicas = self._visits.of_all(task, sender, f"http://{address}:{ADMIN_PORT}")
        before = next((one.visit.agent for one in replicas if one.visit and one.visit.agent), None)
        if before is None:
            return None
        counted = self._collected(task, agents[0], before.packets_processed + client.packets)
        after = agent_counts_of(counted["agent"])
        if after.kernel_drops:  # a total: only a second reading shows what is new
            return None
        if counted["gateway"]:
            self._counted[task.marker] = GatewayCounts(**counted["gateway"])
        return Look(client, before, after, replicas=replicas)

    def _collected(self, task: Task, agent: Container, packets: int) -> Any:  # noqa: ANN401 - JSON
        page = ""
        for gateway in self._found.get(("gateway", ""), ()):
            page = reached_from(self._inspect(agent), self._inspect(gateway))
        options = (f"--packets={packets}", f"--spans={task.spans}", f"--seconds={task.seconds}")
        where = (f"--page=http://{page}:{STAND_IN_PAGE_PORT}",) if page else ()
        return self._look(agent, (*_COLLECT, task.marker, *options, *where), task.seconds)

    def _inspect(self, container: Container) -> dict[str, Any]:
        return self._engine.containers.inspect(container.identity)

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the counts of the service's agent; with several, nobody knows whose count."""
        container = self._running("agent", service)
        running = [one.name for one in self._found["agent", service] if one.status == "running"]
        if several := doubled(running):
            raise part_error(f"{service} agent", several)
        return agent_counts_of(self._read(container, ("agent",), settled, seconds))

    def agent_log(self, service: str) -> str:
        """Return the agent's log since verify began."""
        container = self._running("agent", service)
        return self._engine.containers.logs(container.identity, since=self._began)

    def restart(self, service: str) -> Problem | None:
        """Return why the service's agent ended before; None where the engine does not know."""
        container = self._running("agent", service)
        return states.restart_of(self._engine, container, self._recently)

    def gateway_trouble(self) -> Problem | None:
        """Return why the stand-in does not run; None where it does, or there is none."""
        gateways = self._found.get(("gateway", ""))
        return states.trouble_of(self._engine, gateways[0]) if gateways else None

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker; None for a real region."""
        if ("gateway", "") not in self._found:
            return None
        counted = self._counted.pop(marker, None)
        if counted and counted.settled >= settled:
            return counted
        marker = self._again.get(marker, marker)
        container = self._running("gateway", "")
        return GatewayCounts(**self._read(container, ("gateway", marker), settled, seconds))

    def seen(self, trace_ids: Sequence[str], seconds: float) -> Seen:
        """Return what the stand-in shows of the services' own spans; nothing for a real region."""
        if not self.has_stand_in:
            return Seen()
        options = [f"--seconds={seconds}", *(f"--trace={trace_id}" for trace_id in trace_ids)]
        container = self._running("gateway", "")
        printed = self._look(container, (*_SEEN, *options), seconds)
        try:
            return seen_from(printed)
        except (KeyError, TypeError):
            raise of_other_version(container) from None

    def _running(self, role: str, service: str) -> Container:
        """Return a part's container that runs; the first of several."""
        part = f"{service} {role}".strip()
        containers = self._found.get((role, service))
        if not containers:
            raise part_error(part, parts.missing_part())
        try:
            return self._check(containers[0], part)
        except SidecarError:
            for other in containers[1:]:
                with suppress(SidecarError):
                    return self._check(other, part)
            raise

    def _check(self, container: Container, part: str) -> Container:
        if problem := states.trouble_of(self._engine, container):
            raise part_error(part, problem)
        return container

    def _read(
        self,
        inside: Container,
        what: tuple[str, ...],
        settled: int,
        seconds: float,
    ) -> Any:  # noqa: ANN401 - JSON
        options = (f"--settled={settled}", f"--seconds={seconds}")
        return self._look(inside, (*_READER, *what, *options), seconds)

    def _look(
        self,
        inside: Container,
        argv: tuple[str, ...],
        seconds: float = 0,
        **settings: Any,  # noqa: ANN401 - of the RunRequest
    ) -> Any:  # noqa: ANN401 - JSON
        """Run a program, which may wait `seconds`, in a container's network; return its JSON."""
        request = RunRequest(
            image=self._image,
            argv=argv[1:],
            entrypoint=argv[:1],
            network_mode=f"container:{inside.identity}",
            **settings,
            seconds=_START_SECONDS + seconds,
        )
        try:
            result = self._engine.containers.run(request)
            return json.loads(result.stdout)
        except EngineError:
            self._require_running(inside)  # it may have ended meanwhile
            raise
        except json.JSONDecodeError:
            self._require_running(inside)
            cause = f"cannot be looked into: {last_line(result.stderr)}"
            raise SidecarError(inside.name, cause) from None

    def _require_running(self, container: Container) -> None:
        """Raise SidecarError where a container does not run, or was restarted just now."""
        if problem := states.restart_of(self._engine, container, self._recently):
            raise part_error(container.name, problem)


def _by_role(
    engine: Engine, containers: Iterable[Container]
) -> dict[tuple[str, str], list[Container]]:
    """Return (role, service) → containers, by the labels of the rendering."""
    found: dict[tuple[str, str], list[Container]] = {}
    for container in containers:
        labels = engine.containers.inspect(container.identity)["Config"]["Labels"]
        key = labels.get(ROLE, ""), labels.get(SERVICE, "")
        found.setdefault(key, []).append(container)
    return found


def _wanted(config: Mapping[str, Any]) -> dict[str, int]:
    """Return service → replicas of a Compose file, as Compose reads it."""
    found = {}
    for settings in config.get("services", {}).values():
        labels = settings.get("labels") or {}
        if isinstance(labels, dict) and labels.get(ROLE) == "service":
            replicas = (settings.get("deploy") or {}).get("replicas", settings.get("scale", 1))
            found[str(labels.get(SERVICE, ""))] = int(replicas)
    return found


Kind = TypeVar("Kind", bound=ComposeDeployment)


def deployment_of(folder: Path) -> ComposeDeployment:
    """Return the deployment of a folder's docker-compose.yml, as Compose itself reads it.

    Raises SidecarError where there is no engine or Compose, nothing of it runs, or its project runs
    from another folder.
    """
    return running_in(folder, ComposeDeployment)


def running_in(folder: Path, kind: type[Kind]) -> Kind:
    """Return the deployment as an object of a class; see `deployment_of`."""
    engine = connect()
    config = find_compose().config(folder)
    try:
        project, image = config["name"], config["x-sidecar"]["probe"]
    except (KeyError, TypeError):
        raise SidecarError(
            f"{folder}/docker-compose.yml",
            "was not rendered by the kit",
            "Run `sidecar render`",
        ) from None
    engine.containers.sweep(project)
    containers = containers_of(engine, config, folder)
    return kind(engine, project, image, containers, _wanted(config))
