"""Runs a rehearsal: a proof, each fault with its ledger, and a proof at the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sidecar import signals
from sidecar.rehearsal.scene import Scene
from sidecar.rules import rehearsals as rules
from sidecar.verify.run import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sidecar.findings import Problem
    from sidecar.rehearsal.faults import Fault
    from sidecar.rehearsal.ledger import Ledger
    from sidecar.rehearsal.stage import Stage
    from sidecar.verify.hops import Hop, Proof

RECOVERY_SECONDS = 60.0
_SPANS = 100
"""Per service, of a proof outside a fault."""
_SECONDS = 3.0
_RESET = {"reset": True}


@dataclass(frozen=True)
class Rehearsed:
    """One fault that was rehearsed."""

    fault: Fault
    noticed: Hop | None
    """The first hop that failed meanwhile; None: all spans arrived."""
    ledger: Ledger
    recovery: float | None
    """Seconds from the fault's end until all spans arrived again; None: they did not."""
    problem: Problem | None
    """What is wrong with the deployment, or with its counters."""

    def with_fix(self, changed: Callable[[str], str]) -> Rehearsed:
        """Return it with the fix of its problem as a function changes it."""
        problem = self.problem and replace(self.problem, fix=changed(self.problem.fix))
        return replace(self, problem=problem)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        hop, problem = self.noticed, self.problem
        return {
            "fault": self.fault.name,
            "what": self.fault.what,
            "ok": problem is None,
            "noticed": hop and {"hop": hop.hop, "service": hop.service, "id": hop.id},
            **self.ledger.as_dict(),
            "recovery_seconds": self.recovery,
            "id": problem.rule.id if problem else "",
            "cause": problem.cause if problem else "",
        }


@dataclass(frozen=True)
class Rehearsal:
    """All faults, and the proofs around them."""

    faults: tuple[Rehearsed, ...]
    proof: Proof
    """After the last fault; where that is empty, before the first one, which then failed."""

    @property
    def ok(self) -> bool:
        """True where every span is accounted for, and the deployment is proven at the end."""
        accounted = all(one.problem is None for one in self.faults)
        return bool(self.faults) and accounted and self.proof.ok

    def with_fixes(self, changed: Callable[[str], str]) -> Rehearsal:
        """Return it with each fix as a function changes it."""
        faults = tuple(one.with_fix(changed) for one in self.faults)
        return Rehearsal(faults, self.proof.with_fixes(changed))

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "ok": self.ok,
            "faults": [one.as_dict() for one in self.faults],
            "proof": self.proof.as_dict(),
        }


def rehearse(stage: Stage, faults: Sequence[Fault], say: Callable[[str], None]) -> Rehearsal:
    """Run the faults one after the other; none where the deployment is not proven before.

    The stand-in's own faults are set again after each. Raises SidecarError where the stage fails.
    """
    try:
        initial = stage.faults()
        for note in stage.notes:
            say(note)
        say("the proof before")
        proof = verify(stage, _SPANS, _SECONDS, path_only=True)
        if not proof.ok:
            return Rehearsal((), proof)
        done = []
        for number, fault in enumerate(faults, 1):
            say(f"{number} of {len(faults)}, {fault.name}: {fault.what}")
            done.append(_rehearse(stage, fault, initial))
        say("the proof after")
        return Rehearsal(tuple(done), verify(stage, _SPANS, _SECONDS, path_only=True))
    finally:
        with signals.deferred():
            stage.close()


def _rehearse(stage: Stage, fault: Fault, initial: Mapping[str, Any]) -> Rehearsed:
    stage.begin()
    scene = Scene(stage)
    try:
        try:
            fault.inject(scene)
            proof = verify(stage, fault.spans, fault.seconds, path_only=True)
        finally:
            with signals.deferred():
                # a call that a silent gateway holds ends with its connection only
                stage.set_faults(_RESET, initial)
                fault.heal(scene)
        recovery, ledger = _recovery(stage), scene.close()
        return Rehearsed(fault, proof.first_failure, ledger, recovery, _problem(recovery, ledger))
    finally:
        scene.abandon()


def _problem(recovery: float | None, ledger: Ledger) -> Problem | None:
    return rules.recovery(recovery, RECOVERY_SECONDS) or rules.unaccounted(
        ledger.unaccounted, ledger.sent, ledger.unseen
    )


def _recovery(stage: Stage) -> float | None:
    healed = time.monotonic()
    while time.monotonic() < healed + RECOVERY_SECONDS:
        if verify(stage, _SPANS, _SECONDS, path_only=True).ok:
            return round(time.monotonic() - healed, 1)
    return None
