"""What is decided about one service of a spec."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar import image_names
from sidecar.plan.records import (
    DIRECT,
    SERVICE_USER,
    AgentPlan,
    ImagePlan,
    ServicePlan,
)
from sidecar.rules import agents, clients
from sidecar.rules.services import HealthTiming
from sidecar.spec import ENDING, LOOPBACK, HealthCheck, Publish, Resources, Service

if TYPE_CHECKING:
    from sidecar.spec import Build, Sampling, Volume


FRONTEND_PORT, BACKEND_PORT = 8080, 8081
"""Of the sample."""


def sample_services() -> tuple[Service, ...]:
    """Return the sample: a frontend that calls a backend, one image for both."""
    frontend = _sample("frontend", FRONTEND_PORT)
    calls = {"BACKEND_URL": f"http://backend:{BACKEND_PORT}"}
    publish = Publish(FRONTEND_PORT)
    return replace(frontend, publish=publish, environment=calls), _sample("backend", BACKEND_PORT)


def _sample(name: str, port: int) -> Service:
    return Service(
        name,
        image_names.official().sample.name,
        port=port,
        command=_gunicorn(name),
        resources=Resources(256),
        health=HealthCheck(http="/healthz", ready="/readyz"),
    )


def _gunicorn(name: str) -> tuple[str, ...]:
    return (
        "gunicorn",
        "--config",
        "python:sample_service.gunicorn_conf",
        f"sample_service.{name}:app",
    )


def plan_service(service: Service, agent: AgentPlan, project: str, folder: str) -> ServicePlan:
    """Return the plan of a user's service; `folder` leads from the rendering to the spec."""
    health = service.health
    return ServicePlan(
        name=service.name,
        image=ImagePlan(service.image or f"{project}-{service.name}"),
        build=_build(service.build, folder) if service.build else None,
        command=service.command,
        environment={**_traced(service, agent), **service.environment},
        env_files=tuple(_from_rendering(path, folder) for path in service.env_files),
        volumes=tuple(_volume(volume, folder) for volume in service.volumes),
        port=service.port,
        publish=service.publish,
        replicas=service.count,
        health=_probe(health, service.port) if health else (),
        health_path=health.http if health else None,
        live=health.command if health else (),
        ready_path=health.ready if health else None,
        health_timing=_timing(health) if health else None,
        user=None,
        hardened=False,
        depends_on=(),
        memory_mib=service.resources.memory_mib,
        cpus=service.resources.cpus,
        agent=agent,
        kind=service.kind,
        job=service.job if service.kind in ENDING else None,
        fixed_replicas=service.replicas,
        stop_grace_s=service.stop_grace_s,
        ports=service.ports,
        read_only_root=service.read_only_root,
        kubernetes=service.kubernetes,
    )


def plan_sample(service: Service, agent: AgentPlan) -> ServicePlan:
    """Return the plan of one of the sample's services, whose image the kit knows."""
    sample = image_names.official().sample
    return replace(
        plan_service(service, agent, "", "."),
        image=ImagePlan(sample.name, sample.variable, sample.role),
        environment={
            **_traced(service, agent),
            "PORT": str(service.port),
            **DIRECT,
            **service.environment,
        },
        health=http_probe(service.port or 0),
        user=SERVICE_USER,
        hardened=True,
        depends_on=("backend",) if service.name == "frontend" else (),
    )


def http_probe(port: int, path: str = "/healthz") -> tuple[str, ...]:
    """Return the command that fetches a path in an image of the kit, which has no proxy."""
    fetch = f"import urllib.request as r; r.urlopen('http://{LOOPBACK}:{port}{path}', timeout=2)"
    return ("python", "-c", fetch)


def _traced(service: Service, agent: AgentPlan) -> dict[str, str]:
    return {
        clients.AGENT_HOST: agent.name,
        clients.AGENT_PORT: str(agents.COMPACT_PORT),
        clients.SERVICE_NAME: service.name,
        **(_sampled(service.sampling) if service.sampling else {}),
    }


def _sampled(sampling: Sampling) -> dict[str, str]:
    return {clients.SAMPLER_TYPE: sampling.type, clients.SAMPLER_PARAM: str(sampling.param)}


def _build(build: Build, folder: str) -> Build:
    return (
        build if build.is_remote else replace(build, context=_from_rendering(build.context, folder))
    )


def _volume(volume: Volume, folder: str) -> Volume:
    return (
        volume if volume.named else replace(volume, source=_from_rendering(volume.source, folder))
    )


def _from_rendering(path: str, folder: str) -> str:
    """Return a path of the spec as the rendering reaches it.

    It never has a form that Compose takes for a volume's name.
    """
    if path.startswith("/"):
        return path
    joined = posixpath.normpath(posixpath.join(folder, path))
    return joined if joined.startswith((".", "/")) else f"./{joined}"


def _timing(health: HealthCheck) -> HealthTiming:
    return HealthTiming(health.interval_s, health.timeout_s, health.retries, health.start_period_s)


def _probe(health: HealthCheck, port: int | None) -> tuple[str, ...]:
    if health.command and not health.ready:
        return health.command
    path = health.ready or health.http
    url, timeout = f"http://{LOOPBACK}:{port}{path}", max(1, health.timeout_s - 1)
    # the address is the container's own, whatever proxy its environment names
    opener = "r.build_opener(r.ProxyHandler({}))"
    fetch = f"import urllib.request as r; {opener}.open({url!r}, timeout={timeout})"
    return ("python", "-c", fetch)
