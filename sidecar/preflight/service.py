"""Checks of the Python in the services' images: the client, its sampler, and when it forks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sidecar.engine.client import connect
from sidecar.engine.errors import EngineError
from sidecar.errors import SidecarError
from sidecar.preflight.places import EngineNetwork, ask
from sidecar.preflight.records import judged, not_made, skipped
from sidecar.preflight.seen_in_service import INTERPRETER_WORDS
from sidecar.rules import clients
from sidecar.rules import service_images as rules

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from sidecar.engine.client import Engine
    from sidecar.preflight.records import Candidate, Result, Traced

CHECKS = ("python-client", "sampler", "fork")
PROGRAM = "seen_in_service.py"
_PACKAGES = (rules.CLIENT, rules.RUNTIME, rules.OTLP_CLIENT, "thrift", "six", "tornado")
_SECONDS = 6.5


def check_services(candidate: Candidate) -> Iterator[Result]:
    """Look into each service's image, in a container without a network."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - imports logging

    try:
        engine = connect()
    except EngineError:
        yield from _not_looked("engine", "no engine can be asked to run the images")
        return
    groups: dict[Hashable, list[Traced]] = {}
    for each in candidate.services:
        alike = (each.image, each.command[:INTERPRETER_WORDS], *sorted(each.environment.items()))
        groups.setdefault(alike, []).append(each)
    with ThreadPoolExecutor(4) as pool:
        for results in pool.map(lambda group: list(look(engine, group)), groups.values()):
            yield from results


def look(engine: Engine, services: Sequence[Traced]) -> Iterator[Result]:
    """Look once into the image of services that start the same program of it."""
    first = services[0]
    image = engine.images.find(first.image)
    if image is None:
        for each in services:
            yield from _not_looked(each.name, f"the engine does not have {first.image}")
        return
    request = {"command": first.command or image.command, "packages": _PACKAGES}
    place = EngineNetwork(engine, first.image, "none", first.environment)
    try:
        seen = ask(place, first.image, PROGRAM, request, _SECONDS)
    except SidecarError as error:
        cause = f"the check cannot run in its image: {error.cause}"
        for each in services:
            yield from (not_made(check, each.name, cause, error) for check in CHECKS)
        return
    for each in services:
        yield from judge(each, each.command or image.command, seen)


def _not_looked(subject: str, cause: str) -> Iterator[Result]:
    return (skipped(check, subject, cause) for check in CHECKS)


def judge(service: Traced, command: tuple[str, ...], seen: Mapping[str, Any]) -> Iterator[Result]:
    """Judge what was seen in a service's image."""
    versions: Mapping[str, str] = seen["versions"]
    installed = ", ".join(f"{name} {version}" for name, version in versions.items())
    fine = f"Python {seen['python']} imports it: {installed}"
    problem = rules.client(versions, seen["import_error"], seen["missing"])
    yield judged("python-client", service.name, problem, fine)
    kind, param = seen["sampler"]
    yield judged(
        "sampler",
        service.name,
        clients.sampler_variables(kind, param),
        "its variables keep every trace",
    )
    if not command:
        yield skipped("fork", service.name, "neither the spec nor the image names a command")
        return
    forked = rules.fork(command, service.environment, versions)
    yield judged("fork", service.name, forked, "its tracer survives how the server starts")
