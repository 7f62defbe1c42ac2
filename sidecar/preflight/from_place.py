"""Finds the place where an agent will run, and looks at the gateway from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.engine.client import connect
from sidecar.engine.errors import EngineError
from sidecar.engine.project import ROLE
from sidecar.preflight import gateway
from sidecar.preflight.places import AgentPod, EngineNetwork, Host, PodPlace
from sidecar.preflight.records import passed, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.engine.client import Engine
    from sidecar.kubernetes.kubectl import Kubectl
    from sidecar.preflight.places import Place
    from sidecar.preflight.records import Candidate, Result

PLACE = "agent-place"
_SECONDS = 7.0
"""For a place to start, look and end, so that it is removed before the deadline of all checks."""
_NOT_YET = "the stand-in is a part of the deployment, which does not run yet"
_WITHOUT_GATEWAY = ("proxy", "socket-buffer")
"""What can be seen without a gateway."""


def look_for(candidate: Candidate) -> Iterator[Result]:
    """Look at the gateway from the place where the agent will run."""
    place, result = _place_of(candidate)
    yield result
    seen = gateway.look(candidate, place, _SECONDS)
    if not candidate.is_local or place.has_gateway:
        yield from seen
        return
    for each in seen:
        here = each.check in _WITHOUT_GATEWAY
        yield each if here else skipped(each.check, str(candidate.agent.gateway), _NOT_YET)


def _place_of(candidate: Candidate) -> tuple[Place, Result]:
    if candidate.kubectl:
        return _in_cluster(candidate.kubectl, candidate)
    if candidate.target == "process":
        return Host(), passed(PLACE, "this host", "agents run here as processes")
    try:
        engine = connect()
    except EngineError:
        return Host(), _instead("no engine answers")
    if running := _running_agent(engine, candidate):
        return running, passed(PLACE, running.name, "an agent of this deployment runs there")
    if engine.images.find(candidate.probe) is None:
        return Host(), _instead(f"the engine does not have {candidate.probe}")
    alone = EngineNetwork(engine, "a short-lived container", "bridge")
    return alone, passed(PLACE, alone.name, "as the agents will run")


def _in_cluster(kubectl: Kubectl, candidate: Candidate) -> tuple[Place, Result]:
    pod = candidate.pod
    if pod is None:
        alone = PodPlace(kubectl, resources=candidate.resources)
        return alone, passed(PLACE, alone.name, "as the agents will run")
    beside = AgentPod(kubectl, pod)
    return beside, passed(PLACE, beside.name, "an agent of this release runs there")


def _instead(why: str) -> Result:
    return skipped(PLACE, "this host", f"stands in for a container: {why}", "Run `sidecar images`")


def _running_agent(engine: Engine, candidate: Candidate) -> EngineNetwork | None:
    for container in engine.containers.of_project(candidate.project):
        if container.status != "running":
            continue
        labels = engine.containers.inspect(container.identity)["Config"].get("Labels") or {}
        if labels.get(ROLE) == "agent":
            mode = f"container:{container.identity}"
            return EngineNetwork(engine, f"the network of {container.name}", mode, has_gateway=True)
    return None
