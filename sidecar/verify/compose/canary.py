"""The comparison of a project's canary, made in the network of its stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.verify.canary import COMPARED, closed
from sidecar.verify.compose.visits import of_other_version
from sidecar.verify.network.compared import from_dict
from sidecar.verify.times import seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sidecar.verify.compose.deployment import ComposeDeployment
    from sidecar.verify.compose.parts import Parts
    from sidecar.verify.hops import Proof
    from sidecar.verify.network.compared import Canary


def compared(proof: Proof, deployment: ComposeDeployment, seconds: float) -> Proof:
    """Return a proof with what the canary shows; as it is where there is none."""
    parts = deployment.parts
    services = [name for name in deployment.services() if parts.of("copier", name)]
    if not services:
        return proof
    return closed(proof, services, lambda: _read(parts, seconds, _began(parts, services)))


def _began(parts: Parts, services: Iterable[str]) -> float:
    """Return since when all services have a canary: before, only agents had their spans."""
    copiers = (copier for name in services for copier in parts.of("copier", name))
    states = (parts.inspect(copier)["State"] for copier in copiers)
    return max(seconds_of(state.get("StartedAt", "")) for state in states)


def _read(parts: Parts, seconds: float, since: float) -> Canary:
    container = parts.running("gateway")
    options = (f"--seconds={seconds}", f"--since={since}")
    printed = parts.run(container, (*COMPARED, *options), seconds)
    try:
        return from_dict(printed)
    except (KeyError, TypeError):
        raise of_other_version(container) from None
