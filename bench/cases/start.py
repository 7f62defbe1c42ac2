"""Start-up time of the command, of one render, and of a bare interpreter."""

from __future__ import annotations

import resource
import subprocess
import tempfile
import time
from pathlib import Path

from bench.children import CHECKOUT, python
from bench.measure import Figure, Measured, Options, Sample, interleave
from sidecar.secrecy import child_environment

RUNS = 15
BARE = "python -c pass"
FIGURES = (
    Figure("ms", "ms", 0, ratio=True),
    Figure("cpu_ms", "of these, processor ms", 0, ratio=True),
)


def run(options: Options) -> Measured:
    """Measure whole processes, from their start to their end."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            BARE: python("-c", "pass"),
            "python -c 'import argparse, yaml, jinja2'": python(
                "-c", "import argparse, yaml, jinja2"
            ),
            "python -c 'import argparse'": python("-c", "import argparse"),
            "sidecar --help": python("-m", "sidecar", "--help"),
            "sidecar render": python(
                "-m", "sidecar", "render", "--region", "cn-shenzhen", "--out", folder
            ),
        }
        for argv in commands.values():
            _time(argv)  # fills the kernel's file cache
        samples = interleave(
            tuple(commands), options.rounds(RUNS), lambda way: _time(commands[way]), options.say
        )
        assert (Path(folder) / "docker-compose.yml").is_file()
    return Measured("Start: whole processes", FIGURES, samples, BARE)


def _time(argv: list[str]) -> Sample:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, cwd=CHECKOUT, check=True, capture_output=True, env=_environment())
    ended, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return {"ms": (ended - began) * 1000, "cpu_ms": worked * 1000}


def _environment() -> dict[str, str]:
    """Return a user's environment, in which modules and templates are compiled only once."""
    return {
        name: value
        for name, value in child_environment().items()
        if name != "PYTHONDONTWRITEBYTECODE"
    }
