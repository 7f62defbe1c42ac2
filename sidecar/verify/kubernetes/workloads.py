"""What a release should run, as its Deployments and StatefulSets say, against the pods it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.pods import reasons_of, service_of, trouble_of
from sidecar.rules import starts
from sidecar.rules.scheduling import not_created
from sidecar.rules.service_reports import missing, replica, rollout
from sidecar.verify.deployment import Lack
from sidecar.verify.kubernetes.unfit import (
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

KINDS = "deployments,statefulsets"
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


def lacking(
    workloads: Iterable[Mapping[str, Any]], name_of: Callable[[str, str], str]
) -> Iterator[Lack]:
    """Yield the traced workloads that have no pod, too few, or are scaled to 0.

    `name_of` returns what a workload goes by, from its service and its own name.
    """
    for workload in workloads:
        template = workload["spec"]["template"]
        if has_agent(template) or lacks_agent(template):
            wanted = workload["spec"].get("replicas", 1)
            found = workload.get("status", {}).get("replicas", 0)
            if problem := refused(workload) or missing(wanted, found):
                own = str(workload["metadata"]["name"])
                yield Lack(name_of(service_of(template, own), own), problem)


def refused(workload: Mapping[str, Any]) -> Problem | None:
    """Return why the cluster does not create a workload's pods; None where it does."""
    conditions = workload.get("status", {}).get("conditions") or ()
    failed = (each for each in conditions if each.get("type") == _FAILURE)
    return next((not_created(str(each.get("message", ""))) for each in failed), None)


def broken(groups: Mapping[str, Sequence[Pod]]) -> Iterator[Lack]:
    """Yield the services that have a ready pod, and another that cannot become ready."""
    for name, pods in groups.items():
        troubles = [(pod, why) for pod in pods if not pod.ready and (why := _trouble_of(pod))]
        if not troubles or not any(pod.ready for pod in pods):
            continue
        pod, why = troubles[0]
        cause = f"{len(troubles)} of {len(pods)} pods cannot become ready: {pod.name} {why}"
        several = len({_hash_of(pod) for pod in pods}) > 1
        if problem := rollout(cause) if several else replica(cause):
            yield Lack(name, problem)


def unready(groups: Mapping[str, Sequence[Pod]]) -> Iterator[Lack]:
    """Yield the services whose containers run, and none of whose pods is ready."""
    for name, pods in groups.items():
        if any(pod.ready for pod in pods):
            continue
        causes = ((starts.not_ready(_unready_of(pod), pod.name)) for pod in pods)
        if problem := next(filter(None, causes), None):
            yield Lack(name, problem)


def _unready_of(pod: Pod) -> str:
    """Return the container that runs for a while and is not ready; empty where all else is."""
    if state_of(pod).trouble:
        return ""
    for container in pod.data["spec"]["containers"]:
        status = pod.status_of(container["name"])
        running = status.get("state", {}).get("running")
        if running and not status.get("ready", True) and not is_recent(running):
            probe = "readinessProbe" if status.get("started", True) else "startupProbe"
            return f"container {container['name']} runs, and is not ready: its {probe} fails"
    return ""


def _hash_of(pod: Pod) -> str:
    labels = pod.data["metadata"].get("labels", {})
    return next((str(labels[name]) for name in _HASHES if name in labels), "")


def _trouble_of(pod: Pod) -> str:
    """Return what keeps a pod from ever being ready; empty where it may only need time."""
    if unscheduled(pod):
        return "cannot be scheduled"
    spec = pod.data["spec"]
    for container in (*spec.get("initContainers", []), *spec["containers"]):
        status = pod.status_of(container["name"])
        if reasons_of(status)[0] in _HOPELESS:
            return f"container {container['name']} {trouble_of(status)}"
    return ""
