"""Short-lived containers of the kit, which run one program each, and posts, which run several."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from requests.exceptions import ConnectionError as NoAnswer
from requests.exceptions import ReadTimeout

from sidecar import signals
from sidecar.engine.containers import PROJECT_LABEL
from sidecar.engine.errors import EngineError, RunTimeoutError
from sidecar.engine.sdk import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from docker import DockerClient
    from docker.models.containers import Container as SdkContainer

SHORT_LIVED_LABEL = "io.sidecar-kit.short-lived"
LOOKED_INTO_LABEL = "io.sidecar-kit.project"
"""Of a short-lived container: the Compose project of the container whose network it joined."""
_ENDED = ("created", "exited", "dead")
_LEFT_BEHIND_SECONDS = 60.0
_IDLE = ("python", "-c", "import time; time.sleep(3600)")
"""What a post does between programs; it ends by itself if it is left behind."""


@dataclass(frozen=True)
class RunRequest:
    """A short-lived container: read-only, removed when it ends, and without capabilities."""

    image: str
    argv: tuple[str, ...]
    """The arguments; with `entrypoint` None they follow the image's entry point."""
    entrypoint: tuple[str, ...] | None = None
    network_mode: str = "none"
    """none, host, a network's name, or container:<id>."""
    pid_mode: str = ""
    """container:<id> shows that container's processes; empty: only its own."""
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    """uid or uid:gid; empty is the image's."""
    usual_capabilities: bool = False
    """Whether it has those that the engine gives to any container, instead of none."""
    seconds: float = 60.0


@dataclass(frozen=True)
class RunResult:
    """Exit code and output of a short-lived container."""

    exit_code: int
    stdout: str
    stderr: str


class ShortLived:
    """Runs programs in containers of their own. Raises EngineError where the engine refuses."""

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

    def _create(self, request: RunRequest, *, auto_remove: bool = False) -> SdkContainer:
        entrypoint = None if request.entrypoint is None else list(request.entrypoint)
        with translated(request.image):
            return self._client.containers.create(
                request.image,
                list(request.argv),
                entrypoint=entrypoint,
                network_mode=request.network_mode,
                pid_mode=request.pid_mode or None,
                environment=dict(request.environment),
                user=request.user or None,
                read_only=True,
                cap_drop=[] if request.usual_capabilities else ["ALL"],
                security_opt=["no-new-privileges"],
                labels=self._labels(request.network_mode),
                auto_remove=auto_remove,
            )

    def _labels(self, network_mode: str) -> dict[str, str]:
        kind, _, target = network_mode.partition(":")
        labels = {SHORT_LIVED_LABEL: "true"}
        if kind == "container":
            known = self._client.api.inspect_container(target)["Config"].get("Labels") or {}
            labels[LOOKED_INTO_LABEL] = known.get(PROJECT_LABEL, "")
        return labels

    def sweep(self, project: str) -> list[str]:
        """Remove the ended short-lived containers that killed commands left; return their names.

        Only those that looked into this project, and ended a while ago: another command may still
        read the output of one that has just ended.
        """
        labels = [f"{SHORT_LIVED_LABEL}=true", f"{LOOKED_INTO_LABEL}={project}"]
        filters = {"label": labels, "status": list(_ENDED)}
        with translated(project):
            found = self._client.api.containers(all=True, filters=filters)
        old = [entry for entry in found if self._is_left_behind(entry["Id"])]
        for entry in old:
            with suppress(EngineError), translated(entry["Id"]):  # removed by another command
                self._client.containers.get(entry["Id"]).remove(force=True, v=True)
        return [entry["Names"][0].lstrip("/") for entry in old]

    def _is_left_behind(self, identity: str) -> bool:
        try:
            with translated(identity):
                data = self._client.api.inspect_container(identity)
        except EngineError:
            return False
        # one that never started has year 1 there
        last = max(data["Created"], data["State"].get("FinishedAt", ""))
        limit = datetime.now(timezone.utc) - timedelta(seconds=_LEFT_BEHIND_SECONDS)
        return str(last) < limit.strftime("%Y-%m-%dT%H:%M:%S")

    def posts(self, image: str) -> Posts:
        """Return posts, which run programs faster."""
        return Posts(self._client, image)


class Posts(ShortLived):
    """Runs programs in idle containers of one image, one per network, which `close` removes.

    A program starts there in a third of the time of a container of its own.
    """

    def __init__(self, client: DockerClient, image: str) -> None:
        super().__init__(client)
        self._image = image
        self._posts: dict[str, SdkContainer] = {}
        self._lock = threading.Lock()

    def run(self, request: RunRequest) -> RunResult:
        """Run a program in the post of its network, and return its output."""
        with translated(request.image):
            ended: Any = self._post(request).exec_run(
                [*(request.entrypoint or ()), *request.argv],
                environment=dict(request.environment),
                demux=True,
            )
        stdout, stderr = [(stream or b"").decode(errors="replace") for stream in ended.output]
        return RunResult(ended.exit_code, stdout, stderr)

    def forget(self, identity: str) -> None:
        """Remove the post in a container's network: a restart gives the container another one."""
        with self._lock:
            self._end([f"container:{identity}"])

    def close(self) -> None:
        """Remove all posts."""
        with self._lock:
            self._end(list(self._posts))

    def _post(self, request: RunRequest) -> SdkContainer:
        with self._lock, signals.deferred():
            post = self._posts.get(request.network_mode)
            if post is None:
                idle = replace(request, image=self._image, argv=_IDLE[1:], entrypoint=_IDLE[:1])
                post = self._posts[request.network_mode] = self._create(idle, auto_remove=True)
                try:
                    post.start()
                except BaseException:
                    self._end([request.network_mode])
                    raise
        return post

    def _end(self, networks: Iterable[str]) -> None:
        for network in networks:
            post = self._posts.pop(network, None)
            if post is not None:
                with suppress(EngineError), translated(network):  # it may have removed itself
                    post.remove(force=True, v=True)


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
