"""Containers in the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.engine.sdk import translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docker import DockerClient
    from docker.models.containers import Container as SdkContainer

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"


@dataclass(frozen=True)
class Container:
    """A container of the engine, running or not."""

    identity: str
    name: str
    project: str
    """The Compose project; empty outside Compose."""
    service: str
    status: str
    """created, running, restarting, exited, …"""
    health: str
    """healthy, unhealthy, starting; empty where there is no health check."""
    image: str


class Containers:
    """The engine's containers. Every method raises EngineError where the engine refuses."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client

    def of_project(self, project: str, service: str | None = None) -> list[Container]:
        """Return a Compose project's containers, stopped ones included, by service and name."""
        labels = [f"{PROJECT_LABEL}={project}"]
        if service:
            labels.append(f"{SERVICE_LABEL}={service}")
        with translated(project):
            found = self._client.api.containers(all=True, filters={"label": labels})
        containers = [self._container(entry["Id"]) for entry in found]
        return sorted(containers, key=lambda container: (container.service, container.name))

    def _container(self, identity: str) -> Container:
        data = self.inspect(identity)
        labels = data["Config"].get("Labels") or {}
        return Container(
            identity=data["Id"],
            name=data["Name"].lstrip("/"),
            project=labels.get(PROJECT_LABEL, ""),
            service=labels.get(SERVICE_LABEL, ""),
            status=data["State"]["Status"],
            health=(data["State"].get("Health") or {}).get("Status", ""),
            image=data["Config"]["Image"],
        )

    def user_of(self, identity: str) -> str:
        """Return uid:gid of a running container's first process; empty where it is not known."""
        with translated(identity):
            found = self._client.api.top(identity, ps_args="-eo pid,uid,gid")
        for _, user, group in found["Processes"] or ():
            return f"{user}:{group}"
        return ""

    def inspect(self, identity: str) -> dict[str, Any]:
        """Return all that the engine knows of a container, in the engine's own form."""
        with translated(identity):
            data: dict[str, Any] = self._client.api.inspect_container(identity)
        return data

    def logs(self, identity: str, since: float | None = None, last: int | None = None) -> str:
        """Return a container's output, from the Unix time `since` on, or its `last` lines."""
        with translated(identity):
            log = self._get(identity).logs(since=since, tail="all" if last is None else last)
            return log.decode(errors="replace")

    def connect(self, identity: str, network: str, aliases: Sequence[str] = ()) -> None:
        """Put a container on a network, where the aliases resolve to it."""
        with translated(network):
            self._client.networks.get(network).connect(identity, aliases=list(aliases))

    def start(self, identity: str) -> None:
        """Start a container that exists."""
        with translated(identity):
            self._get(identity).start()

    def kill(self, identity: str) -> None:
        """End a container at once; the engine does not restart it by itself."""
        with translated(identity):
            self._get(identity).kill()

    def pause(self, identity: str) -> None:
        """Stop all processes of a container where they are."""
        with translated(identity):
            self._get(identity).pause()

    def unpause(self, identity: str) -> None:
        """Let the processes of a paused container go on."""
        with translated(identity):
            self._get(identity).unpause()

    def disconnect(self, identity: str, network: str) -> None:
        """Take a running container off a network, where its name no longer resolves to it."""
        with translated(network):
            self._client.networks.get(network).disconnect(identity)

    def remove(self, identity: str, grace: int = 10) -> None:
        """Stop a container within `grace` seconds and remove it."""
        with translated(identity):
            container = self._get(identity)
            container.stop(timeout=grace)
            container.remove(force=True, v=True)

    def _get(self, identity: str) -> SdkContainer:
        return self._client.containers.get(identity)
