"""Pods by the service that they stand for: those of one workload, or of the newest run of a Job.

Two workloads may have one service by their labels: those of a parent chart that has the chart
twice, of two releases in one namespace, a Deployment and a Job with one label `app`. Then each goes
by its own name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from sidecar.kubernetes.pods import INSTANCE, NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sidecar.kubernetes.pods import Object, Pod

_HASHES = ("pod-template-hash", "rollouts-pod-template-hash")
"""Labels whose value ends the name of a ReplicaSet."""
_SCHEDULED = re.compile(r"-\d{6,}$")
"""What a CronJob puts behind its name for a Job's; for a user who may not list Jobs."""
_UNKNOWN: Mapping[str, str] = MappingProxyType({})
_Key = tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """The pods of one workload; of a Job, those of its newest run."""

    service: str
    """By their labels; the workload where they name none."""
    workload: str
    """Its name; of pods without an owner, the first one's."""
    running: tuple[Pod, ...] = ()
    completed: tuple[Pod, ...] = ()
    failed: tuple[Pod, ...] = ()

    @property
    def is_owned(self) -> bool:
        """Tell whether its pods belong to something."""
        return any(_owner(pod) for pod in (*self.running, *self.completed, *self.failed))


class Groups:
    """All groups, by the names that they go by."""

    def __init__(
        self,
        running: Iterable[Pod],
        completed: Iterable[Pod] = (),
        failed: Iterable[Pod] = (),
        runs: Mapping[str, str] = _UNKNOWN,
    ) -> None:
        """Group the pods that run or start, and those of Jobs that are done or gave up.

        `runs` has the known Jobs, each with its CronJob; of others, only the names tell.
        """
        states = (tuple(running), tuple(completed), tuple(failed))
        key_of = partial(_key, runs)
        keys = sorted({key_of(pod) for pods in states for pod in pods})
        own = ([[pod for pod in pods if key_of(pod) == key] for pods in states] for key in keys)
        self._found = [_newest(each, runs) for each in own]
        self.named: Mapping[str, Group] = {self._name(group): group for group in self._found}

    def _name(self, group: Group) -> str:
        same = [each for each in self._found if each.service == group.service]
        return group.service if len(same) == 1 else group.workload

    def name_of(self, service: str, workload: str) -> str:
        """Return the name of a workload that may have no pod."""
        same = [each for each in self._found if each.service == service and each.is_owned]
        alone = len(same) < 2 and all(each.workload == workload for each in same)
        return service if alone else workload

    @property
    def running(self) -> dict[str, tuple[Pod, ...]]:
        """Return the pods that run or start, by name."""
        return {name: group.running for name, group in self.named.items() if group.running}


def chart_of(pod: Pod) -> _Key:
    """Return what the pods of one chart in one release have in common."""
    return chart_by(pod.data)


def chart_by(workload: Object) -> _Key:
    """Return the same of a pod's data, or of the template of some pods."""
    labels = workload["metadata"].get("labels") or {}
    return tuple(str(labels.get(name, "")) for name in (INSTANCE, NAME))


def job_of(pod: Pod) -> str:
    """Return the Job of a pod; empty where it has none."""
    owner = _owner(pod)
    return str(owner["name"]) if owner.get("kind") == "Job" else ""


def scheduled_by(job: str, runs: Mapping[str, str]) -> str:
    """Return the CronJob of a Job, as of `runs`, else by its name; else the Job itself."""
    return runs.get(job) or _SCHEDULED.sub("", job)


def _owner(pod: Pod) -> Object:
    owners = pod.data["metadata"].get("ownerReferences") or ()
    return next((one for one in owners if one.get("controller", True)), {})


def _key(runs: Mapping[str, str], pod: Pod) -> _Key:
    """Return what the replicas of one workload have in common, and all runs of a CronJob."""
    ends = (workload_of(pod, runs),) if _owner(pod) else ("", *chart_of(pod))
    return (_service_of(pod, runs), *ends)


def _service_of(pod: Pod, runs: Mapping[str, str]) -> str:
    """Return what a pod's labels call it; its workload where they do not."""
    return pod.service if pod.service != pod.name else workload_of(pod, runs)


def workload_of(pod: Pod, runs: Mapping[str, str] = _UNKNOWN) -> str:
    """Return the name of what a pod belongs to; of pods without an owner, the pod's own."""
    owner, labels = _owner(pod), pod.data["metadata"].get("labels") or {}
    if owner.get("kind") == "Job":
        return scheduled_by(str(owner["name"]), runs)
    name = str(owner.get("name", pod.name))
    ends = (f"-{labels[each]}" for each in _HASHES if each in labels)
    return name.removesuffix(next(ends, ""))


def _newest(own: Sequence[Sequence[Pod]], runs: Mapping[str, str]) -> Group:
    """Return the group of one key: of a Job's runs, only the newest."""
    every = [pod for pods in own for pod in pods]
    first = max(every, key=lambda pod: str(pod.data["metadata"].get("creationTimestamp", "")))
    run = job_of(first)
    kept = [tuple(pod for pod in pods if job_of(pod) == run) for pods in own]
    return Group(_service_of(first, runs), workload_of(first, runs), *kept)
