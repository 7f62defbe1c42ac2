"""Containers in the engine: short-lived ones of the kit, and those of a Compose project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from requests.exceptions import ConnectionError as NoAnswer
from requests.exceptions import ReadTimeout

from sidecar import signals
from sidecar.engine.errors import RunTimeoutError
from sidecar.engine.sdk import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docker import DockerClient
    from docker.models.containers import Container as SdkContainer

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
SHORT_LIVED_LABEL = "io.sidecar-kit.short-lived"


@dataclass(frozen=True)
class RunRequest:
    """A short-lived container: read-only, without capabilities, removed when it ends."""

    image: str
    argv: tuple[str, ...]
    """The arguments; with `entrypoint` None they follow the image's entry point."""
    entrypoint: tuple[str, ...] | None = None
    network_mode: str = "none"
    """none, host, a network's name, or container:<id>."""
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    """uid or uid:gid; empty is the image's."""
    seconds: float = 60.0


@dataclass(frozen=True)
class RunResult:
    """Exit code and output of a short-lived container."""

    exit_code: int
    stdout: str
    stderr: str


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

    def run(self, request: RunRequest) -> RunResult:
        """Run a container to its end, remove it in every case, and return its output.

        Raises ImageMissingError where the engine has no such image, RunTimeoutError after
        `request.seconds`.
        """
        made: list[SdkContainer] = []
        try:
            with signals.deferred():  # a container that is made is always known, and so removed
                made.append(self._create(request))
            with translated(request.image):
                return _finish(made[0], request)
        finally:
            with signals.deferred(), translated(request.image):
                _discard(made)

    def _create(self, request: RunRequest) -> SdkContainer:
        entrypoint = None if request.entrypoint is None else list(request.entrypoint)
        with translated(request.image):
            return self._client.containers.create(
                request.image,
                list(request.argv),
                entrypoint=entrypoint,
                network_mode=request.network_mode,
                environment=dict(request.environment),
                user=request.user or None,
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                labels={SHORT_LIVED_LABEL: "true"},
            )

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


def _finish(container: SdkContainer, request: RunRequest) -> RunResult:
    container.start()
    try:
        exit_code = container.wait(timeout=request.seconds)["StatusCode"]
    except (ReadTimeout, NoAnswer) as error:  # the SDK reports a bounded wait as either
        cause = f"{' '.join(request.argv)} did not end within {request.seconds:g} s"
        raise RunTimeoutError(request.image, cause) from error
    stdout = container.logs(stdout=True, stderr=False).decode(errors="replace")
    stderr = container.logs(stdout=False, stderr=True).decode(errors="replace")
    return RunResult(exit_code, stdout, stderr)


def _discard(made: Iterable[SdkContainer]) -> None:
    for container in made:
        container.remove(force=True, v=True)
