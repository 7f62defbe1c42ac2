"""Whose network a service uses: its own, that of another service, or the host's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.existing.compose.records import ComposeService

_SERVICE = "service:"
HOST = "host"


@dataclass(frozen=True)
class Namespace:
    """The network that a service uses."""

    root: str
    """The service whose network it is; empty for the host's."""
    mode: str
    """The root's network_mode: empty, host, or one in which no agent is reached."""


def namespace_of(service: ComposeService, services: Mapping[str, ComposeService]) -> Namespace:
    """Return the network of a service; `network_mode: service:NAME` is followed."""
    seen: set[str] = set()
    while service.network_mode.startswith(_SERVICE) and service.name not in seen:
        seen.add(service.name)
        other = services.get(service.network_mode.removeprefix(_SERVICE))
        if other is None:
            return Namespace(service.name, service.network_mode)
        service = other
    if service.network_mode == HOST:
        return Namespace("", HOST)
    return Namespace(service.name, service.network_mode)


def inside(name: str, services: Mapping[str, ComposeService]) -> list[ComposeService]:
    """Return the other services that use a service's network."""
    wanted = f"{_SERVICE}{name}"
    return [service for service in services.values() if service.network_mode == wanted]


def networks_of(service: ComposeService) -> set[str]:
    """Return the networks that a service is in, `default` where it names none."""
    if service.network_mode:
        return set()
    return set(service.networks) or {"default"}
