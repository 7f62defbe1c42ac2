"""The sample in containers: Compose up and down."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.demo.ports import choose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sidecar.engine.client import Engine
    from sidecar.engine.compose import Compose

_SECONDS = 120
"""For everything to be healthy."""


@dataclass(frozen=True)
class Published:
    """A port of the sample that the host sees."""

    service: str
    port: int
    """In the container, and on the host where nobody holds it."""
    variable: str
    """In docker-compose.yml: the host's port."""


FRONTEND = Published("frontend", 8080, "SIDECAR_PORT_FRONTEND")
PAGE = Published("gateway", 16686, "SIDECAR_PORT_GATEWAY")


@dataclass(frozen=True)
class Running:
    """Where the sample answers."""

    frontend: str
    page: str


def up(folder: Path, engine: Engine, compose: Compose, say: Callable[[str], None]) -> Running:
    """Start the folder's deployment and wait until it is healthy; one that was interrupted is removed again.

    Raises SidecarError with what failed; the containers stay then, for their logs.
    """
    project = str(compose.config(folder)["name"])
    found = engine.containers.of_project(project)
    for published in (FRONTEND, PAGE):
        if any(one.status == "running" and one.service == published.service for one in found):
            _keep(published, folder, compose)
        else:
            _choose(published, say)
    try:
        compose.run(folder, "up", "--detach", "--wait", f"--wait-timeout={_SECONDS}", "--no-build", "--pull=missing")
    except KeyboardInterrupt:
        if not found:
            say("interrupted: removing what was started")
            down(folder, compose)
        raise
    return Running(
        frontend=f"http://{_address(FRONTEND, folder, compose)}", page=f"http://{_address(PAGE, folder, compose)}"
    )


def down(folder: Path, compose: Compose) -> list[str]:
    """Stop and remove the folder's containers, networks and volumes; return what was removed. Raises SidecarError."""
    done = compose.run(folder, "--progress=plain", "down", "--volumes", "--remove-orphans", "--timeout=30")
    return [line.removesuffix("Removed").strip() for line in done.stderr.splitlines() if line.endswith("Removed")]


def _keep(published: Published, folder: Path, compose: Compose) -> None:
    """Stay at the port that a running container has: with another one Compose would replace the container."""
    os.environ[published.variable] = _address(published, folder, compose).rpartition(":")[2]


def _choose(published: Published, say: Callable[[str], None]) -> None:
    if published.variable in os.environ:
        return
    port = choose(published.port)
    if port.holder:
        say(f"{published.service}: {port}")
        os.environ[published.variable] = str(port.number)


def _address(published: Published, folder: Path, compose: Compose) -> str:
    return compose.run(folder, "port", published.service, str(published.port)).stdout.strip()
