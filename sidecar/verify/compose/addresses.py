"""Where containers reach one another, from what the engine knows of their networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Inspected = Mapping[str, Any]
    """What the engine knows of a container, in its own form."""

_LOOPBACK = ("127.0.0.1", "::1")


def agent_addresses(identity: str, agents: Iterable[Inspected]) -> tuple[str, ...]:
    """Return the addresses of a service's agents, of which a rotation runs two."""
    found: list[str] = []
    for agent in agents:
        mode = agent.get("HostConfig", {}).get("NetworkMode", "")
        if mode in ("host", f"container:{identity}"):
            found += _LOOPBACK
        for network in _networks(agent).values():
            found += filter(None, (network["IPAddress"], network["GlobalIPv6Address"]))
    return tuple(found)


def reached_from(container: Inspected, other: Inspected) -> str:
    """Return an address of another container in a network that both are in; empty for none."""
    own = _networks(container)
    shared = (network for name, network in _networks(other).items() if name in own)
    return next((str(one["IPAddress"]) for one in shared if one["IPAddress"]), "")


def _networks(container: Inspected) -> Mapping[str, Any]:
    return container.get("NetworkSettings", {}).get("Networks") or {}
