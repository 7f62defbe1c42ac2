"""Checks of the machine that a Compose deployment starts on: engine, disk, ports, images."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.engine.client import connect
from sidecar.engine.compose import find_compose, stack_files
from sidecar.engine.errors import EngineError
from sidecar.errors import SidecarError
from sidecar.preflight.records import broken, judged, passed, skipped
from sidecar.rules import machines as rules
from sidecar.stand_in.sockets import Address, bind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.engine.client import Engine
    from sidecar.preflight.records import Candidate, Result

NO_ENGINE = "no engine can be asked: see `engine`"


def check_engine(_: Candidate) -> Iterator[Result]:
    """Ask the engine for its version."""
    try:
        engine = connect()
    except EngineError as error:
        if problem := rules.engine(error.cause, error.fix or None):
            yield broken("engine", error.subject, problem)
        return
    yield passed("engine", engine.endpoint, f"version {engine.version}, API {engine.api_version}")


def check_compose(_: Candidate) -> Iterator[Result]:
    """Ask Compose for its version."""
    try:
        compose = find_compose()
    except SidecarError as error:
        if problem := rules.compose(error.cause, error.fix):
            yield broken("compose", error.subject, problem)
        return
    yield passed("compose", " ".join(compose.program), f"version {compose.version}")


def check_disk(_: Candidate) -> Iterator[Result]:
    """Judge the room on the engine's disk."""
    engine = _engine()
    if engine is None:
        yield skipped("disk", "engine", NO_ENGINE)
        return
    root = engine.images.root()
    if not engine.endpoint.startswith(("unix://", "http+unix://")) or not Path(root).is_dir():
        yield skipped("disk", root or "engine", "the engine's disk is not of this machine")
        return
    free = shutil.disk_usage(root).free
    yield judged("disk", root, rules.disk(free), f"{free / 2**30:.1f} GiB are free")


def check_ports(candidate: Candidate) -> Iterator[Result]:
    """Try to listen where the deployment publishes its services."""
    if not candidate.ports:
        yield passed("host-ports", "ports", "the deployment publishes none")
        return
    own = _own_ports(candidate)
    for service, address in candidate.ports:
        yield _port(service, address, own)


def _port(service: str, address: Address, own: frozenset[int]) -> Result:
    subject = f"{service} on {address}"
    if address.port in own:
        return passed("host-ports", subject, "is held by this deployment, which runs")
    problem = None
    try:
        bind(address, socket.SOCK_STREAM).close()
    except SidecarError as error:
        problem = rules.host_port(error.cause.removeprefix("cannot listen: "), error.fix)
    return judged("host-ports", subject, problem, "is free")


def _own_ports(candidate: Candidate) -> frozenset[int]:
    """Return the ports of the host that the project's running containers hold."""
    engine = _engine()
    if engine is None:
        return frozenset()
    found = set()
    for container in engine.containers.of_project(candidate.project):
        ports = engine.containers.inspect(container.identity)["NetworkSettings"].get("Ports") or {}
        for bindings in ports.values():
            found |= {int(binding["HostPort"]) for binding in bindings or ()}
    return frozenset(found)


def check_images(candidate: Candidate) -> Iterator[Result]:
    """Judge whether the engine has the images, for its own processor."""
    engine = _engine()
    if engine is None:
        yield skipped("images", "engine", NO_ENGINE)
        return
    runs = engine.images.architecture()
    for name in candidate.images:
        image = engine.images.find(name)
        problem = rules.image(present=image is not None, fix=_obtain(candidate))
        if image:
            problem = rules.architecture(image.architecture, runs)
        yield judged("images", name, problem, f"is there, for {runs}")


def _obtain(candidate: Candidate) -> str | None:
    if candidate.folder and all(path.is_file() for path in stack_files(candidate.folder)):
        return f"Run `sidecar images --out {candidate.folder}`"
    return None


def _engine() -> Engine | None:
    try:
        return connect()
    except EngineError:
        return None
