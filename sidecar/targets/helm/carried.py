"""What a spec has for a host, and a chart does not take along or adds: warnings, each with what to use there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.findings import Finding, Severity
from sidecar.targets.helm.values import UNLIMITED, is_sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.plan import Plan, ServicePlan


def differences(plan: Plan) -> list[Finding]:
    """Return what a cluster runs otherwise than Compose, service by service."""
    return [
        Finding(Severity.WARNING, f"services.{service.name}", "", cause, fix)
        for service in plan.services
        if not is_sample(service)  # NOTES tell of it
        for cause, fix in _of(service)
    ]


def _of(service: ServicePlan) -> Iterator[tuple[str, str]]:
    if service.build:
        yield (
            "a chart does not build its image",
            f"Push it as {service.image.name}, or name another",
        )
    if service.publish:
        yield (
            "publish is the host's business; the chart makes a Service",
            "Use an Ingress for callers from outside",
        )
    if service.env_files:
        yield f"env_files ({', '.join(service.env_files)}) stay on the host", "Use envFrom"
    if service.volumes:
        mounts = ", ".join(volume.target for volume in service.volumes)
        yield f"volumes ({mounts}) stay on the host", "Use extraVolumes and extraVolumeMounts"
    if service.memory_mib is None:
        yield (
            f"has no memory limit; the chart gives {UNLIMITED[0]} MiB",
            "Set resources in the spec, or in the values",
        )
