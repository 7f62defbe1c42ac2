"""What a spec has for a cluster and Compose does not run: warnings with a fix for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules import jobs, services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.findings import Finding
    from sidecar.plan import Plan
    from sidecar.spec.load import Loaded


def left_out(loaded: Loaded, plan: Plan) -> Iterator[Finding]:
    """Yield what Compose runs differently from a cluster, service by service."""
    for service in plan.services:
        path = f"services.{service.name}.job.deadline"
        if service.job and (problem := jobs.deadline(service.job.deadline_s)):
            yield problem.at(path, loaded.place(path))
        path = f"services.{service.name}.kubernetes"
        if problem := services.for_clusters(list(service.kubernetes)):
            yield problem.at(path, loaded.place(*(f"{path}.{name}" for name in service.kubernetes)))
