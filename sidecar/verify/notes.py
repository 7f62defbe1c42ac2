"""What a proof says of the services that it could not see whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.verify.look import AS_STARTED

if TYPE_CHECKING:
    from sidecar.verify.look import Look


def unseen(name: str, look: Look) -> str:
    """Return that a service's running processes were not seen, where that matters; else empty.

    The statistics of its client show the addresses and samplers themselves.
    """
    replicas = [one for one in look.replicas if one.variables_from == AS_STARTED]
    if all(one.visit and one.visit.after.runtimes for one in replicas):
        return ""
    return (
        f"{name}: the variables of its running processes cannot be read here; verify takes those"
        " that its container was started with, which a start script may change"
    )


def ended(name: str) -> str:
    """Return that a job has ended together with its agent, where its own spans are left out."""
    return f"{name}: the job has ended, and its agent with it: nothing of it is proven"


def not_proven(name: str, pods: int, end: str) -> str:
    """Return that some pods of a job, which ended or failed, are not judged: no spans show."""
    which = f"{pods} pods of its job have" if pods > 1 else "a pod of its job has"
    return f"{name}: {which} {end}, and nothing of that is proven"
