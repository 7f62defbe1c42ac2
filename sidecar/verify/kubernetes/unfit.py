"""What keeps a pod from being proven: a container that does not run or stay, or no agent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.pods import (
    AGENT,
    PROBE_IMAGE,
    is_injected,
    message_of,
    reasons_of,
    trouble_of,
)
from sidecar.rules import parts
from sidecar.rules.scheduling import UNSCHEDULABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidecar.findings import Problem
    from sidecar.kubernetes.pods import Object, Pod

BEFORE_START = ("PodInitializing", "ContainerCreating")
"""Reasons that do not say why; the cluster's events of the pod do."""
_LATELY = timedelta(minutes=1)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_RECEIVERS = ("jaeger", "collector")
"""In the names of images that receive spans, as an agent does."""


def has_agent(workload: Mapping[str, Any]) -> bool:
    """Tell whether a pod, or the template of one, has the chart's agent."""
    return any(container["name"] == AGENT for container in _containers(workload))


def lacks_agent(workload: Mapping[str, Any]) -> bool:
    """Tell whether a pod, or the template of one, should have an agent and has none.

    The chart annotates the pods of its services, and inject those that it changes. In other pods,
    a service that reports to loopback
    needs a receiver of any name there; on the network of the node, that is the node's.
    """
    if has_agent(workload):
        return False
    if PROBE_IMAGE in (workload["metadata"].get("annotations") or {}) or is_injected(workload):
        return True
    images = [str(container.get("image", "")) for container in _containers(workload)]
    received = any(word in image for image in images for word in _RECEIVERS)
    elsewhere = received or workload["spec"].get("hostNetwork", False)
    return not elsewhere and any(map(_reports_to_loopback, _containers(workload)))


def _containers(workload: Mapping[str, Any]) -> Iterator[Object]:
    spec = workload["spec"]
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _reports_to_loopback(container: Object) -> bool:
    return any(
        variable["name"] == "JAEGER_AGENT_HOST" and variable.get("value") in _LOOPBACK
        for variable in container.get("env") or ()
    )


def state_of(pod: Pod) -> parts.PodState:
    """Return what keeps a pod, its agent or its service from running, or from running on.

    The agent comes first, and those whose reason says little come last.
    """
    if without_node := unscheduled(pod):
        return without_node
    states = sorted(_states(pod), key=lambda state: state.reason in BEFORE_START)
    if states:
        return states[0]
    return parts.PodState("" if pod.alive else pod.trouble())


def problem_of(pod: Pod, state: parts.PodState) -> Problem | None:
    """Judge a pod by its state; None where nothing keeps it from being looked into."""
    if lacks_agent(pod.data):
        return parts.missing_agent()
    return parts.pod(state, _fix_of(pod, state))


def restarts_of(pod: Pod) -> int:
    """Return how often the pod's agent was started again."""
    return int(pod.status_of(AGENT).get("restartCount", 0))


def unscheduled(pod: Pod) -> parts.PodState | None:
    """Return the state of a pod that has no node; None for others."""
    for condition in pod.data["status"].get("conditions", []):
        if condition.get("reason") == UNSCHEDULABLE:
            message = str(condition.get("message", ""))
            return parts.PodState("has no node", UNSCHEDULABLE, "", message)
    return None


def _states(pod: Pod) -> Iterator[parts.PodState]:
    names = [container["name"] for container in _containers(pod.data)]
    for name in sorted(names, key=lambda name: name != AGENT):
        status = pod.status_of(name)
        subject = "the agent" if name == AGENT else f"container {name}"
        if why := trouble_of(status, may_end=name != AGENT):
            message = message_of(status)
            reasons = reasons_of(status)
            yield parts.PodState(f"{subject} {why}", *reasons, message, name, tokens_of(pod))
        elif last := _lately_ended(status):
            trouble = f"{subject} started again, last ended: {last}"
            yield parts.PodState(trouble, "CrashLoopBackOff", last, "", name)


def _lately_ended(status: Object) -> str:
    """Return why a container that started again within the last minute ended before; else empty.

    Any other end than one for its memory counts only until the container is ready.
    """
    running = status.get("state", {}).get("running")
    ended = status.get("lastState", {}).get("terminated")
    if not running or not ended or not ended["exitCode"] or not is_recent(running):
        return ""
    reason = reasons_of(status)[1] or "Error"
    return reason if reason == parts.OOM_KILLED or not status.get("ready", True) else ""


def is_recent(running: Object) -> bool:
    """Tell whether a container that runs was started within the last minute."""
    started = running.get("startedAt")
    if not started:
        return False
    began = datetime.fromisoformat(str(started).replace("Z", "+00:00"))
    return datetime.now(timezone.utc) - began < _LATELY


def _fix_of(pod: Pod, state: parts.PodState) -> str:
    describe = f"`kubectl describe pod {pod.name}`"
    logs = logs_of(pod, state)
    return f"See `kubectl {' '.join(logs)}` and {describe}" if logs else f"See {describe}"


def logs_of(pod: Pod, state: parts.PodState) -> tuple[str, ...]:
    """Return the words that show what a container wrote before it ended; empty where it did not."""
    status = pod.status_of(state.container) if state.container else {}
    words = ("logs", pod.name, "-c", state.container)
    if status.get("state", {}).get("terminated"):
        return words
    return (*words, "--previous") if status.get("lastState", {}).get("terminated") else ()


def tokens_of(pod: Pod) -> tuple[str, ...]:
    """Return the Secrets that the agent mounts; empty where that is not known."""
    agent = pod.container(AGENT) or {}
    mounted = {mount["name"] for mount in agent.get("volumeMounts", ())}
    volumes = [each for each in pod.data["spec"].get("volumes", ()) if each["name"] in mounted]
    return tuple(each["secret"]["secretName"] for each in volumes if "secret" in each)
