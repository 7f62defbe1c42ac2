"""The engine's images: look up, pull, build, import."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from docker.errors import APIError, ImageNotFound, NotFound
from docker.utils import parse_repository_tag

from sidecar.engine.errors import (
    BuildFailedError,
    ImageMissingError,
    RegistryError,
    indented,
    masked,
)
from sidecar.engine.sdk import SDK_ERRORS, message_of, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from docker import DockerClient

    from sidecar.engine.errors import EngineError

    Progress = Callable[[str], None]


def silent(_line: str) -> None:
    """Ignore progress."""


@dataclass(frozen=True)
class ImageInfo:
    """An image that the engine holds."""

    identity: str
    """Its content address, sha256:…"""
    size: int
    """Bytes on disk, layers shared with other images included."""
    labels: Mapping[str, str]
    architecture: str
    user: str = ""
    """The user of its containers; empty is root."""
    command: tuple[str, ...] = ()
    """What its containers run: entry point and arguments."""


@dataclass(frozen=True)
class BuildRequest:
    """One image build: the context is a tar stream with the Dockerfile."""

    name: str
    context: IO[bytes]
    target: str | None = None
    dockerfile: str = "Dockerfile"
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network_mode: str = "host"
    """host: a mirror or proxy on the host's loopback answers inside the build, too."""


class ImageStore:
    """The engine's images. Every method raises EngineError where the engine refuses."""

    def __init__(self, client: DockerClient) -> None:
        self._api: Any = client.api  # its published types leave these calls untyped

    def find(self, name: str) -> ImageInfo | None:
        """Return what the engine knows of an image; None where it does not have it."""
        with translated(name):
            try:
                data = self._api.inspect_image(name)
            except NotFound:
                return None
        config = data.get("Config") or {}
        return ImageInfo(
            identity=data["Id"],
            size=data["Size"],
            labels=config.get("Labels") or {},
            architecture=data.get("Architecture", ""),
            user=config.get("User", ""),
            command=tuple((config.get("Entrypoint") or []) + (config.get("Cmd") or [])),
        )

    def root(self) -> str:
        """Return the folder of the engine's host with images and containers."""
        with translated("engine"):
            return str(self._api.info().get("DockerRootDir", ""))

    def architecture(self) -> str:
        """Return the processor of the engine's host as images name it, such as amd64."""
        with translated("engine"):
            return str(self._api.version(api_version=False).get("Arch", ""))

    def ask_registry(self, name: str, seconds: float) -> None:
        """Ask the registry for an image's manifest, through the engine's proxies and mirrors.

        Raises ImageMissingError where the registry has no such image, RegistryError where it
        refuses, or does not answer within `seconds`.
        """
        try:
            self._get_manifest(name, seconds)
        except SDK_ERRORS as error:
            raise _registry_refused(name, error, seconds) from error

    def _get_manifest(self, name: str, seconds: float) -> None:
        api = self._api
        before, api.timeout = api.timeout, seconds
        try:
            api.inspect_distribution(name)
        finally:
            api.timeout = before

    def pull(self, name: str, progress: Progress = silent) -> None:
        """Pull an image. Raises ImageMissingError or RegistryError."""
        repository, tag = parse_repository_tag(name)
        try:
            for event in self._api.pull(repository, tag=tag or "latest", stream=True, decode=True):
                if "error" in event:
                    raise RegistryError(name, str(event["error"]).rstrip("."))
                progress(_pull_line(event))
        except SDK_ERRORS as error:
            raise _registry_refused(name, error) from error

    def tag(self, name: str, other: str) -> None:
        """Give an image another name as well."""
        repository, tag = parse_repository_tag(other)
        with translated(name):
            self._api.tag(name, repository, tag or "latest", force=True)

    def build(self, request: BuildRequest, progress: Progress = silent) -> None:
        """Build an image with the classic builder.

        Raises BuildFailedError with the failing step's last lines.
        """
        log = BuildLog(request.name, progress)
        with translated(request.name):
            for event in self._build_events(request):
                log.add(event)

    def _build_events(self, request: BuildRequest) -> Iterable[dict[str, Any]]:
        events: Iterable[dict[str, Any]] = self._api.build(
            fileobj=request.context,
            custom_context=True,
            tag=request.name,
            target=request.target,
            dockerfile=request.dockerfile,
            buildargs=dict(request.arguments),
            labels=dict(request.labels),
            network_mode=request.network_mode,
            rm=True,
            forcerm=True,
            decode=True,
        )
        return events

    def import_rootfs(self, name: str, tar: IO[bytes], changes: Iterable[str] = ()) -> None:
        """Make an image of one layer from a tar of a root file system.

        `changes` are Dockerfile lines such as "LABEL a=b".
        """
        repository, _, tag = name.rpartition(":")
        with translated(name):
            self._api.import_image_from_data(
                tar, repository=repository, tag=tag, changes=list(changes)
            )

    def history(self, name: str) -> list[str]:
        """Return the commands that made an image's layers, newest first, as `docker history`."""
        with translated(name):
            return [str(layer["CreatedBy"]) for layer in self._api.history(name)]

    def remove_superseded(self, label: str, keep: int) -> None:
        """Remove images with a label ("name=value") but no name, except the newest `keep`.

        Images in use stay.
        """
        with translated(f"images with {label}"):
            found = self._api.images(filters={"dangling": True, "label": label})
        for image in sorted(found, key=lambda image: -int(image["Created"]))[keep:]:
            with suppress(APIError):  # a container still uses it, or it was removed already
                self._api.remove_image(image["Id"])

    def remove(self, name: str) -> None:
        """Remove an image's name, and its layers where nothing else uses them, if it exists."""
        with translated(name), suppress(NotFound):
            self._api.remove_image(name)


_BOOKKEEPING = re.compile(r" ---> |Removing intermediate container ")
"""What the classic builder says of its own work; ids are no progress."""


class BuildLog:
    """Follows the classic builder's events: keeps the current step and its output."""

    def __init__(self, name: str, progress: Progress = silent) -> None:
        self._name = name
        self._progress = progress
        self._step = "its first step"
        self._output: list[str] = []

    def add(self, event: Mapping[str, Any]) -> None:
        """Add one event. Raises BuildFailedError at an error event."""
        if "error" in event:
            cause = f"{self._step} failed: {masked(str(event['error'])).strip()}"
            raise BuildFailedError(self._name, f"{cause}\n{indented(''.join(self._output))}")
        text = masked(str(event.get("stream", "")))
        if text.startswith("Step "):
            self._step, self._output = text.strip(), []
        elif text:
            self._output.append(text)
        for line in text.splitlines():
            if line.strip() and not _BOOKKEEPING.match(line):
                self._progress(line.rstrip())


def _pull_line(event: Mapping[str, Any]) -> str:
    return " ".join(str(event[key]) for key in ("id", "status", "progress") if event.get(key))


def _registry_refused(name: str, error: Exception, seconds: float | None = None) -> EngineError:
    if isinstance(error, ImageNotFound):
        fix = "Check the name, or build from source: --source build"
        return ImageMissingError(name, message_of(error), fix)
    if isinstance(error, APIError):
        return RegistryError(name, message_of(error))
    bound = f" within {seconds:g} s" if seconds else ""
    return RegistryError(name, f"its registry did not answer{bound}")
