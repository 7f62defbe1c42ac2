"""A release in a cluster: ephemeral containers of the kit's image look into the services' pods."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.image_names import official
from sidecar.kubernetes.ephemeral import run_container, run_inside
from sidecar.kubernetes.errors import KubernetesError, RefusedError
from sidecar.kubernetes.pods import (
    AGENT,
    GATEWAY,
    INSTANCE,
    pods_of,
    reasons_of,
)
from sidecar.rules import parts
from sidecar.rules.agents import workers_of
from sidecar.verify.hops import RECEIVED
from sidecar.verify.kubernetes import shared
from sidecar.verify.kubernetes.causes import Causes
from sidecar.verify.kubernetes.groups import Groups, chart_of, workload_of
from sidecar.verify.kubernetes.looks import look_argv, of_ended, of_pod, seeing
from sidecar.verify.kubernetes.selection import (
    is_gateway,
    not_found,
    select,
    subject_of,
)
from sidecar.verify.kubernetes.stand_ins import StandIns
from sidecar.verify.kubernetes.stated import Stated
from sidecar.verify.kubernetes.unfit import (
    BEFORE_START,
    lacks_agent,
    restarts_of,
    state_of,
)
from sidecar.verify.kubernetes.workloads import broken, unready
from sidecar.verify.look import Look, broken_by, from_text, part_error
from sidecar.verify.network.printed import last_line
from sidecar.verify.notes import not_proven

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.findings import Problem
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Pod
    from sidecar.verify.counts import GatewayCounts
    from sidecar.verify.deployment import Lack
    from sidecar.verify.kubernetes.shared import Trouble
    from sidecar.verify.look import Task
    from sidecar.verify.network.seen import Seen

CLOCK_SKEW = timedelta(seconds=5)
"""How much the node's clock may be behind this machine's."""


class ReleaseDeployment:
    """The pods of one Helm release."""

    side_by_side = 4
    """Each pod has its own agent."""
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
        """Find the pods of a release or selector. Raises SidecarError where none is traced."""
        self._kubectl = kubectl
        self._image = image
        self._began = datetime.now(timezone.utc) - CLOCK_SKEW
        self._labels = selector or f"{INSTANCE}={release}"
        self._selector = f"--selector={self._labels}"
        pods = pods_of(kubectl.get("pods", self._selector))
        found = select(pods, self._labels)
        self._stated, self._causes = Stated(kubectl, self._labels), Causes(kubectl)
        if not found.traced and not found.done:
            raise not_found(kubectl, subject_of(release, selector), self._stated)
        self.pods, self._every = found.traced, pods
        self.stand_ins = StandIns(kubectl, [pod for pod in pods if is_gateway(pod)])
        self.has_stand_in = bool(self.stand_ins.pods)
        self._grouped = Groups(found.traced, found.done, found.failed, self._stated.runs())
        self._groups = groups = self._grouped.running
        self._done = {
            name: group.completed for name, group in self._grouped.named.items() if group.completed
        }
        """Service → the pods of a Job's newest run that have done their work."""
        if every_pod:
            self._pods = {pod.name: pod for group in groups.values() for pod in group}
        else:
            self._pods = {name: max(group, key=_fitness) for name, group in groups.items()}
        self.notes: tuple[str, ...] = tuple(self._notes(every_pod=every_pod))
        self._markers: dict[str, Pod] = {}
        """Marker → the pod whose gateway counts it."""

    def _notes(self, *, every_pod: bool) -> Iterator[str]:
        for name, group in self._grouped.named.items():
            if len(group.running) > 1 and not every_pod:
                yield _left_out(name, group.running)
            if name in self._pods and group.completed and not self.has_stand_in:
                yield not_proven(name, len(group.completed), "ended")
            if group.failed:
                yield not_proven(name, len(group.failed), "failed")

    def services(self) -> Sequence[str]:
        """Return the names of the traced services; with `every_pod`, those of the pods."""
        return [*self._pods, *(name for name in self._done if name not in self._pods)]

    def absent(self) -> Sequence[Lack]:
        """Return the services without pods or with too few, and those with broken ones."""
        lacks = self._stated.lacks(self._grouped.name_of)
        causes = self._causes
        return [
            *broken(self._groups, causes.of),
            *unready(self._groups, causes.probe),
            *lacks,
        ]

    def look(self, task: Task) -> Look:
        """Visit a service's pod; send marked spans from inside it, and count them there."""
        left = tuple(of_ended(pod) for pod in self._done.get(task.service, ()))
        if task.service not in self._pods:
            return Look(replicas=left)
        look = self._look(self._pods[task.service], task)
        return replace(look, replicas=(*look.replicas, *left)) if self.has_stand_in else look

    def _look(self, pod: Pod, task: Task) -> Look:
        self._markers[task.marker] = pod
        if problem := self._unfit(pod):
            return Look(broken=broken_by(RECEIVED, part_error(pod.name, problem)))
        command = look_argv(pod, task)
        printed = self._inside(pod, command, task.seconds)
        if look := from_text(printed):
            look = replace(look, replicas=tuple(of_pod(pod, one) for one in look.replicas))
            return self._explained(pod, look)
        raise SidecarError(
            pod.name,
            f"cannot be looked into: {last_line(printed)}",
            f"Is {self._image_for(pod)} the gateway image of this kit's version? "
            "--image IMAGE names another",
        )

    def _inside(self, pod: Pod, command: Sequence[str], seconds: float) -> str:
        """Run a look, which may take `seconds`, in a pod; return what it printed.

        It sees the service's processes where their user is known, and the cluster admits that.
        """
        with suppress(RefusedError):  # as root: a policy may forbid that of new containers
            if container := seeing(pod, self._image_for(pod), command):
                return run_container(self._kubectl, pod, container, seconds)
        return run_inside(self._kubectl, pod, self._image_for(pod), command, seconds)

    def agent_log(self, service: str) -> str:
        """Return the log of the pod's agent since verify began."""
        return self._log(self._pods[service], AGENT)

    def relay_log(self, service: str) -> str:
        """Return the logs of the relays of the pod's chart since verify began."""
        relays = shared.relays_of(self._pods[service], self._every)
        return "\n".join(self._log(pod, shared.RELAY) for pod in relays)

    def _log(self, pod: Pod, container: str) -> str:
        since = self._began.strftime("%Y-%m-%dT%H:%M:%SZ")
        argv = ("logs", pod.name, f"--container={container}", f"--since-time={since}")
        return self._kubectl.run(*argv)

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker, read inside its pod; None for a real region."""
        return self.stand_ins.counts(marker, settled, seconds, self._markers.get(marker))

    def seen(self, trace_ids: Sequence[str], seconds: float) -> Seen:
        """Return what the stand-ins show of the services' own spans; nothing for a real region."""
        return self.stand_ins.seen(trace_ids, seconds)

    def _explained(self, pod: Pod, look: Look) -> Look:
        """Return a look that says why the agent did not answer, where its pod's state does."""
        if not look.broken or look.broken.id != parts.NO_ANSWER.id:
            return look
        with suppress(KubernetesError):
            now = pods_of({"items": [self._kubectl.get("pod", pod.name)]})[0]
            grown = restarts_of(now) > restarts_of(pod)
            known = self._unfit(now) or (_restart(now) if grown else None)
            if problem := known or self._away(pod):
                broken = broken_by(look.broken.hop, part_error(pod.name, problem))
                return replace(look, broken=broken)
        return look

    def _unfit(self, pod: Pod) -> Problem | None:
        """Return what keeps a pod from being looked into; None where nothing does."""
        if state_of(pod).reason in BEFORE_START and (cause := self._away(pod)):
            return cause
        return self._causes.of(pod)

    def restart(self, service: str) -> Problem | None:
        """Return why the pod's agent ended before; None where the cluster does not know."""
        pod = self._pods[service]
        return _restart(pods_of({"items": [self._kubectl.get("pod", pod.name)]})[0])

    def doubt(self, service: str) -> Problem | None:
        """Return why a pod's autoscaler does not scale; None where it does, or there is none.

        Which token an agent uses is not known: verify does without the right to read Secrets.
        """
        return (
            self._unscaled.get(workload_of(self._pods[service])) if service in self._pods else None
        )

    @cached_property
    def _unscaled(self) -> dict[str, Problem]:
        return self._stated.unscaled()

    def workers(self, service: str) -> int:
        """Return how many calls the pod's agent makes at a time, by its arguments."""
        agent = self._pods[service].container(AGENT) or {}
        return workers_of((*agent.get("command", ()), *agent.get("args", ())))

    def small_arrives(self, service: str, marker: str) -> bool:  # noqa: ARG002
        """Return False: an agent on its pod's loopback gets packets of any size."""
        return False

    def gateway_trouble(self, service: str) -> Problem | None:
        """Return why a part between a service's agent and its region does not run; else None."""
        return self._away(self._pods.get(service))

    def _away(self, pod: Pod | None) -> Problem | None:
        found = (each for each in self._troubles if pod is None or each.chart == chart_of(pod))
        return next((each.problem for each in found), None)

    @cached_property
    def _troubles(self) -> list[Trouble]:
        return self._stated.troubles(self._every, self._causes)

    def _image_for(self, pod: Pod) -> str:
        images = [str((each.container(GATEWAY) or {})["image"]) for each in self.stand_ins.pods]
        names = (self._image, pod.image, *images, official().gateway.name)
        return next(name for name in names if name)


def _restart(pod: Pod) -> Problem | None:
    """Return why a pod's agent ended before; None where the cluster does not know."""
    status = pod.status_of(AGENT)
    ended = status.get("lastState", {}).get("terminated")
    if not ended:
        return None
    reason, last = reasons_of(status)
    text = f"the agent ended: {last or 'Error'}, exit code {ended['exitCode']}"
    return parts.pod(parts.PodState(text, reason or "CrashLoopBackOff", last), "")


def _fitness(pod: Pod) -> tuple[bool, ...]:
    """Return what makes a pod stand for its service: one that loses all its spans does first."""
    stays = "deletionTimestamp" not in pod.data["metadata"]
    return lacks_agent(pod.data), pod.ready, pod.alive, stays


def _left_out(name: str, group: Sequence[Pod]) -> str:
    unready = sum(not pod.ready for pod in group)
    state = f", {unready} of them not ready" if unready else ""
    return f"{name}: 1 of {len(group)} pods was looked at{state}; --every-pod looks at all"
