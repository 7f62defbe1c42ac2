"""The comparison of a release's canary, made in the pod of its stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.kubernetes.pods import COPIER
from sidecar.verify.canary import COMPARED, closed
from sidecar.verify.network.compared import from_dict
from sidecar.verify.times import seconds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.kubernetes.pods import Pod
    from sidecar.verify.hops import Proof
    from sidecar.verify.kubernetes.release import ReleaseDeployment
    from sidecar.verify.network.compared import Canary


def compared(proof: Proof, release: ReleaseDeployment, seconds: float) -> Proof:
    """Return a proof with what the canary shows; as it is where there is none."""
    pods = [pod for pod in release.pods if pod.container(COPIER)]
    if not pods:
        return proof
    services = sorted({pod.service for pod in pods})
    return closed(proof, services, lambda: _read(release, pods, seconds))


def _read(release: ReleaseDeployment, pods: Sequence[Pod], seconds: float) -> Canary:
    """Compare the spans of these pods: of those before them, only agents had any."""
    since = max(map(_began, pods))
    hosts = (f"--host={pod.hostname}" for pod in pods)
    options = (f"--seconds={seconds}", f"--since={since}", *hosts)
    return from_dict(release.in_gateway(*COMPARED, *options, seconds=seconds))


def _began(pod: Pod) -> float:
    """Return since when a pod's copier runs; one that started again lost packets meanwhile."""
    state = pod.status_of(COPIER).get("state") or {}
    return seconds_of((state.get("running") or {}).get("startedAt", ""))
