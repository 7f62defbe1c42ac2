"""The machine that a measurement ran on; without it no figure says anything."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from bench import agents
from bench.measure import Skipped


def describe() -> dict[str, str | int]:
    """Return what the figures depend on."""
    return {
        "cores": os.cpu_count() or 0,
        "cpu": _cpu_model(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "agent": _agent(),
        "net.core.rmem_max": agents.socket_buffer_cap(),
    }


def load_average() -> float:
    """Return the last minute's load: above a fraction of the cores, other work is running."""
    return round(os.getloadavg()[0], 2)


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?"
    )


def _agent() -> str:
    try:
        return agents.version(agents.find_agent())
    except Skipped:
        return "none"
