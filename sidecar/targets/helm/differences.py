"""What a spec has for a host and a chart does not carry, or adds: warnings with a fix for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.rules import charts, service_hosts
from sidecar.targets.helm.values import DEFAULT_LIMITS, is_sample, ports_of, variables_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.findings import Finding, Problem
    from sidecar.plan import Plan, ServicePlan


def differences(plan: Plan) -> list[Finding]:
    """Return what a cluster runs differently from Compose, service by service."""
    return [
        finding
        for service in plan.services
        if not is_sample(service)  # NOTES shows how to reach and load it
        for finding in (*_of_service(service), *_hosts(service, plan))
    ]


def _of_service(service: ServicePlan) -> Iterator[Finding]:
    subject = f"services.{service.name}"
    return (problem.at(subject, "") for problem in _problems(service) if problem)


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


def _hosts(service: ServicePlan, plan: Plan) -> Iterator[Finding]:
    """Yield what of a service names another one as only Compose resolves it."""
    services = {other.name: ports_of(other) for other in plan.services}
    given = {each.get("name") for each in service.kubernetes.get("env", ())}
    for name, value in variables_of(service, plan)[0].items():
        of_hosts = service_hosts.says_hosts(name)
        problem = service_hosts.kept(value, services, of_hosts=of_hosts)
        if problem and name not in given:
            yield problem.at(f"services.{service.name}.environment.{name}", "")
    problems = (service_hosts.kept(word, services) for word in service.command)
    if problem := next(filter(None, problems), None):
        yield problem.at(f"services.{service.name}.command", "")
