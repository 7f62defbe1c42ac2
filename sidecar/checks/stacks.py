"""What a spec has for a cluster and Compose does not run: warnings with a fix for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules import jobs, services
from sidecar.spec.service_records import NO_LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.findings import Finding
    from sidecar.plan import Plan
    from sidecar.spec import Service
    from sidecar.spec.load import Loaded


def left_out(loaded: Loaded, plan: Plan) -> Iterator[Finding]:
    """Yield what Compose runs differently from a cluster, service by service."""
    for planned in plan.services:
        path = f"services.{planned.name}.job.deadline"
        if planned.job and (problem := jobs.deadline(planned.job.deadline_s)):
            yield problem.at(path, loaded.place(path))
        path = f"services.{planned.name}.job.keep"
        kept = ["job.keep"] if planned.job and planned.job.keep_s else []
        if problem := services.for_clusters(kept):
            yield problem.at(path, loaded.place(path))
    yield from agent_left_out(loaded)
    for service in loaded.spec.services or ():
        path = f"services.{service.name}.kubernetes"
        names = [name for name in service.kubernetes if name not in _stood_for(service)]
        if problem := services.for_clusters(names):
            yield problem.at(path, loaded.place(*(f"{path}.{name}" for name in names)))


def agent_left_out(loaded: Loaded) -> Iterator[Finding]:
    """Yield what a spec gives to agents in a cluster only."""
    agent, path = loaded.spec.agent, "agent.kubernetes.resources"
    is_left_out = bool(agent.kubernetes.get("resources")) and agent.resources == NO_LIMITS
    if problem := services.agent_for_clusters(is_left_out=is_left_out):
        yield problem.at(path, _place(path, loaded))


def _place(path: str, loaded: Loaded) -> str:
    return loaded.place(*(each for each in loaded.provenance if each.startswith(f"{path}.")))


def _stood_for(service: Service) -> set[str]:
    """Return the settings for a cluster for which a service has something in Compose."""
    given = service.kubernetes
    variables = {item.get("name") for item in given.get("env", ())}
    mounted = {item.get("mountPath") for item in given.get("volumeMounts", ())}
    stands = {
        "envFrom": bool(service.env_files),
        "env": variables <= service.environment.keys(),
        "resources": service.resources != NO_LIMITS,
        "volumes": bool(mounted) and mounted <= {volume.target for volume in service.volumes},
    }
    found = {name for name, stood in stands.items() if stood}
    return found | ({"volumeMounts"} if "volumes" in found else set())
