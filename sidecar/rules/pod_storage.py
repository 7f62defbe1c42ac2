"""Whether a pod may use as much of its node's disk as its volumes may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.api_values import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal

    Data = Mapping[str, Any]

ABOVE_LIMITS = Rule(
    "volumes-above-ephemeral-storage",
    Severity.WARNING,
    "A pod's emptyDir volumes may hold more than its ephemeral-storage limits together.",
    "Kubernetes evicts the pod before they are full, and what a collector keeps there is lost.",
    "Raise the limits, or leave them out",
    "agent: {kind: collector, kubernetes: {resources: {limits: {ephemeral-storage: 1Gi}}}}",
)
_STORAGE = "ephemeral-storage"


def volumes(pod: Data) -> Problem | None:
    """Judge a pod's spec; its limits are those of what runs at a time."""
    inits = pod.get("initContainers") or ()
    kept = [each for each in inits if each.get("restartPolicy") == "Always"]
    limits = list(_limits((*kept, *(pod.get("containers") or ()))))
    held = sum(_sizes(pod.get("volumes") or ()))
    allowed = max((sum(limits), *_limits(inits)))
    if not limits or held <= allowed:
        return None
    shown = f"{_mib(held)} MiB, and its containers {_mib(allowed)} MiB of {_STORAGE}"
    return ABOVE_LIMITS.problem(f"its emptyDir volumes may hold {shown}")


def _limits(containers: Iterable[Data]) -> Iterator[Decimal]:
    for each in containers:
        limits = (each.get("resources") or {}).get("limits") or {}
        if (limit := number(limits.get(_STORAGE))) is not None:
            yield limit


def _sizes(given: Iterable[Data]) -> Iterator[Decimal]:
    for each in given:
        volume = each.get("emptyDir") or {}
        size = number(volume.get("sizeLimit"))
        if size is not None and volume.get("medium") != "Memory":
            yield size


def _mib(size: Decimal | int) -> str:
    return f"{size / 2**20:,.0f}"
