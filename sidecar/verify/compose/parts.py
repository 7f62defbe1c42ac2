"""The containers of a Compose project by their part in the deployment, and the way into them."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from sidecar.engine.errors import EngineError
from sidecar.engine.project import AGENT, KIND, ROLE, SERVICE, WORKLOAD
from sidecar.engine.short_lived import RunRequest
from sidecar.errors import SidecarError
from sidecar.rules import kinds, parts
from sidecar.verify.compose import states
from sidecar.verify.look import part_error
from sidecar.verify.network.printed import last_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.findings import Problem

_START_SECONDS = 60.0
_RECENT_SECONDS = 60.0
"""A container that was restarted so shortly before explains what does not answer."""


class Parts:
    """The parts of one Compose project: services, their agents, and the stand-in."""

    def __init__(self, engine: Engine, image: str, containers: Iterable[Container]) -> None:
        """Take containers of a project; programs run in their networks in this image."""
        self.engine = engine
        self.image = image
        self.began = time.time()
        self.recently = self.began - _RECENT_SECONDS
        self.found: dict[tuple[str, str], list[Container]] = {}
        """(role, service) → containers, by the labels of the rendering."""
        self._shared: dict[str, str] = {}
        """Service → the one whose agent it uses, too."""
        for container in containers:
            labels = self.inspect(container)["Config"]["Labels"]
            key = labels.get(ROLE, ""), labels.get(SERVICE, "")
            self.found.setdefault(key, []).append(container)
            if AGENT in labels:
                self._shared[key[1]] = labels[AGENT]

    def of(self, role: str, service: str = "") -> Sequence[Container]:
        """Return the containers of a part, stopped ones included."""
        if role in ("agent", "copier"):
            service = self._shared.get(service, service)
        return self.found.get((role, service), ())

    def is_job(self, service: str) -> bool:
        """Tell whether a service is one that runs to its end, by the labels of the rendering."""
        found = self.of("service", service)
        return any(WORKLOAD in self.inspect(each)["Config"]["Labels"] for each in found)

    def ended(self, service: str) -> Container | None:
        """Return the container of a job whose work is done; None for every other service."""
        for container in self.of("service", service):
            data = self.inspect(container)
            if WORKLOAD in data["Config"]["Labels"] and states.is_done(data):
                return container
        return None

    def kind(self) -> kinds.Kind:
        """Return the kind of the project's agents, as the rendering labels them."""
        agents = [found for (role, _), found in self.found.items() if role == "agent"]
        labels = (self.inspect(agent)["Config"]["Labels"] for agent in chain(*agents))
        return kinds.of_name(next((str(each.get(KIND, "")) for each in labels), ""))

    def running(self, role: str, service: str = "") -> Container:
        """Return a part's container that runs; the first of several.

        Raises SidecarError with the cause where none runs.
        """
        part = f"{service} {role}".strip()
        containers = self.of(role, service)
        if not containers:
            raise part_error(part, parts.missing_part())
        try:
            return self.check(containers[0], part)
        except SidecarError:
            for other in containers[1:]:
                with suppress(SidecarError):
                    return self.check(other, part)
            raise

    def check(self, container: Container, part: str) -> Container:
        """Return the container. Raises SidecarError with the cause where it does not run."""
        if problem := states.trouble_of(self.engine, container):
            raise part_error(part, problem)
        return container

    def restart_of(self, container: Container) -> Problem | None:
        """Return why a container ended shortly before; None where it runs since."""
        return states.restart_of(self.engine, container, self.recently)

    def inspect(self, container: Container) -> dict[str, Any]:
        """Return all that the engine knows of a container."""
        return self.engine.containers.inspect(container.identity)

    def run(
        self,
        inside: Container,
        argv: tuple[str, ...],
        seconds: float = 0,
        **settings: Any,  # noqa: ANN401 - of the RunRequest
    ) -> Any:  # noqa: ANN401 - JSON
        """Run a program, which may wait `seconds`, in a container's network; return its JSON.

        Raises SidecarError where the container ended meanwhile, or the program printed no JSON.
        """
        request = RunRequest(
            image=self.image,
            argv=argv[1:],
            entrypoint=argv[:1],
            network_mode=f"container:{inside.identity}",
            **settings,
            seconds=_START_SECONDS + seconds,
        )
        try:
            result = self.engine.short_lived.run(request)
            return json.loads(result.stdout)
        except EngineError:
            self._require_running(inside)  # it may have ended meanwhile
            raise
        except json.JSONDecodeError:
            self._require_running(inside)
            cause = f"cannot be looked into: {last_line(result.stderr)}"
            raise SidecarError(inside.name, cause) from None

    def _require_running(self, container: Container) -> None:
        if problem := self.restart_of(container):
            raise part_error(container.name, problem)
