"""What a spec has for a host and a chart does not carry, or adds: warnings with a fix for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules import charts
from sidecar.targets.helm.values import DEFAULT_LIMITS, is_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.findings import Finding, Problem
    from sidecar.plan import Plan, ServicePlan


def differences(plan: Plan) -> list[Finding]:
    """Return what a cluster runs differently from Compose, service by service."""
    return [
        problem.at(f"services.{service.name}", "")
        for service in plan.services
        if not is_sample(service)  # NOTES shows how to reach and load it
        for problem in _problems(service)
        if problem
    ]


def _problems(service: ServicePlan) -> Iterator[Problem | None]:
    yield charts.unpushed_image(service.image.name, is_built=service.build is not None)
    yield charts.published_port(is_published=service.publish is not None)
    cluster = service.kubernetes
    mounted = {mount.get("mountPath") for mount in cluster.get("volumeMounts", ())}
    yield charts.env_files(() if "envFrom" in cluster else service.env_files)
    targets = [volume.target for volume in service.volumes]
    yield charts.volumes([target for target in targets if target not in mounted])
    if "resources" not in cluster:
        yield charts.memory_limit(service.memory_mib, DEFAULT_LIMITS[0])
