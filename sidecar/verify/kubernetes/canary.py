"""The comparison of a release's canary, made in the pod of its stand-in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sidecar.kubernetes.pods import COPIER
from sidecar.verify.canary import COMPARED, closed
from sidecar.verify.kubernetes.groups import chart_of
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
    by_chart: dict[tuple[str, ...], list[Pod]] = {}
    for pod in release.pods:
        if pod.container(COPIER):
            by_chart.setdefault(chart_of(pod), []).append(pod)
    for pods in by_chart.values():
        services = sorted({pod.service for pod in pods})
        proof = closed(proof, services, partial(_read, release, pods, seconds))
    return proof


def _read(release: ReleaseDeployment, pods: Sequence[Pod], seconds: float) -> Canary:
    """Compare the spans of these pods: of those before them, only agents had any."""
    since = max(map(_began, pods))
    hosts = (f"--host={pod.hostname}" for pod in pods)
    options = (f"--seconds={seconds}", f"--since={since}", *hosts)
    at = release.stand_ins.of(pods[0])
    return from_dict(release.stand_ins.run(*COMPARED, *options, seconds=seconds, at=at))


def _began(pod: Pod) -> float:
    """Return since when a pod's copier runs; one that started again lost packets meanwhile."""
    state = pod.status_of(COPIER).get("state") or {}
    return seconds_of((state.get("running") or {}).get("startedAt", ""))
