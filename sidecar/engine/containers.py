"""Containers in the engine: short-lived ones of the kit, and those of a Compose project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from docker.errors import ImageNotFound
from requests.exceptions import ConnectionError as NoAnswer
from requests.exceptions import ReadTimeout

from sidecar import signals
from sidecar.engine.errors import EngineError, ImageMissingError, RunTimeoutError
from sidecar.engine.sdk import SDK_ERRORS, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeVar

    from docker import DockerClient
    from docker.models.containers import Container as SdkContainer

    Answer = TypeVar("Answer")

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
SHORT_LIVED_LABEL = "io.sidecar-kit.short-lived"


@dataclass(frozen=True)
class RunRequest:
    """A short-lived container: read-only, without capabilities, removed when it ends."""

    image: str
    argv: tuple[str, ...]
    """The arguments; with `entrypoint` None they follow the image's own entry point."""
    entrypoint: tuple[str, ...] | None = None
    network_mode: str = "none"
    """none, host, a network's name, or container:<id>."""
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    """uid or uid:gid; empty is the image's own."""
    seconds: float = 60.0


@dataclass(frozen=True)
class RunResult:
    """What a short-lived container left."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Container:
    """A container that the engine knows, running or not."""

    identity: str
    name: str
    project: str
    """The Compose project; empty outside Compose."""
    service: str
    status: str
    """created, running, restarting, exited, …"""
    health: str
    """healthy, unhealthy, starting; empty where the image or service has no check."""
    image: str


class Containers:
    """The engine's containers. Every method raises EngineError where the engine refuses."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client

    def run(self, request: RunRequest) -> RunResult:
        """Run a container to its end and return its output; it is removed in every case.

        Raises ImageMissingError where the engine has no such image, RunTimeoutError after `request.seconds`.
        """
        made: list[SdkContainer] = []
        try:
            with (
                signals.deferred()
            ):  # of a container that is made, but not known yet, nobody could be told
                made.append(_refusing(request.image, lambda: self._create(request)))
            return _refusing(request.image, lambda: _finish(made[0], request))
        finally:
            with signals.deferred():
                _refusing(request.image, lambda: _discard(made))

    def _create(self, request: RunRequest) -> SdkContainer:
        entrypoint = None if request.entrypoint is None else list(request.entrypoint)
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
        labels = [f"{PROJECT_LABEL}={project}"] + (
            [f"{SERVICE_LABEL}={service}"] if service else []
        )
        found = _refusing(
            project, lambda: self._client.api.containers(all=True, filters={"label": labels})
        )
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
        """Return all that the engine knows of a container, in the engine's own shape."""
        data: dict[str, Any] = _refusing(
            identity, lambda: self._client.api.inspect_container(identity)
        )
        return data

    def logs(self, identity: str, since: float | None = None) -> str:
        """Return a container's standard output and error, from the Unix time `since` on."""
        container = self._get(identity)
        return _refusing(identity, lambda: container.logs(since=since)).decode(errors="replace")

    def disconnect(self, identity: str, network: str) -> None:
        """Take a running container off a network: its name no longer leads to it there."""
        _refusing(network, lambda: self._client.networks.get(network).disconnect(identity))

    def remove(self, identity: str, grace: int = 10) -> None:
        """Stop a container within `grace` seconds and remove it."""
        container = self._get(identity)
        _refusing(identity, lambda: container.stop(timeout=grace))
        _refusing(identity, lambda: container.remove(force=True, v=True))

    def _get(self, identity: str) -> SdkContainer:
        return _refusing(identity, lambda: self._client.containers.get(identity))


def _finish(container: SdkContainer, request: RunRequest) -> RunResult:
    container.start()
    try:
        exit_code = container.wait(timeout=request.seconds)["StatusCode"]
    except (ReadTimeout, NoAnswer) as error:  # the SDK reports a bounded wait as either
        raise RunTimeoutError(
            request.image, f"{' '.join(request.argv)} did not end within {request.seconds:g} s"
        ) from error
    stdout, stderr = (
        container.logs(stdout=out, stderr=not out).decode(errors="replace") for out in (True, False)
    )
    return RunResult(exit_code, stdout, stderr)


def _discard(made: Iterable[SdkContainer]) -> None:
    for container in made:
        container.remove(force=True, v=True)


def _refusing(subject: str, ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except ImageNotFound as error:
        raise ImageMissingError(subject, words_of(error), "See `sidecar images`") from error
    except SDK_ERRORS as error:
        raise EngineError(subject, words_of(error)) from error
