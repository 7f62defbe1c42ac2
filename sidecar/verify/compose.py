"""A deployment under Compose: short-lived containers of the kit's image look into its networks."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose
from sidecar.engine.containers import RunRequest
from sidecar.engine.errors import EngineError
from sidecar.engine.project import containers_of
from sidecar.errors import SidecarError
from sidecar.rules import parts
from sidecar.rules.service_reports import missing
from sidecar.rules.watch import doubled
from sidecar.verify import states
from sidecar.verify.counts import GatewayCounts, agent_counts_of, client_counts
from sidecar.verify.deployment import Lack, StepByStep
from sidecar.verify.hops import RECEIVED, REPORTS
from sidecar.verify.look import ReplicaLook, broken_by, part_error
from sidecar.verify.namespace import chosen
from sidecar.verify.printed import last_line
from sidecar.verify.seen import Seen
from sidecar.verify.seen import from_dict as seen_from
from sidecar.verify.visit import from_dict as visit_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.findings import Problem
    from sidecar.verify.counts import AgentCounts, ClientCounts
    from sidecar.verify.look import Task
    from sidecar.verify.visit import Visit

ROLE, SERVICE = "sidecar-kit.role", "sidecar-kit.service"
_START_SECONDS = 60.0
_RECENT_SECONDS = 60.0
"""A container that was restarted so shortly before explains what does not answer."""
_PROBE = ("python", "-m", "sidecar_tracing.probe")
_READER = ("python", "-m", "sidecar.verify.reader")
_VISIT = ("python", "-m", "sidecar.verify.visit")
_SEEN = ("python", "-m", "sidecar.verify.seen")
_VISIT_SECONDS = 40.0
"""For requests that are not answered."""
_REPLICAS_AT_ONCE = 4


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
        self._image = image
        self._began = time.time()
        self._recently = self._began - _RECENT_SECONDS
        if containers is None:
            containers = engine.containers.of_project(project)
        self._found = _by_role(engine, containers)
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
        return self._marked(container, service, marker, spans, self._agent_variables(container))

    def _marked(
        self, inside: Container, service: str, marker: str, spans: int, agent: dict[str, str]
    ) -> ClientCounts:
        options = (f"--service={service}", f"--spans={spans}", f"--marker={marker}")
        return client_counts(self._look(inside, (*_PROBE, *options), environment=agent))

    def visit(self, task: Task) -> tuple[ClientCounts, tuple[ReplicaLook, ...]]:
        """Visit all replicas at once, and send the marked spans from one that runs."""
        sender = self._running("service", task.service)
        others = [one for one in self._found["service", task.service] if one is not sender]
        with ThreadPoolExecutor(_REPLICAS_AT_ONCE) as pool:
            visiting = pool.submit(self._replica, sender, task, task.spans)
            rest = list(pool.map(lambda one: self._or_broken(one, task), others))
            first = visiting.result()
        assert first.visit is not None  # noqa: S101 - for the type checker
        if first.visit.client is None:
            raise SidecarError(task.service, first.visit.failed)
        found = sorted((first, *rest), key=lambda replica: replica.name)
        return first.visit.client, tuple(found)

    def _or_broken(self, container: Container, task: Task) -> ReplicaLook:
        try:
            self._check(container, task.service)
            return self._replica(container, task, 0)
        except SidecarError as error:
            return ReplicaLook(container.name, broken=broken_by(REPORTS, error))

    def _replica(self, container: Container, task: Task, spans: int) -> ReplicaLook:
        data = self._engine.containers.inspect(container.identity)
        variables = chosen(data["Config"].get("Env") or ())
        argv = _visit_argv(task, spans, variables)
        visit = self._visited(container, data, argv)
        return ReplicaLook(
            container.name,
            hostname=data["Config"].get("Hostname", ""),
            agents=self._agent_addresses(task.service, container),
            variables=variables,
            visit=visit,
        )

    def _visited(
        self, container: Container, data: Mapping[str, Any], argv: tuple[str, ...]
    ) -> Visit:
        """Visit with a view of the service's processes, or without where the engine refuses."""
        agent = self._agent_variables(container)
        user = str(data["Config"].get("User") or "")
        if user.partition(":")[0].strip("0").isdecimal():
            with suppress(EngineError):
                place = {"pid_mode": f"container:{container.identity}", "user": user}
                words = (*argv, "--variables")
                return visit_from(
                    self._look(container, words, _VISIT_SECONDS, environment=agent, **place)
                )
        return visit_from(self._look(container, argv, _VISIT_SECONDS, environment=agent))

    def _agent_variables(self, container: Container) -> dict[str, str]:
        variables = self._engine.containers.inspect(container.identity)["Config"]["Env"] or []
        return dict(
            variable.split("=", 1) for variable in variables if variable.startswith("JAEGER_AGENT_")
        )

    def _agent_addresses(self, service: str, container: Container) -> tuple[str, ...]:
        """Return the addresses of the service's agents, of which a rotation runs two."""
        found: list[str] = []
        for agent in self._found.get(("agent", service), ()):
            data = self._engine.containers.inspect(agent.identity)
            mode = data.get("HostConfig", {}).get("NetworkMode", "")
            if mode in ("host", f"container:{container.identity}"):
                found += ("127.0.0.1", "::1")
            networks = data.get("NetworkSettings", {}).get("Networks") or {}
            for network in networks.values():
                found += filter(None, (network["IPAddress"], network["GlobalIPv6Address"]))
        return tuple(found)

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
        container = self._running("gateway", "")
        return GatewayCounts(**self._read(container, ("gateway", marker), settled, seconds))

    def seen(self, trace_ids: Sequence[str], seconds: float) -> Seen:
        """Return what the stand-in shows of the services' own spans; nothing for a real region."""
        if not self.has_stand_in:
            return Seen()
        options = [f"--seconds={seconds}", *(f"--trace={trace_id}" for trace_id in trace_ids)]
        container = self._running("gateway", "")
        return seen_from(self._look(container, (*_SEEN, *options), seconds))

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
        result = self._engine.containers.run(request)
        try:
            return json.loads(result.stdout)
        except json.JSONDecodeError:
            if problem := states.restart_of(self._engine, inside, self._recently):
                raise part_error(inside.name, problem) from None
            cause = f"cannot be looked into: {last_line(result.stderr)}"
            raise SidecarError(inside.name, cause) from None


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


def _visit_argv(task: Task, spans: int, variables: Mapping[str, str]) -> tuple[str, ...]:
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
    return tuple(argv)


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
