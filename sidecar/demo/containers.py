"""The sample in containers: Compose up and down."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar import signals
from sidecar.demo import collectors
from sidecar.demo.failure import explain
from sidecar.demo.ports import choose
from sidecar.engine.errors import ComposeFailedError
from sidecar.engine.project import containers_of
from sidecar.errors import SidecarError
from sidecar.rendering import write_all
from sidecar.rules.gateways import STAND_IN_PAGE_PORT
from sidecar.targets import compose as compose_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.engine.client import Engine
    from sidecar.engine.compose import Compose
    from sidecar.engine.containers import Container

_COLLECTED, _UP = Path("build/demo-collector"), "../.."
"""In the checkout, and from there to it."""
_SECONDS = 120
"""For everything to be healthy."""
_ELSEWHERE = "Stop it there (`docker compose down`), or set COMPOSE_PROJECT_NAME to another name"


@dataclass(frozen=True)
class Published:
    """A port of the sample that is published on the host."""

    service: str
    port: int
    """In the container, and on the host where it is free."""
    variable: str
    """In docker-compose.yml: the host's port."""


FRONTEND = Published("frontend", 8080, "SIDECAR_PORT_FRONTEND")
PAGE = Published("gateway", STAND_IN_PAGE_PORT, "SIDECAR_PORT_GATEWAY")


@dataclass(frozen=True)
class SampleUrls:
    """Where the sample answers."""

    frontend: str
    page: str
    """The stand-in's."""


def up(folder: Path, engine: Engine, compose: Compose, say: Callable[[str], None]) -> SampleUrls:
    """Start the folder's deployment and wait until it is healthy.

    A first start that fails or is interrupted is removed again; earlier containers stay. Raises
    SidecarError with what failed, or where the sample runs from another folder.
    """
    before = _found(folder, engine, compose)
    running = {container.service for container in before if container.status == "running"}
    for published in (FRONTEND, PAGE):
        if published.service in running:
            _keep(published, folder, compose)
        else:
            _choose(published, say)
    try:
        _start(folder, engine, compose, say)
    except (KeyboardInterrupt, SidecarError) as error:
        if not before:
            event = "failed" if isinstance(error, SidecarError) else "interrupted"
            say(f"{event}: removing what was started")
            with signals.ignored():
                _remove(folder, compose)
        raise
    return SampleUrls(
        frontend=f"http://{_address(FRONTEND, folder, compose)}",
        page=f"http://{_address(PAGE, folder, compose)}",
    )


class StandInContainer:
    """The stand-in of a folder's deployment, which can be stopped and started again."""

    def __init__(self, folder: Path, compose: Compose) -> None:
        self._folder, self._compose = folder, compose

    def stop(self) -> None:
        """Stop it."""
        self._compose.run(self._folder, "stop", "--timeout=5", PAGE.service)

    def start(self) -> None:
        """Start it again; it has nothing of what it kept."""
        self._compose.run(self._folder, "start", PAGE.service)


def collected(checkout: Path) -> Path:
    """Return the folder of the sample's rendering with collectors."""
    return checkout / _COLLECTED


def render_collected(checkout: Path, say: Callable[[str], None]) -> Path:
    """Render the sample with collectors, and return its folder."""
    folder = collected(checkout)
    write_all({folder: compose_target.render(collectors.plan_of(_UP))}, say)
    return folder


def runs(folder: Path, engine: Engine, compose: Compose) -> bool:
    """Tell whether anything of the folder's deployment runs. Raises SidecarError."""
    return any(one.status == "running" for one in _found(folder, engine, compose))


def down(folder: Path, engine: Engine, compose: Compose) -> list[str]:
    """Remove the folder's containers, networks and volumes; return what was removed.

    Raises SidecarError where it runs from another folder.
    """
    _found(folder, engine, compose)
    return _remove(folder, compose)


def _found(folder: Path, engine: Engine, compose: Compose) -> list[Container]:
    return containers_of(engine, compose.config(folder), folder, _ELSEWHERE)


def _start(folder: Path, engine: Engine, compose: Compose, say: Callable[[str], None]) -> None:
    _ignore_orphans()
    options = ("--detach", "--wait", f"--wait-timeout={_SECONDS}", "--no-build", "--pull=missing")
    try:
        compose.run(folder, "up", *options)
    except ComposeFailedError as error:
        raise explain(error, _found(folder, engine, compose), engine, say) from None


def _remove(folder: Path, compose: Compose) -> list[str]:
    _ignore_orphans()
    done = compose.run(folder, "--progress=plain", "down", "--volumes", "--timeout=30")
    removed = [line for line in done.stderr.splitlines() if line.endswith("Removed")]
    return [line.removesuffix("Removed").strip() for line in removed]


def _ignore_orphans() -> None:
    """Keep Compose from warning of other containers that have the project's name.

    They do not belong to the demo, which must not remove them.
    """
    os.environ.setdefault("COMPOSE_IGNORE_ORPHANS", "true")


def _keep(published: Published, folder: Path, compose: Compose) -> None:
    """Keep a running container's port: with another one Compose would replace the container."""
    port = _address(published, folder, compose).rpartition(":")[2]
    os.environ[published.variable] = port


def _choose(published: Published, say: Callable[[str], None]) -> None:
    if published.variable in os.environ:
        return
    port = choose(published.port)
    if port.holder:
        say(f"{published.service}: {port}")
        os.environ[published.variable] = str(port.number)


def _address(published: Published, folder: Path, compose: Compose) -> str:
    return compose.run(folder, "port", published.service, str(published.port)).stdout.strip()
