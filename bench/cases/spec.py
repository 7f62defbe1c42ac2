"""200 services read, validated and rendered, and every region in one process."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.children import python, running
from bench.measure import Figure, Measured, Options, Sample, interleave

RUNS = 7
SERVICES = 200
ONE, MANY = "1 service", f"{SERVICES} services"
ONE_REGION, ALL_REGIONS = "1 region, public", "21 regions, public and VPC"
FIGURES = (
    Figure("read_ms", "read, ms", 1),
    Figure("plan_ms", "plan, ms", 1),
    Figure("render_ms", "render to text, ms", 1),
    Figure("each_ms", "all of it for each service or rendering, ms", 2, ratio=True),
)
NOTE = "After the first, which also loads templates. Compose file and chart; nothing is written."


def run(options: Options) -> Measured:
    """Measure each way in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        counts = {ONE: 1, MANY: options.load(SERVICES)}
        files = {way: _spec(Path(folder) / f"{count}.yaml", count) for way, count in counts.items()}
        arguments = {
            ONE: (f"--spec={files[ONE]}", "--regions=1"),
            MANY: (f"--spec={files[MANY]}", "--regions=1"),
            ONE_REGION: ("--regions=1",),
            ALL_REGIONS: ("--regions=42",),
        }
        samples = interleave(
            tuple(arguments), options.rounds(RUNS), lambda way: _times(arguments[way]), options.say
        )
    return Measured("Spec: many services, many regions", FIGURES, samples, ONE, (NOTE,))


def _times(arguments: tuple[str, ...]) -> Sample:
    with running(python("-m", "bench.rendering", *arguments)) as child:
        sample: Sample = child.result(120)
    return sample


def _spec(path: Path, count: int) -> Path:
    services = [
        {
            "name": f"service-{number}",
            "image": f"registry.example.com/team/service-{number}:1.4.{number}",
            "port": 8000,
            "publish": 10_000 + number,
            "command": ["gunicorn", "--workers", "2", "app:app"],
            "environment": {"LOG_LEVEL": "info", "PRICE": "5 $ or more", "NUMBER": str(number)},
            "volumes": ["./conf:/etc/app:ro"],
            "resources": {"memory": "256m", "cpus": 0.5},
            "health": {"http": "/healthz"},
        }
        for number in range(count)
    ]
    path.write_text(
        json.dumps({"region": "cn-shanghai", "services": services}, indent=2), encoding="utf-8"
    )
    return path
