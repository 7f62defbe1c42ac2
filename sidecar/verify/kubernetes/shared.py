"""What all agents of a chart need between them and their region: relays, forwarder, stand-in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sidecar.kubernetes.pods import GATEWAY, service_of, template_of
from sidecar.verify.kubernetes.groups import chart_by, chart_of
from sidecar.verify.kubernetes.unfit import has_agent
from sidecar.verify.kubernetes.workloads import missing_of, unready_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sidecar.findings import Problem
    from sidecar.kubernetes.pods import Pod
    from sidecar.verify.kubernetes.causes import Causes
    from sidecar.verify.kubernetes.workloads import RefusalOf

RELAY = "relay"
_PARTS = {RELAY: "the relay", "forwarder": "the forwarder", GATEWAY: "the stand-in"}
"""Component and container → what to call it; in the order in which spans pass them."""


_Key = tuple[str, tuple[str, ...]]


class Trouble(NamedTuple):
    """A part that does not run."""

    part: str
    chart: tuple[str, ...]
    problem: Problem


def troubles(
    workloads: Iterable[Mapping[str, Any]],
    pods: Sequence[Pod],
    causes: Causes,
    refusal_of: RefusalOf,
) -> list[Trouble]:
    """Return the parts of which no pod runs, each with why, nearest to the agents first.

    Without the right to list workloads, only pods tell.
    """
    found: dict[_Key, Problem | None] = {}
    for workload in workloads:
        template = template_of(workload)
        if part := _part_of(template):
            found[part, chart_by(template)] = missing_of(workload, refusal_of)
    for pod in pods:
        if part := _part_of(pod.data):
            found.setdefault((part, chart_of(pod)), None)
    judged = (_trouble(key, problem, pods, causes) for key, problem in found.items())
    return sorted(filter(None, judged), key=lambda trouble: [*_PARTS].index(trouble.part))


def relays_of(pod: Pod, pods: Iterable[Pod]) -> list[Pod]:
    """Return the relays among pods to which a pod's collector sends."""
    key = (RELAY, chart_of(pod))
    return [each for each in pods if (_part_of(each.data), chart_of(each)) == key]


def _trouble(
    key: _Key, lack: Problem | None, pods: Sequence[Pod], causes: Causes
) -> Trouble | None:
    part, chart = key
    own = [pod for pod in pods if (_part_of(pod.data), chart_of(pod)) == key]
    if any(pod.ready for pod in own):
        return None
    found = (causes.of(pod) or unready_of(pod, causes.probe) for pod in own)
    problem = next(filter(None, found), None) or lack
    if not problem:
        return None
    cause = f"{_PARTS[part]} does not run: {problem.cause}"
    return Trouble(part, chart, replace(problem, cause=cause))


def _part_of(workload: Mapping[str, Any]) -> str:
    """Return which part the pods of a template are; empty for services."""
    part = service_of(workload, "")
    containers = workload["spec"].get("containers") or ()
    is_part = part in _PARTS and any(each["name"] == part for each in containers)
    return part if is_part and not has_agent(workload) else ""
