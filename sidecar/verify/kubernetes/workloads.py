"""What a release should run, as its Deployments and StatefulSets say, against the pods it has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.pods import service_of
from sidecar.rules import scheduling, starts
from sidecar.rules.replicas import missing, replica, rollout
from sidecar.verify.deployment import Lack
from sidecar.verify.kubernetes.unfit import (
    BEFORE_START,
    has_agent,
    is_recent,
    lacks_agent,
    state_of,
    unscheduled,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sidecar.findings import Problem
    from sidecar.kubernetes.pods import Pod

    RefusalOf = Callable[[str, str], tuple[str, str]]
    """Returns when and why the cluster last created nothing for an object, by kind and name."""

KINDS = "deployments,statefulsets"
_WITHOUT_CONDITION = ("StatefulSet", "DaemonSet")
"""Kinds of which only events tell that their pods are refused."""
_HASHES = ("pod-template-hash", "controller-revision-hash")
"""Labels by which the pods of one rollout differ from those of another."""
_FAILURE = "ReplicaFailure"
"""A Deployment's condition: a quota or a policy refuses its pods."""
_HOPELESS = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
}
_ABSENT = (starts.SECRET_MISSING, starts.CONFIG_MISSING, scheduling.NO_VOLUME)


def lacking(
    workloads: Iterable[Mapping[str, Any]],
    name_of: Callable[[str, str], str],
    refusal_of: RefusalOf,
) -> Iterator[Lack]:
    """Yield the traced workloads that have no pod, too few, or are scaled to 0.

    `name_of` returns what a workload goes by, from its service and its own name.
    """
    for workload in workloads:
        template = workload["spec"]["template"]
        if has_agent(template) or lacks_agent(template):
            own = str(workload["metadata"]["name"])
            if problem := missing_of(workload, refusal_of):
                yield Lack(name_of(service_of(template, own), own), problem)


def missing_of(workload: Mapping[str, Any], refusal_of: RefusalOf) -> Problem | None:
    """Return why a workload has no pod, or too few; None where it has all."""
    name, spec, status = workload["metadata"]["name"], workload["spec"], workload.get("status", {})
    if problem := _refused(workload):
        return problem
    wanted, found = spec.get("replicas", 1), status.get("replicas", 0)
    if workload.get("kind") == "DaemonSet":
        wanted, found = 1, status.get("currentNumberScheduled", 0)
    if wanted and spec.get("paused") and (problem := scheduling.paused(name, found)):
        return problem
    if workload.get("kind") in _WITHOUT_CONDITION and found < wanted:
        refusal = refusal_of(workload["kind"], name)[1]
        if problem := scheduling.not_created(refusal):
            return problem
    problem = missing(wanted, found)
    return problem and replace(problem, fix=_fix_of(workload))


def _fix_of(workload: Mapping[str, Any]) -> str:
    """Return what to run for a workload that has too few pods."""
    kind = str(workload.get("kind", "Deployment")).lower()
    name = f"{kind} {workload['metadata']['name']}"
    if workload["spec"].get("replicas", 1):
        return f"See `kubectl describe {name}`; `helm upgrade` makes anew what was deleted"
    return f"Scale it up, `kubectl scale {name} --replicas=1`: without a pod it is not proven"


def _refused(workload: Mapping[str, Any]) -> Problem | None:
    """Return why the cluster does not create a workload's pods, as a condition says it."""
    conditions = workload.get("status", {}).get("conditions") or ()
    failed = (each for each in conditions if each.get("type") == _FAILURE)
    messages = (str(each.get("message", "")) for each in failed)
    return next(map(scheduling.not_created, messages), None)


def broken(
    groups: Mapping[str, Sequence[Pod]], cause_of: Callable[[Pod], Problem | None]
) -> Iterator[Lack]:
    """Yield the services that have a ready pod, and another that cannot become ready."""
    for name, pods in groups.items():
        if not any(pod.ready for pod in pods):
            continue
        found = ((pod, _hopeless(pod, cause_of)) for pod in pods if not pod.ready)
        troubles = [(pod, problem) for pod, problem in found if problem]
        if not troubles:
            continue
        pod, problem = troubles[0]
        count = f"{len(troubles)} of {len(pods)} pods cannot become ready"
        several = len({_hash_of(pod) for pod in pods}) > 1
        judge = rollout if several else replica
        if judged := judge(f"{count}: {pod.name}: {problem.cause}", problem.fix):
            yield Lack(name, judged)


def unready(
    groups: Mapping[str, Sequence[Pod]], probe_of: Callable[[Pod, str], str]
) -> Iterator[Lack]:
    """Yield the services whose containers run, and none of whose pods is ready.

    `probe_of` returns what the probe of a pod's container got.
    """
    for name, pods in groups.items():
        if any(pod.ready for pod in pods):
            continue
        found = (unready_of(pod, probe_of) for pod in pods)
        if problem := next(filter(None, found), None):
            yield Lack(name, problem)


def unready_of(pod: Pod, probe_of: Callable[[Pod, str], str]) -> Problem | None:
    """Return why a pod that runs for a while is not ready; None where it is, or may be soon."""
    if state_of(pod).trouble:
        return None
    statuses = [pod.status_of(each["name"]) for each in pod.data["spec"]["containers"]]
    if any(is_recent(status.get("state", {}).get("running") or {}) for status in statuses):
        return None
    for status in statuses:
        if status.get("state", {}).get("running") and not status.get("ready", True):
            name = str(status["name"])
            probe = "readinessProbe" if status.get("started", True) else "startupProbe"
            got = probe_of(pod, name)
            trouble = f"container {name} runs, and is not ready: its {probe} fails"
            return starts.not_ready(trouble + (f": {got}" if got else ""), pod.name)
    return starts.waits_for_gates(pod.name, _unmet_gates(pod))


def _unmet_gates(pod: Pod) -> list[str]:
    conditions = pod.data["status"].get("conditions", ())
    met = {each["type"] for each in conditions if each["status"] == "True"}
    gates = [str(gate["conditionType"]) for gate in pod.data["spec"].get("readinessGates") or ()]
    return [gate for gate in gates if gate not in met]


def _hash_of(pod: Pod) -> str:
    labels = pod.data["metadata"].get("labels", {})
    return next((str(labels[name]) for name in _HASHES if name in labels), "")


def _hopeless(pod: Pod, cause_of: Callable[[Pod], Problem | None]) -> Problem | None:
    """Return what keeps a pod from ever being ready; None where it may only need time."""
    reason = state_of(pod).reason
    if unscheduled(pod) or reason in _HOPELESS:
        return cause_of(pod)
    problem = cause_of(pod) if reason in BEFORE_START else None
    return problem if problem and problem.rule in _ABSENT else None
