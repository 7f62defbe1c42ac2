"""The hop of a canary: what its collectors delivered, beside what its agents did."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.rules import canaries as rules
from sidecar.rules.canaries import AGREES, Compared
from sidecar.verify.hops import Hop, Proof, broken_hop, judged
from sidecar.verify.look import broken_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sidecar.verify.network.compared import Canary

_NOTHING = Compared(0)


COMPARED = ("python", "-m", "sidecar.verify.network.compared")
"""The program that compares, in the network of the stand-in."""


def closed(proof: Proof, services: Iterable[str], read: Callable[[], Canary]) -> Proof:
    """Return a proof with what `read` finds of these services, or why it cannot."""
    try:
        return added(proof, services, read())
    except SidecarError as error:
        hops = tuple(broken_hop(name, broken_by(AGREES, error)) for name in services)
        return replace(proof, hops=proof.hops + hops)


def added(proof: Proof, services: Iterable[str], found: Canary) -> Proof:
    """Return a proof with a hop for each of the services, and for others that were seen."""
    names = dict.fromkeys((*services, *found.services))
    hops = tuple(hop_of(name, found.services.get(name, _NOTHING)) for name in names)
    return replace(proof, hops=proof.hops + hops, notes=(*proof.notes, *notes_of(found)))


def hop_of(service: str, found: Compared) -> Hop:
    """Judge what both delivered of one service's spans."""
    hop = Hop(AGREES, service, True, found.equal, found.total, counts=found.counts)
    return judged(hop, rules.compared(found))


def notes_of(found: Canary) -> list[str]:
    """Return what a reader must know of the comparison."""
    notes = []
    if found.known:
        changes = ", ".join(f"{name} ({count})" for name, count in sorted(found.known.items()))
        notes.append(f"changes that a collector is known to make, docs/migrate.md: {changes}")
    if found.by_otlp:
        notes.append(f"{found.by_otlp} spans came by OTLP, which an agent does not take")
    return notes
