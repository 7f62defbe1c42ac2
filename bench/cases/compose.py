"""From `docker compose up` to the first proven trace, with its own project name and ports."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.agents import free_port
from bench.children import CHECKOUT
from bench.measure import Figure, Measured, Options, Sample, Skipped, interleave
from sidecar.demo import containers
from sidecar.engine.client import connect
from sidecar.engine.compose import Compose, find_compose
from sidecar.engine.short_lived import RunRequest
from sidecar.errors import SidecarError
from sidecar.verify import trace
from sidecar.verify.compose.deployment import ComposeDeployment, deployment_of
from sidecar.verify.run import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar.engine.client import Engine

RUNS = 5
FIGURES = (
    Figure("seconds", "s to the first proven trace", 2, ratio=True),
    Figure("up_s", "of these, `up --detach`", 2),
    Figure("verify_s", "verify then, s", 2),
    Figure("one_s", "verify of one service, s", 2),
    Figure("hops_failed", "hops that verify found failing"),
)
CONTAINER, IDLE, OURS = (
    "one container of the sample's image, run to its end",
    "docker compose up --detach, the same but for `sleep` in each container",
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
            CONTAINER: lambda: _run_container(engine, sample),
            IDLE: lambda: _up_idle(engine, compose, sample),
            OURS: lambda: _up(engine, compose, frontend),
        }
        samples = interleave(
            tuple(ways), options.rounds(RUNS), lambda way: ways[way](), options.say
        )
    return Measured("Compose: seconds to the first proven trace", FIGURES, samples, IDLE)


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
    engine.short_lived.run(RunRequest(image=image, argv=("-c", "pass"), entrypoint=("python",)))
    return {"seconds": time.perf_counter() - began}


def _up_idle(engine: Engine, compose: Compose, image: str) -> Sample:
    """Measure what the engine needs for these containers and networks, whatever runs in them."""
    config = compose.config(CHECKOUT)
    for service in config["services"].values():
        for key in ("build", "healthcheck"):
            service.pop(key, None)
        idle = {"image": image, "entrypoint": ["sleep", "600"], "command": []}
        service.update(idle, stop_signal="SIGKILL")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "docker-compose.yml").write_text(json.dumps(config), encoding="utf-8")
        try:
            seconds = _up_detached(folder, compose)
        finally:
            containers.down(folder, engine, compose)
    return {"seconds": seconds, "up_s": seconds}


def _up_detached(folder: Path, compose: Compose) -> float:
    began = time.perf_counter()
    compose.run(folder, "up", "--detach", "--no-build", "--pull", "never")
    return time.perf_counter() - began


def _up(engine: Engine, compose: Compose, frontend: str) -> Sample:
    page = f"http://127.0.0.1:{os.environ['SIDECAR_PORT_GATEWAY']}"
    began = time.perf_counter()
    try:
        up = _up_detached(CHECKOUT, compose)
        first_trace(frontend, page)
        seconds = time.perf_counter() - began
        proven, failed = _verified(deployment_of)
        one, one_failed = _verified(lambda folder: _of_one_service(folder, engine))
    finally:
        containers.down(CHECKOUT, engine, compose)
    times = {"seconds": seconds, "up_s": up, "verify_s": proven, "one_s": one}
    return {**times, "hops_failed": failed + one_failed}


def _verified(find: Callable[[Path], ComposeDeployment]) -> tuple[float, int]:
    """Return how long a verify took, and how many hops failed."""
    began = time.perf_counter()
    report = verify(find(CHECKOUT))
    return time.perf_counter() - began, sum(not hop.ok for hop in report.hops)


def _of_one_service(folder: Path, engine: Engine) -> ComposeDeployment:
    """Return the deployment without the frontend and its agent."""
    parts = deployment_of(folder).parts
    own = [one for (_, name), found in parts.found.items() if name != "frontend" for one in found]
    return ComposeDeployment(engine, own[0].project, parts.image, own)


def first_trace(frontend: str, page: str) -> None:
    """Send requests until one is answered, then wait for all its spans.

    Raises SidecarError after a minute.
    """
    deadline = time.monotonic() + _TRACE_SECONDS
    trace_id = ""
    while time.monotonic() < deadline:
        with contextlib.suppress(SidecarError):
            trace_id = trace_id or trace.request(f"{frontend}/greet?name=Ada")
            if len(trace.fetch(page, trace_id)) >= trace.SPANS:
                return
        time.sleep(0.02)
    raise SidecarError(frontend, f"no trace within {_TRACE_SECONDS:g} s", "See its log")
