"""A rehearsal on a Compose project: the engine disturbs its containers and networks."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sidecar.engine.errors import EngineError
from sidecar.engine.project import REGION
from sidecar.engine.short_lived import RunRequest
from sidecar.errors import SidecarError
from sidecar.regions import LOCAL
from sidecar.rehearsal.stage import OTHER_STAND_IN, ByCommand, Sent, real_gateway
from sidecar.rules import rehearsals
from sidecar.verify.compose.deployment import ComposeDeployment, running_in
from sidecar.verify.network.printed import last_line
from sidecar.verify.network.reader import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.containers import Container
    from sidecar.verify.compose.stated import Stated
    from sidecar.verify.counts import ClientCounts

_LEAVE_SECONDS = 10.0


class ComposeStage(ByCommand, ComposeDeployment):
    """The containers of one Compose project, with posts in their networks."""

    lacks: Mapping[str, str] = {}

    def __init__(
        self,
        engine: Engine,
        project: str,
        image: str,
        containers: Sequence[Container] | None = None,
        stated: Stated | None = None,
    ) -> None:
        """Take these containers of a project.

        Raises UsageError where its gateway is real, and SidecarError where it has a canary.
        """
        self._containers, self._posts = engine.containers, engine.short_lived.posts(image)
        posted = replace(engine, short_lived=self._posts)
        super().__init__(posted, project, image, containers, stated)
        if self._region() != LOCAL:
            raise real_gateway(f"Compose project {project}")
        copied = any(self.parts.of("copier", name) for name in self.services())
        if problem := rehearsals.canary(is_there=copied):
            raise SidecarError.from_problem(f"Compose project {project}", problem)
        self._gateway = self.parts.running("gateway")
        self.sent: list[Sent] = []
        self._left: dict[str, Sequence[str]] = {}
        """Network that the stand-in left → its names there."""

    def services(self) -> Sequence[str]:
        """Return the services that keep running: a job may end during a rehearsal."""
        return [name for name in super().services() if not self.parts.is_job(name)]

    def _region(self) -> str:
        """Return the region that the rendering names, as a label of each of its containers."""
        (any_service, *_) = self.services()
        data = self.parts.inspect(self.parts.of("service", any_service)[0])
        region: str = data["Config"]["Labels"].get(REGION, LOCAL)
        return region

    def begin(self) -> None:
        """Read the agents' logs from now on only, and take an earlier restart for no cause."""
        self.parts.began = self.parts.recently = time.time()

    def agents(self) -> Sequence[str]:
        """Return the services: each has its own agent."""
        return self.services()

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans, and record them."""
        client = super().send(service, marker, spans)
        self.sent.append(Sent(service, marker, client))
        return client

    def stand_in(self, command: Sequence[str]) -> dict[str, Any]:
        """Run a command in the stand-in's network, and return the JSON that it prints."""
        program, *arguments = command
        request = RunRequest(
            image=self.parts.image,
            argv=tuple(arguments),
            entrypoint=(program,),
            network_mode=f"container:{self._gateway.identity}",
        )
        result = self._posts.run(request)
        if result.exit_code:
            cause = f"its faults cannot be set: {last_line(result.stderr)}"
            raise EngineError(self._gateway.name, cause, OTHER_STAND_IN)
        printed: dict[str, Any] = json.loads(result.stdout)
        return printed

    def kill_agents(self) -> None:
        """End all agents at once, and wait until their addresses are gone.

        Nothing refuses what is sent to an address that is being removed.
        """
        agents = self._agents()
        for container in agents:
            self._containers.kill(container.identity)
            self._posts.forget(container.identity)
        for container in agents:
            wait_for(partial(self._networks, container.identity), _are_left, _LEAVE_SECONDS)

    def start_agents(self) -> None:
        """Start the agents that do not run."""
        for container in self._agents():
            if self._state(container) == "exited":
                self._containers.start(container.identity)

    def pause_agents(self) -> None:
        """Stop all agents where they are."""
        for container in self._agents():
            self._containers.pause(container.identity)

    def resume_agents(self) -> None:
        """Let paused agents go on."""
        for container in self._agents():
            if self._state(container) == "paused":
                self._containers.unpause(container.identity)

    def leave(self) -> None:
        """Take the stand-in off the networks that it shares with agents."""
        gateway = self._gateway.identity
        shared = {name for agent in self._agents() for name in self._networks(agent.identity)}
        for name, settings in self._networks(gateway).items():
            if name in shared:
                aliases = settings["Aliases"] or ()
                # the engine itself adds the short id
                self._left[name] = [alias for alias in aliases if alias != gateway[:12]]
                self._containers.disconnect(gateway, name)

    def rejoin(self) -> None:
        """Put the stand-in back, if it left."""
        gateway = self._gateway.identity
        for name in [*self._left]:
            self._containers.connect(gateway, name, self._left[name])
            del self._left[name]

    def close(self) -> None:
        """Remove the posts."""
        self._posts.close()

    def _agents(self) -> list[Container]:
        return [one for name in self.services() for one in self.parts.of("agent", name)]

    def _state(self, container: Container) -> str:
        status: str = self._containers.inspect(container.identity)["State"]["Status"]
        return status

    def _networks(self, identity: str) -> dict[str, Any]:
        networks: dict[str, Any] = self._containers.inspect(identity)["NetworkSettings"]["Networks"]
        return networks


def _are_left(networks: Mapping[str, Any]) -> bool:
    return not any(settings.get("IPAddress") for settings in networks.values())


def stage_of(folder: Path) -> ComposeStage:
    """Return the stage of a folder's docker-compose.yml; see verify's `deployment_of`."""
    return running_in(folder, ComposeStage)
