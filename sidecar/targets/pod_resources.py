"""Requests and limits of the containers that the kit adds in a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.errors import SidecarError
from sidecar.rules import api_values
from sidecar.rules.specs import INVALID_VALUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.plan import AgentPlan

    Given = Mapping[str, Mapping[str, str]]
    """requests or limits → what → how much."""

Resources = dict[str, dict[str, str]]
_LEAST_CPU = 20
"""Thousandths that each requests, if its limit is not below."""
_SIZES = {"memory", "ephemeral-storage"}
_DRAIN: Resources = {
    "requests": {"cpu": "1m", "memory": "8Mi"},
    "limits": {"cpu": "250m", "memory": "64Mi"},
}
"""Of what waits for a collector's queue: a shell, until the pod ends."""


def of_agent(agent: AgentPlan) -> Resources:
    """Return the requests and limits of an agent or collector, and of what waits before it."""
    own = resources(agent.replica_tuning.memory_mib, agent.cpus or 0.5, 64)
    return given_over(own, agent.kubernetes, "agent.kubernetes.resources")


def of_drain(agent: AgentPlan) -> Resources:
    """Return those of what waits at a pod's end."""
    return given_over(_DRAIN, agent.kubernetes, "agent.kubernetes.drainResources")


def of_forwarder(memory_mib: int, agent: AgentPlan) -> Resources:
    """Return those of the forwarder of some agents."""
    own = resources(memory_mib, 0.5, 64)
    return given_over(own, agent.kubernetes, "agent.kubernetes.forwarderResources")


def resources(memory_mib: int, cpus: float, requested_mib: int) -> Resources:
    """Return limits, and requests that fit on a small node."""
    limit = round(cpus * 1000)
    return {
        "requests": {
            "cpu": f"{min(_LEAST_CPU, limit)}m",
            "memory": f"{min(requested_mib, memory_mib)}Mi",
        },
        "limits": {"cpu": f"{limit}m", "memory": f"{memory_mib}Mi"},
    }


def given_over(own: Resources, given: Mapping[str, Given], path: str) -> Resources:
    """Return requests and limits with what a spec gives at a path, such as agent.kubernetes.NAME.

    A request of the kit's own is never above a limit. Raises SidecarError for one that is given.
    """
    over = given.get(path.rpartition(".")[2], {})
    _require_units(over, path)
    limits = {**own["limits"], **over.get("limits", {})}
    requests = {**own["requests"], **over.get("requests", {})}
    for name, problem in api_values.resources({"requests": requests, "limits": limits}):
        if name in over.get("requests", {}):
            raise SidecarError.from_problem(f"{path}.requests.{name}", problem)
        requests[name] = limits[name]
    return {"requests": requests, "limits": limits}


def _require_units(given: Given, path: str) -> None:
    """Raise SidecarError for a size in bytes: the spec's own sizes without a unit are MiB."""
    for kind, amounts in given.items():
        for name in _SIZES & amounts.keys():
            if amounts[name].replace(".", "").isdigit():
                cause = f"{amounts[name]} is in bytes"
                problem = INVALID_VALUE.problem(cause, "Add a unit, such as 256Mi")
                raise SidecarError.from_problem(f"{path}.{kind}.{name}", problem)
