"""What is decided about the container that watches the agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.plan.names import free_name
from sidecar.plan.records import SERVICE_USER, ImagePlan, WatchPlan
from sidecar.rules import kinds
from sidecar.spec import AGENT_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.image_names import Image

_NAME = "sidecar-watch"
_PROGRAM = ("python", "-m", "sidecar.watch.standing")
_HEALTH = ("python", "-m", "sidecar.watch.health")


def plan_watch(services: Sequence[str], image: Image, kind: str) -> WatchPlan:
    """Return the watch of these services' agents, of a kind.

    Its name is no service's and no agent's.
    """
    port = kinds.of_name(kind).port
    agents = {service: f"{service}{AGENT_SUFFIX}" for service in services}
    return WatchPlan(
        name=free_name(_NAME, services),
        image=ImagePlan(image.name, image.variable, image.role),
        program=_PROGRAM,
        argv=tuple(f"--agent={each}={agent}:{port}" for each, agent in agents.items()),
        health=_HEALTH,
        user=SERVICE_USER,
    )
