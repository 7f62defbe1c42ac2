"""Checks of a valid spec and its plan: what will probably go wrong later, at the line that says it.

The rules decide (sidecar/rules). Here a rule gets its values from the spec, and each problem the
field's path as its subject and the place that gave the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from sidecar.regions import LOCAL
from sidecar.rules import agents, clients, gateways, jobs, services, tokens, variables
from sidecar.spec import COLLECTOR, ENDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sidecar.findings import Finding, Problem
    from sidecar.plan import Plan
    from sidecar.regions import Region
    from sidecar.spec import Build, Service
    from sidecar.spec.load import Loaded


def check_spec(loaded: Loaded, plan: Plan, region: Region) -> list[Finding]:
    """Return the findings about the deployment, then those about each service."""
    found = [
        *_network(loaded, plan, region),
        *_agent_image(loaded),
        *_capacity(loaded, plan),
    ]
    for service in loaded.spec.services or ():
        path = f"services.{service.name}"
        for check in _SERVICE_CHECKS:
            found += check(service, path, loaded)
    return found


def _at(loaded: Loaded, path: str, *problems: Problem | None) -> Iterator[Finding]:
    """Yield problems of the value of one field."""
    return (problem.at(path, loaded.place(path)) for problem in problems if problem)


# The deployment -------------------------------------------------------------------------------


def _network(loaded: Loaded, plan: Plan, region: Region) -> Iterator[Finding]:
    settings = loaded.spec.gateway
    if settings.network != "vpc" or settings.host is not None or region.id == LOCAL:
        return iter(())
    doubt = gateways.doubt(region.id, region.doubtful)
    problem = doubt or gateways.network(settings.network, plan.gateway.host, region.id)
    return _at(loaded, "gateway.network", problem)


def _agent_image(loaded: Loaded) -> Iterator[Finding]:
    agent = loaded.spec.agent
    if agent.image is None:
        return iter(())
    tag = services.image_tag(agent.image)
    if agent.kind == COLLECTOR:
        return _at(loaded, "agent.image", tag)
    return _at(loaded, "agent.image", tag, agents.agent_image(agent.image, agent.version))


def _capacity(loaded: Loaded, plan: Plan) -> Iterator[Finding]:
    capacity = loaded.spec.capacity
    place = loaded.place("capacity.spans_per_second", "capacity.round_trip_ms")
    for service in plan.services:
        ceiling = service.agent.tuning.ceiling_spans_per_second
        rate = capacity.spans_per_second * service.replicas
        if problem := services.capacity(rate, ceiling, capacity.round_trip_ms):
            yield problem.at(f"services.{service.name}", place)


# One service ----------------------------------------------------------------------------------


def _sampling(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    """Judge the sampler that the client reads: a variable of the spec wins over `sampling`."""
    sampling, environment = service.sampling, service.environment
    kind = environment.get(clients.SAMPLER_TYPE, sampling.type if sampling else None)
    param = environment.get(clients.SAMPLER_PARAM, str(sampling.param) if sampling else None)
    if problem := clients.sampler_variables(kind, param):
        place = loaded.place(
            f"{path}.environment.{clients.SAMPLER_PARAM}",
            f"{path}.environment.{clients.SAMPLER_TYPE}",
            f"{path}.sampling.param",
            f"{path}.sampling.type",
        )
        yield problem.at(f"{path}.sampling", place)


def _image(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    problem = services.image_tag(service.image) if service.image is not None else None
    return _at(loaded, f"{path}.image", problem)


def _one_off(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    problem = jobs.one_off(service.command) if service.kind not in ENDING else None
    return _at(loaded, f"{path}.command", problem)


def _time_zone(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    name = service.job.time_zone
    known = available_timezones() if name else ()
    return _at(loaded, f"{path}.job.time_zone", jobs.time_zone(name, known))


def _replicas(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    ports = service.publish.ports(service.count) if service.publish else ()
    return _at(loaded, f"{path}.publish", services.replica_ports(ports))


def _environment(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    for name in service.environment:
        yield from _at(loaded, f"{path}.environment.{name}", clients.overridden_agent(name))
    for judged in variables.judge(service.environment):
        first = f"{path}.environment.{judged.names[0]}"
        subject = first if len(judged.names) == 1 else f"{path}.environment"
        yield judged.problem.at(subject, loaded.place(first))


def _other_tokens(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    """Judge what else of a service is written to files and shown: none of it may be a token."""
    checked = service.health.command if service.health else ()
    for field, words in (("command", service.command), ("health.command", checked)):
        problems = filter(None, map(tokens.in_arguments, words))
        yield from _at(loaded, f"{path}.{field}", next(problems, None))
    for field, texts in _texts(service):
        problems = filter(None, map(tokens.in_field, texts))
        yield from _at(loaded, f"{path}.{field}", next(problems, None))


def _texts(service: Service) -> Iterator[tuple[str, Iterable[str]]]:
    volumes = ((volume.source, volume.target) for volume in service.volumes)
    yield "volumes", chain.from_iterable(volumes)
    yield "env_files", service.env_files
    if service.build:
        yield "build.context", [service.build.context]
        yield "build.dockerfile", [service.build.dockerfile or ""]
        yield from ((f"build.args.{name}", [text]) for name, text in service.build.args.items())
    if service.health:
        yield "health.http", [service.health.http or ""]
        yield "health.ready", [service.health.ready or ""]
    for name, data in service.kubernetes.items():
        yield f"kubernetes.{name}", _leaves(data)


def _leaves(data: object) -> Iterator[str]:
    """Yield every text in data of any shape, the keys included."""
    if isinstance(data, Mapping):
        yield from chain(map(str, data), chain.from_iterable(map(_leaves, data.values())))
    elif isinstance(data, list):
        yield from chain.from_iterable(map(_leaves, data))
    else:
        yield str(data)


def _secret_build_arguments(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    for name, value in (service.build.args if service.build else {}).items():
        if not tokens.in_field(value):
            problem = services.secret_in_clear(name, value)
            yield from _at(loaded, f"{path}.build.args.{name}", problem)


def _paths(service: Service, path: str, loaded: Loaded) -> Iterator[Finding]:
    """Judge the paths of this machine that Compose builds from, reads or mounts."""
    folder = loaded.folder
    if service.build and not service.build.is_remote:
        field, problem = _build(service.build, folder)
        yield from _at(loaded, f"{path}.{field}", problem)
    for name in service.env_files:
        problem = services.env_file(name, exists=_exists(folder / name))
        yield from _at(loaded, f"{path}.env_files", problem)
    for volume in service.volumes:
        exists = volume.named or _exists(folder / volume.source)
        problem = services.volume_source(volume.source, exists=exists)
        yield from _at(loaded, f"{path}.volumes", problem)


def _build(build: Build, folder: Path) -> tuple[str, Problem | None]:
    """Return the field of a build that is wrong, and its problem."""
    context = folder / build.context
    if missing := services.build_context(build.context, exists=_exists(context)):
        return "build.context", missing
    exists = _exists(context / (build.dockerfile or "Dockerfile"))
    field = "build.dockerfile" if build.dockerfile else "build.context"
    return field, services.dockerfile(build.dockerfile, build.context, exists=exists)


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:  # no permission to look: not known to be missing
        return True
    return True


_SERVICE_CHECKS = (
    _sampling,
    _image,
    _one_off,
    _time_zone,
    _replicas,
    _environment,
    _other_tokens,
    _secret_build_arguments,
    _paths,
)
