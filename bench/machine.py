"""The machine of a measurement: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from bench import agents
from bench.measure import Skipped


def describe() -> dict[str, str | int]:
    """Return the properties on which the figures depend."""
    return {
        "cores": os.cpu_count() or 0,
        "cpu": _cpu_model(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "agent": _agent(),
        "net.core.rmem_max": agents.socket_buffer_cap(),
    }


def load_average() -> float:
    """Return the load of the last minute, which shows whether other work is running."""
    return round(os.getloadavg()[0], 2)


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "?"


def _agent() -> str:
    try:
        return agents.version(agents.find_agent())
    except Skipped:
        return "none"
