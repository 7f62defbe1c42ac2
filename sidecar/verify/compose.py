"""A deployment that Compose runs: short-lived containers of the kit's image look from inside its networks."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose
from sidecar.engine.containers import RunRequest
from sidecar.engine.project import containers_of
from sidecar.errors import SidecarError
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts, client_counts
from sidecar.verify.deployment import Stepwise
from sidecar.verify.hops import RECEIVED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container

ROLE, SERVICE = "sidecar-kit.role", "sidecar-kit.service"
_START_SECONDS = 60.0
_PROBE = ("python", "-m", "sidecar_tracing.probe")
_READER = ("python", "-m", "sidecar.verify.reader")


class ComposeDeployment(Stepwise):
    """The containers of one Compose project."""

    side_by_side = 4
    """Each service has an agent of its own."""
    received = RECEIVED

    def __init__(
        self,
        engine: Engine,
        project: str,
        image: str,
        containers: Sequence[Container] | None = None,
    ) -> None:
        """Look into these containers of a project; None: into all that it has."""
        self._engine = engine
        self._image = image
        self._began = time.time()
        self._found: dict[tuple[str, str], Container] = {}
        for container in (
            engine.containers.of_project(project) if containers is None else containers
        ):
            labels = engine.containers.inspect(container.identity)["Config"]["Labels"]
            self._found.setdefault((labels.get(ROLE, ""), labels.get(SERVICE, "")), container)
        if not self.services():
            raise SidecarError(
                f"Compose project {project}",
                "runs no service of the kit",
                "Start it: docker compose up",
            )

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        return sorted(name for role, name in self._found if role == "service")

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans from the service's network, with the agent's address that the service has."""
        container = self._running("service", service)
        environment = self._engine.containers.inspect(container.identity)["Config"]["Env"] or []
        jaeger = dict(
            entry.split("=", 1) for entry in environment if entry.startswith("JAEGER_AGENT_")
        )
        return self._marked(container, service, marker, spans, jaeger)

    def _marked(
        self, inside: Container, service: str, marker: str, spans: int, jaeger: dict[str, str]
    ) -> ClientCounts:
        options = (f"--service={service}", f"--spans={spans}", f"--marker={marker}")
        return client_counts(self._look(inside, (*_PROBE, *options), jaeger))

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:
        """Return the counts of the service's agent."""
        options = ("agent", f"--settled={settled}", f"--seconds={seconds}")
        return AgentCounts(
            **self._look(self._running("agent", service), (*_READER, *options), seconds=seconds)
        )

    def agent_log(self, service: str) -> str:
        """Return the agent's log since verify began."""
        return self._engine.containers.logs(
            self._running("agent", service).identity, since=self._began
        )

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker; None for a real region."""
        if ("gateway", "") not in self._found:
            return None
        options = ("gateway", marker, f"--settled={settled}", f"--seconds={seconds}")
        return GatewayCounts(
            **self._look(self._running("gateway", ""), (*_READER, *options), seconds=seconds)
        )

    def _running(self, role: str, service: str) -> Container:
        container = self._found.get((role, service))
        name = f"{service} {role}".strip()
        if container is None:
            raise SidecarError(
                name,
                "is not in the Compose project",
                "Render again and start it: docker compose up",
            )
        status = self._engine.containers.inspect(container.identity)["State"]["Status"]
        if status != "running":
            raise SidecarError(
                name, f"container {container.name} is {status}", "See docker compose ps and logs"
            )
        return container

    def _look(
        self,
        inside: Container,
        argv: tuple[str, ...],
        environment: dict[str, str] | None = None,
        seconds: float = 0,
    ) -> Any:  # noqa: ANN401 - JSON
        """Run a program of the kit, which may wait `seconds`, in a container's network; return the JSON it prints."""
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
            cause = (result.stderr.strip().splitlines() or ["it printed nothing"])[-1]
            raise SidecarError(f"{inside.name}", f"cannot be looked into: {cause}") from None


def deployment_of(folder: Path) -> ComposeDeployment:
    """Return the deployment of a folder's docker-compose.yml, as Compose itself reads it.

    Raises SidecarError where engine or Compose is absent, nothing of it runs, or its project runs from another folder.
    """
    engine = connect()
    config = find_compose().config(folder)
    try:
        project, image = config["name"], config["x-sidecar"]["probe"]
    except (KeyError, TypeError):
        raise SidecarError(
            f"{folder}/docker-compose.yml", "is not the kit's", "Render one: sidecar render"
        ) from None
    return ComposeDeployment(engine, project, image, containers_of(engine, config, folder))
