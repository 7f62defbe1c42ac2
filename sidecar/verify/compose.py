"""A deployment under Compose: short-lived containers of the kit's image look into its networks."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose
from sidecar.engine.containers import RunRequest
from sidecar.engine.project import containers_of
from sidecar.errors import SidecarError
from sidecar.rules import parts
from sidecar.verify import states
from sidecar.verify.counts import GatewayCounts, agent_counts_of, client_counts
from sidecar.verify.deployment import StepByStep
from sidecar.verify.hops import RECEIVED
from sidecar.verify.look import last_line, part_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.findings import Problem
    from sidecar.verify.counts import AgentCounts, ClientCounts

ROLE, SERVICE = "sidecar-kit.role", "sidecar-kit.service"
_START_SECONDS = 60.0
_RECENT_SECONDS = 60.0
"""A container that was restarted so shortly before explains what does not answer."""
_PROBE = ("python", "-m", "sidecar_tracing.probe")
_READER = ("python", "-m", "sidecar.verify.reader")


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
    ) -> None:
        """Take these containers of a project; None: all that it has."""
        self._engine = engine
        self._image = image
        self._began = time.time()
        self._recently = self._began - _RECENT_SECONDS
        if containers is None:
            containers = engine.containers.of_project(project)
        self._found = _by_role(engine, containers)
        if not self.services():
            raise SidecarError(
                f"Compose project {project}",
                "runs no service of the kit",
                "Run `docker compose up`",
            )

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        return sorted(name for role, name in self._found if role == "service")

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's network to the agent that the service reports to."""
        container = self._running("service", service)
        variables = self._engine.containers.inspect(container.identity)["Config"]["Env"] or []
        agent = dict(
            variable.split("=", 1) for variable in variables if variable.startswith("JAEGER_AGENT_")
        )
        return self._marked(container, service, marker, spans, agent)

    def _marked(
        self, inside: Container, service: str, marker: str, spans: int, agent: dict[str, str]
    ) -> ClientCounts:
        options = (f"--service={service}", f"--spans={spans}", f"--marker={marker}")
        return client_counts(self._look(inside, (*_PROBE, *options), agent))

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the counts of the service's agent."""
        container = self._running("agent", service)
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
        container = self._found.get(("gateway", ""))
        return states.trouble_of(self._engine, container) if container else None

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker; None for a real region."""
        if ("gateway", "") not in self._found:
            return None
        container = self._running("gateway", "")
        return GatewayCounts(**self._read(container, ("gateway", marker), settled, seconds))

    def _running(self, role: str, service: str) -> Container:
        part = f"{service} {role}".strip()
        container = self._found.get((role, service))
        if container is None:
            raise part_error(part, parts.missing_part())
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
        return self._look(inside, (*_READER, *what, *options), seconds=seconds)

    def _look(
        self,
        inside: Container,
        argv: tuple[str, ...],
        environment: Mapping[str, str] | None = None,
        seconds: float = 0,
    ) -> Any:  # noqa: ANN401 - JSON
        """Run a program, which may wait `seconds`, in a container's network; return its JSON."""
        request = RunRequest(
            image=self._image,
            argv=argv[1:],
            entrypoint=argv[:1],
            network_mode=f"container:{inside.identity}",
            environment=environment or {},
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


def _by_role(engine: Engine, containers: Iterable[Container]) -> dict[tuple[str, str], Container]:
    """Return (role, service) → container, by the labels of the rendering; the first of several."""
    found: dict[tuple[str, str], Container] = {}
    for container in containers:
        labels = engine.containers.inspect(container.identity)["Config"]["Labels"]
        found.setdefault((labels.get(ROLE, ""), labels.get(SERVICE, "")), container)
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
    return kind(engine, project, image, containers_of(engine, config, folder))
