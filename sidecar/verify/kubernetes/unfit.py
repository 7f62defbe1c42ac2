"""What keeps a pod from being proven: a container that does not run or stay, or no agent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sidecar.kubernetes.pods import (
    AGENT,
    PROBE_IMAGE,
    is_injected,
    message_of,
    reasons_of,
    trouble_of,
)
from sidecar.rules import parts, scheduling, starts
from sidecar.verify.times import seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidecar.findings import Problem
    from sidecar.kubernetes.pods import Object, Pod

BEFORE_START = ("PodInitializing", "ContainerCreating")
"""Reasons that do not say why; the cluster's events of the pod do."""
_LATELY = 60.0
_ALWAYS = "Always"
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
    if problem := scheduling.ends(pod.name, _finalizers_of(pod)):
        return problem
    if lacks_agent(pod.data):
        return parts.missing_agent()
    waits = _running_init(pod) if state.reason in ("", *BEFORE_START) else ("", 0.0)
    found = scheduling.gated(pod.name, _gates_of(pod)) or starts.waits_for(pod.name, *waits)
    return found or parts.pod(state, _fix_of(pod, state))


def _finalizers_of(pod: Pod) -> list[str] | None:
    """Return what keeps a pod that is being deleted; None where it is not being deleted."""
    metadata = pod.data["metadata"]
    is_ending = "deletionTimestamp" in metadata
    return [str(each) for each in metadata.get("finalizers") or ()] if is_ending else None


def _gates_of(pod: Pod) -> list[str]:
    """Return what keeps the scheduler from looking at a pod."""
    conditions = pod.data["status"].get("conditions", [])
    gated = any(condition.get("reason") == scheduling.GATED for condition in conditions)
    return [str(gate["name"]) for gate in pod.data["spec"].get("schedulingGates", ()) if gated]


def _running_init(pod: Pod) -> tuple[str, float]:
    """Return the init container that the others wait for, and for how long; empty for none."""
    for container in pod.data["spec"].get("initContainers") or ():
        running = pod.status_of(container["name"]).get("state", {}).get("running")
        if running and container.get("restartPolicy") != _ALWAYS:
            return str(container["name"]), _seconds_since(running)
    return "", 0.0


def restarts_of(pod: Pod) -> int:
    """Return how often the pod's agent was started again."""
    return int(pod.status_of(AGENT).get("restartCount", 0))


def unscheduled(pod: Pod) -> parts.PodState | None:
    """Return the state of a pod that has no node; None for others."""
    for condition in pod.data["status"].get("conditions", []):
        if condition.get("reason") == scheduling.UNSCHEDULABLE:
            message = str(condition.get("message", ""))
            return parts.PodState("has no node", scheduling.UNSCHEDULABLE, "", message)
    return None


def _states(pod: Pod) -> Iterator[parts.PodState]:
    names = [container["name"] for container in _containers(pod.data)]
    for name in sorted(names, key=lambda name: name != AGENT):
        status = pod.status_of(name)
        subject = "the agent" if name == AGENT else f"container {name}"
        if why := trouble_of(status, may_end=_may_end(pod, name)):
            said = (*reasons_of(status), message_of(status))
            yield parts.PodState(f"{subject} {why}", *said, name, tokens_of(pod), volumes_of(pod))
        elif last := _lately_ended(status):
            trouble = f"{subject} started again, last ended: {last}"
            yield parts.PodState(trouble, "CrashLoopBackOff", last, "", name)


def _may_end(pod: Pod, name: str) -> bool:
    """Tell whether a container may end well: one of a job, or what runs before the others."""
    inits = {each["name"]: each for each in pod.data["spec"].get("initContainers") or ()}
    if name in inits:
        return bool(inits[name].get("restartPolicy") != _ALWAYS)
    return name != AGENT and bool(pod.data["spec"].get("restartPolicy", _ALWAYS) != _ALWAYS)


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
    return bool(running.get("startedAt")) and _seconds_since(running) < _LATELY


def _seconds_since(running: Object) -> float:
    """Return for how long a container runs; 0 where that is not known."""
    began = seconds_of(str(running.get("startedAt") or ""))
    return max(0.0, time.time() - began) if began else 0.0


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


def volumes_of(pod: Pod) -> tuple[tuple[str, str], ...]:
    """Return the pod's volumes of a Secret or ConfigMap, each with the name of that."""
    found = ((volume["name"], _source_of(volume)) for volume in pod.data["spec"].get("volumes", ()))
    return tuple((str(name), source) for name, source in found if source)


def _source_of(volume: Object) -> str:
    secret, config = volume.get("secret") or {}, volume.get("configMap") or {}
    return str(secret.get("secretName") or config.get("name") or "")
