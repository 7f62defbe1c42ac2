"""What a cluster says of a release beyond its pods: what should run, and why some of it does not.

A user who may not list a kind learns nothing from it, and that is no error.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.errors import KubernetesError
from sidecar.kubernetes.events import events_of, when
from sidecar.kubernetes.pods import EVERY_POD, is_injected, template_of
from sidecar.rules import scheduling
from sidecar.rules.replicas import MISSING, REPLICA_MISSING
from sidecar.verify.kubernetes import jobs, workloads
from sidecar.verify.kubernetes.shared import troubles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sidecar.findings import Problem
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.kubernetes.pods import Object, Pod
    from sidecar.verify.deployment import Lack
    from sidecar.verify.kubernetes.causes import Causes
    from sidecar.verify.kubernetes.shared import Trouble

_SCALERS = "horizontalpodautoscalers"
_GONE = (MISSING, REPLICA_MISSING)
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
        found = self._meant(self._get(workloads.KINDS))
        for lack in workloads.lacking(found, name_of, self.refusal_of):
            is_gone = lack.problem.rule in _GONE
            yield replace(lack, problem=(is_gone and self._ending) or lack.problem)
        yield from self.without_run(name_of)

    def without_run(self, name_of: Callable[[str, str], str]) -> Iterator[Lack]:
        """Yield the Jobs and CronJobs that lack a run which has done its work, or may do it."""
        found, crons = (self._meant(self._get(kind)) for kind in (jobs.KIND, jobs.SCHEDULED))
        yield from jobs.lacking(found, crons, self.refusal_of, name_of)

    def runs(self) -> dict[str, str]:
        """Return the known Jobs by name, each with its CronJob, or with itself."""
        return jobs.runs_of(self._get(jobs.KIND))

    def unscaled(self) -> dict[str, Problem]:
        """Return the workloads whose autoscaler does not scale, each with the problem."""
        found = {}
        for each in self._get(_SCALERS):
            if problem := scheduling.not_scaled(_failure(each)):
                found[str(each["spec"]["scaleTargetRef"]["name"])] = problem
        return found

    def troubles(self, pods: Sequence[Pod], causes: Causes) -> list[Trouble]:
        """Return the parts that agents need and that do not run, nearest to them first."""
        return troubles(self._get(workloads.KINDS), pods, causes, self.refusal_of)

    @cached_property
    def _ending(self) -> Problem | None:
        """Return that the namespace is being deleted, where that is known."""
        name = self._kubectl.namespace
        try:
            status = self._kubectl.get("namespace", name).get("status", {}) if name else {}
        except KubernetesError:  # a user of one namespace may not ask
            return None
        is_ending = status.get("phase") == "Terminating"
        return scheduling.not_created(f"namespace {name} is being terminated" if is_ending else "")

    def _meant(self, every: Iterable[Object]) -> list[Object]:
        """Return the objects that are asked for: with every pod selected, those of inject."""
        return [
            each for each in every if self._labels != EVERY_POD or is_injected(template_of(each))
        ]

    def _get(self, kinds: str) -> list[Any]:
        """Return the objects of some kinds; none without the right."""
        try:
            return list(self._kubectl.get(kinds, f"--selector={self._labels}")["items"])
        except KubernetesError:
            return []

    def refusal_of(self, kind: str, name: str) -> tuple[str, str]:
        """Return when and why the cluster last created nothing for an object; empty for never."""
        events = events_of(self._kubectl, kind, name, "reason=FailedCreate")
        return (when(events[-1]), str(events[-1].get("message", ""))) if events else ("", "")


def _failure(scaler: Object) -> str:
    """Return why an autoscaler does not scale; empty where it does, or rests."""
    for condition in scaler.get("status", {}).get("conditions") or ():
        reason = str(condition.get("reason", ""))
        if condition.get("type") == _ACTIVE and condition.get("status") == "False":
            return str(condition.get("message", reason)) if reason.startswith(_FAILS) else ""
    return ""
