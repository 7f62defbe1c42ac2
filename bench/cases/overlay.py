"""An overlay for a Compose file of many services, and one `docker compose config` of that file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml

from bench.children import python
from bench.measure import Figure, Measured, Options, Skipped, interleave
from bench.programs import measure
from sidecar.engine.compose import find_compose
from sidecar.errors import SidecarError

RUNS = 5
SERVICES = 200
FIGURES = (
    Figure("seconds", "s", 2, ratio=True),
    Figure("cpu_s", "processor s", 2, ratio=True),
    Figure("mib", "peak memory, MiB", 0),
)
NOTE = "Every service is traced: the overlay has as many agents, networks and secrets."
CONFIG = "docker compose config"


def run(options: Options) -> Measured:
    """Measure whole processes; Compose answers without an engine."""
    try:
        compose = find_compose()
    except SidecarError as error:
        raise Skipped(f"{error}; to enable: install Compose v2") from error
    count = options.load(SERVICES)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "docker-compose.yml"
        path.write_text(_file(count), encoding="utf-8")
        merged = [*compose.program, "-f", str(path), "config", "--format", "json"]
        inject = python("-m", "sidecar", "inject", str(path), "--region", "cn-shanghai")
        ways = {CONFIG: merged, f"sidecar inject, {count} services": [*inject, "--dry-run"]}
        samples = interleave(
            tuple(ways),
            options.rounds(RUNS),
            lambda way: measure(ways[way], folder),
            options.say,
        )
    return Measured(f"Overlay: {count} services in one file", FIGURES, samples, CONFIG, (NOTE,))


def _file(count: int) -> str:
    services = {f"service-{number}": _service(number) for number in range(count)}
    volumes: dict[str, object] = {f"data-{number}": {} for number in range(10)}
    text: str = yaml.safe_dump({"services": services, "volumes": volumes})
    return text


def _service(number: int) -> dict[str, object]:
    """Return a service as they are written: a dozen settings, and a client that reports."""
    return {
        "image": f"registry.example.com/shop/service-{number}:1.4.2",
        "environment": {
            "JAEGER_SERVICE_NAME": f"service-{number}",
            "JAEGER_AGENT_HOST": "localhost",
            "DATABASE_URL": "postgres://db/shop",
            "LOG_LEVEL": "info",
        },
        "ports": [f"{20_000 + number}:8000"],
        "restart": "unless-stopped",
        "healthcheck": {"test": ["CMD", "true"], "interval": "30s", "retries": 3},
        "volumes": [f"data-{number % 10}:/data"],
        "labels": {"team": f"team-{number % 7}"},
        "logging": {"options": {"max-size": "10m", "max-file": "3"}},
    }
