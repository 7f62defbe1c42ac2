"""Agents for a measurement: a stock one, and one with the rendered arguments."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.children import CHECKOUT, Child, python, running
from bench.measure import Skipped
from sidecar.plan import LOCAL_TOKEN_FILE
from sidecar.spec import JAEGER_AGENT, Capacity
from sidecar.verify.network.reader import read_agent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sidecar.verify.counts import AgentCounts

TOKEN_FILE = CHECKOUT / LOCAL_TOKEN_FILE
DEFAULT = Capacity()
"""For which agents are sized if a spec does not say."""


@dataclass(frozen=True)
class RunningAgent:
    """A running agent."""

    child: Child
    port: int
    """UDP on 127.0.0.1, for Thrift's compact protocol."""
    admin: str
    """URL."""
    helpers: tuple[Child, ...] = ()
    """Without which it sends nothing: a collector's forwarder."""

    def cpu_ms(self) -> float:
        """Return the processor time that it and its helpers have used."""
        return sum(each.cpu_microseconds() for each in (self.child, *self.helpers)) / 1000

    def peak_mib(self) -> float:
        """Return the peak of resident memory, its helpers' added."""
        return sum(each.peak_mib() for each in (self.child, *self.helpers))

    def counts(self) -> AgentCounts:
        """Return its counters, and the packets that the kernel dropped."""
        return read_agent(self.admin, self.port)


def find_agent() -> str:
    """Return the agent's binary. Raises Skipped if there is none."""
    return find_binary("jaeger-agent", "SIDECAR_BENCH_AGENT", "1.62.0")


def find_binary(name: str, variable: str, release: str) -> str:
    """Return a binary: named by a variable, on PATH, or of a test bed. Raises Skipped."""
    named, lab = os.environ.get(variable), os.environ.get("LAB_DIR")
    found = named or shutil.which(name)
    if not found and lab:
        found = shutil.which(name, path=f"{lab}/bin")
    if not found or not os.access(found, os.X_OK):
        where = f" at {named}" if named else ""
        enable = f"set {variable}=/path/to/{name} ({release}), or put {name} on PATH"
        raise Skipped(f"no {name} binary{where}; {enable}")
    return found


def addresses(gateway: str, compact: int, admin: int) -> dict[str, str]:
    """Return the flags for an agent's addresses on loopback; unused ones have port 0."""
    return {
        "--config-file": str(TOKEN_FILE),
        "--reporter.grpc.host-port": gateway,
        "--admin.http.host-port": f"127.0.0.1:{admin}",
        "--http-server.host-port": "127.0.0.1:0",
        "--processor.jaeger-compact.server-host-port": f"127.0.0.1:{compact}",
        "--processor.jaeger-binary.server-host-port": "127.0.0.1:0",
        "--processor.zipkin-compact.server-host-port": "127.0.0.1:0",
    }


def stock_argv(flags: Mapping[str, str]) -> list[str]:
    """Return the arguments of an agent that has only addresses and a token."""
    return [f"{flag}={value}" for flag, value in flags.items()]


def rendered_argv(argv: Sequence[str], flags: Mapping[str, str]) -> list[str]:
    """Return the rendered arguments with these flags replaced.

    Raises ValueError if the rendering lacks a flag that must be replaced.
    """
    names = [argument.partition("=")[0] for argument in argv]
    if absent := flags.keys() - set(names):
        raise ValueError(f"the rendering has no {', '.join(sorted(absent))}")
    return [
        f"{name}={flags[name]}" if name in flags else argument
        for name, argument in zip(names, argv, strict=True)
    ]


@cache
def planned(capacity: Capacity, kind: str = JAEGER_AGENT) -> dict[str, Any]:
    """Return the agent that `sidecar plan` shows for the region local."""
    command = python("-m", "sidecar", "plan", "--region", "local", "--output", "json")
    settings = {
        "SIDECAR_AGENT_KIND": kind,
        "SIDECAR_CAPACITY_SPANS_PER_SECOND": str(capacity.spans_per_second),
        "SIDECAR_CAPACITY_ROUND_TRIP_MS": str(capacity.round_trip_ms),
    }
    done = subprocess.run(
        command, cwd=CHECKOUT, check=True, capture_output=True, text=True, env=os.environ | settings
    )
    agent: dict[str, Any] = json.loads(done.stdout)["services"][0]["agent"]
    return agent


def planned_argv(capacity: Capacity) -> tuple[str, ...]:
    """Return its arguments."""
    return tuple(planned(capacity)["argv"])


@contextlib.contextmanager
def started(gateway: str, capacity: Capacity = DEFAULT) -> Iterator[RunningAgent]:
    """Run a rendered agent that reports to the gateway at HOST:PORT, with its first packet."""
    compact, admin = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    with process(gateway, compact, admin, capacity) as child:
        yield RunningAgent(child, compact, f"http://127.0.0.1:{admin}")


@contextlib.contextmanager
def stock(gateway: str, _: Capacity = DEFAULT) -> Iterator[RunningAgent]:
    """Run an agent that has only addresses and a token, whatever it has to carry."""
    compact, admin = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM)
    with process(gateway, compact, admin, None) as child:
        yield RunningAgent(child, compact, f"http://127.0.0.1:{admin}")


@contextlib.contextmanager
def process(
    gateway: str, compact: int, admin: int, capacity: Capacity | None = DEFAULT
) -> Iterator[Child]:
    """Run an agent at these ports of loopback, rendered for a capacity; without one a stock one."""
    flags = addresses(gateway, compact, admin)
    arguments = rendered_argv(planned_argv(capacity), flags) if capacity else stock_argv(flags)
    with running([find_agent(), *arguments]) as child:
        agent = RunningAgent(child, compact, f"http://127.0.0.1:{admin}")
        child.wait_for(lambda: _listens(compact) and agent.counts() is not None)
        yield child


def _listens(port: int) -> bool:
    rows = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") for row in rows)


def free_port(kind: socket.SocketKind) -> int:
    """Return a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


def socket_buffer_cap() -> int:
    """Return net.core.rmem_max in bytes, the limit of an agent's socket buffer."""
    return int(Path("/proc/sys/net/core/rmem_max").read_text(encoding="ascii"))


def version(binary: str) -> str:
    """Return the version that an agent reports; "?" if it reports none."""
    done = subprocess.run(
        [binary, "version"], check=False, capture_output=True, text=True, timeout=20
    )
    try:
        reported: str = json.loads(done.stdout)["gitVersion"]
    except (ValueError, KeyError):
        return "?"
    return reported
