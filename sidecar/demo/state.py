"""What a demo without containers runs: its processes, and the file that names them."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import psutil

from sidecar import files
from sidecar.errors import SidecarError
from sidecar.verify.network.reader import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "processes.json"
STAND_IN = "gateway"
"""The name of its process."""
_STOP_SECONDS = 15.0
_KILL_SECONDS = 5.0


@dataclass(frozen=True)
class Started:
    """One process of the demo."""

    name: str
    pid: int
    created: float
    """The system's start time of the process: tells it from a later one with the same pid."""


@dataclass(frozen=True)
class Collector:
    """A service's collector."""

    packets: str
    """HOST:PORT that receives the service's datagrams."""
    metrics: int
    """The port of its counters."""

    @property
    def admin(self) -> str:
        """The URL of its counters."""
        return f"http://127.0.0.1:{self.metrics}"


@dataclass(frozen=True)
class Demo:
    """What runs and where."""

    processes: tuple[Started, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)
    """Traced service → URL."""
    page: str = ""
    """The stand-in's URL."""
    agent: str = ""
    """HOST:PORT that receives the services' datagrams; with collectors, empty."""
    gateway: str = ""
    """HOST:PORT at which the stand-in takes calls; empty: any."""
    collectors: Mapping[str, Collector] = field(default_factory=dict)
    """Service → its collector; empty: the stand-in takes the datagrams."""

    def agent_of(self, service: str) -> str:
        """Return HOST:PORT that receives a service's datagrams."""
        return self.collectors[service].packets if self.collectors else self.agent

    def named(self, name: str) -> Started | None:
        """Return a process by its name."""
        return next((each for each in self.processes if each.name == name), None)


def save(folder: Path, demo: Demo) -> None:
    """Write a folder's state file atomically."""
    files.write(folder / FILE, json.dumps(asdict(demo), indent=2).encode())


def load(folder: Path) -> Demo | None:
    """Return the demo that a folder's state file names, if any of it still runs.

    Raises SidecarError where the file is not the state of a demo.
    """
    path = folder / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        processes = tuple(Started(**entry) for entry in data.pop("processes"))
        found = data.pop("collectors", {})
        collectors = {name: Collector(**each) for name, each in found.items()}
        demo = Demo(processes, **data, collectors=collectors)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        cause = "is not the state of a demo"
        raise SidecarError(str(path), cause, "Remove the file") from error
    return demo if any(alive(started) for started in processes) else None


def alive(started: Started) -> bool:
    """Tell whether a process of the demo runs."""
    try:
        process = psutil.Process(started.pid)
        return process.create_time() == started.created and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end(started: Started) -> None:
    """End a process, by SIGTERM; after some seconds kill it and its children."""
    if not alive(started):
        return
    process = psutil.Process(started.pid)
    children = process.children(recursive=True)
    process.terminate()
    if _outlives(started, _STOP_SECONDS):
        for survivor in (process, *children):
            with suppress(psutil.NoSuchProcess):
                survivor.kill()
        _outlives(started, _KILL_SECONDS)


def _outlives(started: Started, seconds: float) -> bool:
    # not process.wait(): a zombie that its parent does not collect has ended, too
    return wait_for(lambda: alive(started), lambda runs: not runs, seconds)
