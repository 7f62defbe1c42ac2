"""A release in a cluster: an ephemeral container of the kit's image looks from inside a pod of each service."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.image_names import official
from sidecar.kubernetes.errors import ForbiddenError, NotFoundError
from sidecar.kubernetes.looking import look_inside
from sidecar.kubernetes.pods import (
    AGENT,
    GATEWAY,
    INSTANCE,
    admin_of,
    agent_of,
    pods_of,
    trouble_of,
)
from sidecar.verify.counts import GatewayCounts
from sidecar.verify.hops import RECEIVED
from sidecar.verify.look import Broken, Look, from_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod

_TEST = "delivery-test"
_CLOCKS = timedelta(seconds=5)
"""How much the node's clock may be behind this machine's."""


class ReleaseDeployment:
    """The pods of one Helm release."""

    side_by_side = 4
    """Each pod has an agent of its own."""
    received = RECEIVED

    def __init__(
        self,
        kubectl: Kubectl,
        release: str,
        image: str = "",
        *,
        selector: str = "",
        every_pod: bool = False,
    ) -> None:
        """Find the release's pods, or those that a selector names. Raises SidecarError where none is traced."""
        self._kubectl = kubectl
        self._began = datetime.now(timezone.utc) - _CLOCKS
        pods = pods_of(kubectl.get("pods", f"--selector={selector or f'{INSTANCE}={release}'}"))
        self._gateways = [
            pod for pod in pods if pod.alive and pod.service == GATEWAY and pod.container(GATEWAY)
        ]
        traced = [pod for pod in pods if _is_traced(pod)]
        if not traced:
            raise _nothing(kubectl, f"selector {selector}" if selector else f"release {release}")
        self._image = image
        self._pods, self.notes = _chosen(traced, every_pod)

    def services(self) -> Sequence[str]:
        """Return the names of the traced services; of their pods where each is looked at."""
        return list(self._pods)

    def look(self, service: str, marker: str, spans: int, seconds: float) -> Look:
        """Send marked spans from inside the service's pod, and count them there."""
        pod = self._pods[service]
        if broken := _unfit(pod):
            return broken
        options = [
            f"--service={pod.service}",
            f"--marker={marker}",
            f"--spans={spans}",
            f"--seconds={seconds}",
        ]
        command = [
            "python",
            "-m",
            "sidecar.verify.look_inside",
            *options,
            f"--agent={agent_of(pod)}",
            f"--admin={admin_of(pod)}",
        ]
        printed = look_inside(self._kubectl, pod, self._image_for(pod), command, seconds)
        if look := from_text(printed):
            return look
        cause = (printed.strip().splitlines() or ["it printed nothing"])[-1]
        fix = f"Is {self._image_for(pod)} the gateway image of this kit's version? --image IMAGE names another"
        raise SidecarError(pod.name, f"cannot be looked into: {cause}", fix)

    def agent_log(self, service: str) -> str:
        """Return the log of the pod's agent since verify began."""
        since = self._began.strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._kubectl.run(
            "logs", self._pods[service].name, f"--container={AGENT}", f"--since-time={since}"
        )

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker, read inside its pod; None for a real region."""
        if not self._gateways:
            return None
        pod = self._gateways[0]
        reader = ("python", "-m", "sidecar.verify.reader", "gateway", marker)
        options = (f"--settled={settled}", f"--seconds={seconds}")
        words = ("exec", pod.name, f"--container={GATEWAY}", "--", *reader, *options)
        counted = self._kubectl.json(*words, seconds=seconds + 30)
        try:
            return GatewayCounts(**counted)
        except TypeError:
            fix = "Upgrade the release to this kit's version"
            raise SidecarError(pod.name, "its stand-in counts in another way", fix) from None

    def _image_for(self, pod: Pod) -> str:
        running = [str((one.container(GATEWAY) or {})["image"]) for one in self._gateways]
        return next(
            name for name in (self._image, pod.image, *running, official().gateway.name) if name
        )


def _is_traced(pod: Pod) -> bool:
    finished = pod.data["status"].get("phase") in ("Succeeded", "Failed")
    return pod.container(AGENT) is not None and pod.service != _TEST and not finished


def _chosen(pods: Iterable[Pod], every_pod: bool) -> tuple[dict[str, Pod], tuple[str, ...]]:
    """Return name → pod to look at, ready ones first, with a note where others are left out."""
    groups: dict[str, list[Pod]] = {}
    for pod in pods:
        groups.setdefault(pod.service, []).append(pod)
    if every_pod:
        return {pod.name: pod for group in groups.values() for pod in group}, ()
    chosen = {
        name: max(group, key=lambda pod: (pod.ready, pod.alive))
        for name, group in sorted(groups.items())
    }
    return chosen, tuple(
        _left_out(name, group) for name, group in sorted(groups.items()) if len(group) > 1
    )


def _left_out(name: str, group: Sequence[Pod]) -> str:
    unready = sum(not pod.ready for pod in group)
    state = f", {unready} of them not ready" if unready else ""
    return f"{name}: 1 of {len(group)} pods was looked at{state}; --every-pod takes all"


def _unfit(pod: Pod) -> Look | None:
    """Return the look into a pod that cannot be looked into; None for one that can."""
    if why := trouble_of(pod.status_of(AGENT), may_end=False):
        cause = f"{pod.name}: the agent {why}"
        return Look(
            broken=Broken(
                RECEIVED,
                cause,
                f"kubectl logs {pod.name} -c {AGENT} --previous; kubectl describe pod",
            )
        )
    if not pod.alive:
        return Look(
            broken=Broken(
                RECEIVED, f"{pod.name}: {pod.trouble()}", f"kubectl describe pod {pod.name}"
            )
        )
    return None


def _nothing(kubectl: Kubectl, subject: str) -> SidecarError:
    """Return why there is nothing to look at: no such namespace, or no such release."""
    if kubectl.namespace:
        try:
            kubectl.get("namespace", kubectl.namespace)
        except NotFoundError:
            return SidecarError(
                f"namespace {kubectl.namespace}", "does not exist", "See kubectl get namespaces"
            )
        except ForbiddenError:
            pass  # a user of one namespace may not ask; an empty list is all there is to say then
    others = _releases(pods_of(kubectl.get("pods")))
    fix = (
        f"Releases with agents there: {', '.join(others)}"
        if others
        else "See helm list --all-namespaces"
    )
    where = f"namespace {kubectl.namespace}" if kubectl.namespace else "the context's namespace"
    return SidecarError(subject, f"has no traced pod in {where}", fix)


def _releases(pods: Iterable[Pod]) -> list[str]:
    labels: list[Mapping[str, str]] = [
        pod.data["metadata"].get("labels", {}) for pod in pods if _is_traced(pod)
    ]
    return sorted({one[INSTANCE] for one in labels if INSTANCE in one})
