"""The sample in containers: images, Compose up and down."""

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

PORTS = {"SIDECAR_PORT_FRONTEND": 8080, "SIDECAR_PORT_GATEWAY": 16686}
"""The variables of docker-compose.yml that hold the host ports → their defaults."""


@dataclass(frozen=True)
class Running:
    """Where the sample answers."""

    frontend: str
    page: str


def up(folder: Path, engine: Engine, compose: Compose, say: Callable[[str], None]) -> Running:
    """Start the folder's deployment and wait until it is healthy. Raises SidecarError with what failed."""
    project = str(compose.config(folder)["name"])
    if not any(one.status == "running" for one in engine.containers.of_project(project)):
        _choose_ports(say)
    compose.run(folder, "up", "--detach", "--wait", "--wait-timeout", "120", "--no-build", "--pull", "missing")
    published = {name: _published(folder, compose, service, port) for name, service, port in _PUBLISHED}
    return Running(**published)


_PUBLISHED = (("frontend", "frontend", 8080), ("page", "gateway", 16686))


def down(folder: Path, compose: Compose) -> None:
    """Stop and remove the folder's containers, networks and volumes. Raises SidecarError."""
    compose.run(folder, "down", "--volumes", "--remove-orphans", "--timeout", "30")


def _choose_ports(say: Callable[[str], None]) -> None:
    for variable, preferred in PORTS.items():
        if variable in os.environ:
            continue
        port = choose(preferred)
        if port.holder:
            say(str(port))
            os.environ[variable] = str(port.number)


def _published(folder: Path, compose: Compose, service: str, port: int) -> str:
    return "http://" + compose.run(folder, "port", service, str(port)).stdout.strip()
