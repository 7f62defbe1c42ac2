"""The spec: what a user asks for. Records with the defaults; sidecar.specfile reads them from YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT_KINDS = ("jaeger-agent",)


@dataclass(frozen=True)
class Service:
    """One traced service; an agent of its own runs beside each."""

    name: str
    image: str
    port: int
    """The port that the service listens on inside its network."""
    publish: int | None = None
    """The host port, bound to 127.0.0.1; None leaves the service unpublished."""
    command: tuple[str, ...] = ()
    """Empty: the image's own."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Agent:
    """Which agent, at which version."""

    kind: str = "jaeger-agent"
    version: str = "1.62.0"
    image: str | None = None
    """None: the official image of that version."""


@dataclass(frozen=True)
class Capacity:
    """What one replica's agent has to carry."""

    spans_per_second: int = 2000
    round_trip_ms: int = 200
    """To the gateway and back."""


@dataclass(frozen=True)
class Spec:
    """Everything a user can ask for; `region` alone is a whole spec."""

    region: str
    network: str = "public"
    services: tuple[Service, ...] | None = None
    """None: the sample's frontend and backend."""
    agent: Agent = Agent()
    capacity: Capacity = Capacity()


def require_region(region: str | None) -> str:
    """Return the region. Raises SidecarError where none was named."""
    if not region:
        raise SidecarError("region", "is not named", "Give --region ID, or `region: ID` in sidecar.yaml")
    return region
