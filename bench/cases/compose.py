"""From `docker compose up` to the first proven trace, with its own project name and ports."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from typing import TYPE_CHECKING

from bench.agents import free_port
from bench.children import CHECKOUT
from bench.measure import Figure, Measured, Options, Sample, Skipped, interleave
from sidecar.demo import containers
from sidecar.engine.client import connect
from sidecar.engine.compose import Compose, find_compose
from sidecar.engine.containers import RunRequest
from sidecar.errors import SidecarError
from sidecar.verify import trace
from sidecar.verify.compose.deployment import deployment_of
from sidecar.verify.run import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.engine.client import Engine

RUNS = 3
SPANS_OF_A_REQUEST = 4
FIGURES = (
    Figure("seconds", "s to the first proven trace", 2, ratio=True),
    Figure("up_s", "of these, `up --detach`", 2),
    Figure("hops_failed", "hops that verify found failing"),
)
BASE, OURS = (
    "one container of the sample's image, run to its end",
    "docker compose up, request, trace at the gateway",
)
_ENABLE = "start Docker, install Compose v2, run `make images`"
_TRACE_SECONDS = 60.0


def run(options: Options) -> Measured:
    """Measure with existing images; pulling and building are not measured."""
    try:
        engine, compose = connect(), find_compose()
    except SidecarError as error:
        raise Skipped(f"{error}; to enable: {_ENABLE}") from error
    with _project() as frontend:
        sample = _require_images(engine, compose)
        ways = {
            BASE: lambda: _run_container(engine, sample),
            OURS: lambda: _up(engine, compose, frontend),
        }
        samples = interleave(
            tuple(ways), options.rounds(RUNS), lambda way: ways[way](), options.say
        )
    return Measured("Compose: seconds to the first proven trace", FIGURES, samples, BASE)


@contextlib.contextmanager
def _project() -> Iterator[str]:
    """Set the project and its ports in the environment for Compose; yield the frontend's URL."""
    frontend = free_port(socket.SOCK_STREAM)
    chosen = {
        "COMPOSE_PROJECT_NAME": f"sidecar-bench-{secrets.token_hex(4)}",
        "SIDECAR_PORT_FRONTEND": str(frontend),
        "SIDECAR_PORT_GATEWAY": str(free_port(socket.SOCK_STREAM)),
    }
    before = dict(os.environ)
    os.environ.update(chosen)
    try:
        yield f"http://127.0.0.1:{frontend}"
    finally:
        os.environ.clear()
        os.environ.update(before)


def _require_images(engine: Engine, compose: Compose) -> str:
    """Return the sample's image. Raises Skipped if an image is missing."""
    services = compose.config(CHECKOUT)["services"]
    names = {service["image"] for service in services.values()}
    if absent := sorted(name for name in names if engine.images.find(name) is None):
        raise Skipped(f"no image {', '.join(absent)}; to enable: {_ENABLE}")
    sample: str = services["frontend"]["image"]
    return sample


def _run_container(engine: Engine, image: str) -> Sample:
    began = time.perf_counter()
    engine.containers.run(RunRequest(image=image, argv=("-c", "pass"), entrypoint=("python",)))
    return {"seconds": time.perf_counter() - began}


def _up(engine: Engine, compose: Compose, frontend: str) -> Sample:
    page = f"http://127.0.0.1:{os.environ['SIDECAR_PORT_GATEWAY']}"
    began = time.perf_counter()
    try:
        compose.run(CHECKOUT, "up", "--detach", "--no-build", "--pull", "never")
        up = time.perf_counter() - began
        _first_trace(frontend, page)
        seconds = time.perf_counter() - began
        report = verify(deployment_of(CHECKOUT))
    finally:
        containers.down(CHECKOUT, engine, compose)
    return {"seconds": seconds, "up_s": up, "hops_failed": sum(not hop.ok for hop in report.hops)}


def _first_trace(frontend: str, page: str) -> None:
    """Send requests until one is answered, then wait for all its spans.

    Raises SidecarError after a minute.
    """
    deadline = time.monotonic() + _TRACE_SECONDS
    trace_id = ""
    while time.monotonic() < deadline:
        with contextlib.suppress(SidecarError):
            trace_id = trace_id or trace.request(f"{frontend}/greet?name=Ada")
            if len(trace.fetch(page, trace_id)) >= SPANS_OF_A_REQUEST:
                return
        time.sleep(0.02)
    raise SidecarError(frontend, f"no trace within {_TRACE_SECONDS:g} s", "See docker compose logs")
