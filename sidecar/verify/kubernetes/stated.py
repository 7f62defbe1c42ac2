"""What a cluster says of a release beyond its pods: what should run, and why some of it does not.

A user who may not list a kind learns nothing from it, and that is no error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.errors import KubernetesError
from sidecar.kubernetes.events import events_of
from sidecar.kubernetes.pods import EVERY_POD, GATEWAY, is_injected, service_of
from sidecar.rules.scheduling import not_scaled
from sidecar.verify.kubernetes import jobs, workloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar.findings import Problem
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Object
    from sidecar.verify.deployment import Lack

_SCALERS = "horizontalpodautoscalers"
_ACTIVE = "ScalingActive"
_FAILS = ("FailedGet", "Invalid")
"""How the reasons of an autoscaler begin that has no metrics; it may also rest."""


class Stated:
    """The workloads, Jobs and autoscalers that labels select."""

    def __init__(self, kubectl: Kubectl, labels: str) -> None:
        """Take the labels, as a selector."""
        self._kubectl, self._labels = kubectl, labels

    def lacks(self, name_of: Callable[[str, str], str]) -> Iterator[Lack]:
        """Yield what has no pod, too few, or a failed run; `name_of` is as of Groups."""
        yield from workloads.lacking(self._meant(workloads.KINDS), name_of)
        yield from jobs.lacking(self._meant(jobs.KIND), self._refusal_of, name_of)

    def unscaled(self) -> dict[str, Problem]:
        """Return the workloads whose autoscaler does not scale, each with the problem."""
        found = {}
        for each in self._get(_SCALERS):
            if problem := not_scaled(_failure(each)):
                found[str(each["spec"]["scaleTargetRef"]["name"])] = problem
        return found

    def stand_in(self) -> Problem | None:
        """Return why no stand-in runs; None where that is not known."""
        found = (each for each in self._get(workloads.KINDS) if _is_gateway(each))
        problem = next(filter(None, map(workloads.refused, found)), None)
        return problem and replace(problem, cause=f"the stand-in does not run: {problem.cause}")

    def _meant(self, kinds: str) -> list[Object]:
        """Return the objects that are asked for: with every pod selected, those of inject."""
        every = self._get(kinds)
        if self._labels != EVERY_POD:
            return every
        return [each for each in every if is_injected(each["spec"]["template"])]

    def _get(self, kinds: str) -> list[Any]:
        try:
            return list(self._kubectl.get(kinds, f"--selector={self._labels}")["items"])
        except KubernetesError:
            return []

    def _refusal_of(self, job: str) -> str:
        """Return the cluster's last word on why it creates no pod of a Job; empty for none."""
        events = events_of(self._kubectl, "Job", job, "reason=FailedCreate")
        events.sort(key=lambda event: str(event.get("lastTimestamp") or ""))
        return str(events[-1].get("message", "")) if events else ""


def _failure(scaler: Object) -> str:
    """Return why an autoscaler does not scale; empty where it does, or rests."""
    for condition in scaler.get("status", {}).get("conditions") or ():
        reason = str(condition.get("reason", ""))
        if condition.get("type") == _ACTIVE and condition.get("status") == "False":
            return str(condition.get("message", reason)) if reason.startswith(_FAILS) else ""
    return ""


def _is_gateway(workload: Object) -> bool:
    template = workload["spec"]["template"]
    return service_of(template, "") == GATEWAY
