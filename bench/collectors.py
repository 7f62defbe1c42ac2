"""A collector for a measurement, as it is rendered, with the forwarder that adds its token."""

from __future__ import annotations

import contextlib
import json
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.agents import DEFAULT, RunningAgent, find_binary, free_port, planned
from bench.children import Child, python, running
from sidecar.demo.collectors import Places, placed
from sidecar.rules.recognition import LOCAL_TOKEN
from sidecar.spec import COLLECTOR
from sidecar.verify.network.loopback import answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sidecar.spec import Capacity

_ANSWER_SECONDS = 2


@dataclass(frozen=True)
class Ports:
    """Of one collector on 127.0.0.1; a second one takes them after a kill."""

    compact: int
    metrics: int


def free_ports() -> Ports:
    """Return ports that were free a moment ago."""
    return Ports(free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM))


def find_collector() -> str:
    """Return the collector's binary. Raises Skipped if there is none."""
    return find_binary("otelcol", "SIDECAR_BENCH_COLLECTOR", "0.165.0")


@dataclass(frozen=True)
class Part:
    """A running forwarder or relay."""

    child: Child
    address: str
    """HOST:PORT."""


@contextlib.contextmanager
def forwarder(gateway: str, folder: Path) -> Iterator[Part]:
    """Run the forwarder to the gateway at HOST:PORT."""
    token = folder / "token"
    token.write_text(LOCAL_TOKEN, encoding="utf-8")
    port, state = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    options = [f"--gateway={gateway}", f"--token-file={token}", "--host=127.0.0.1"]
    options += [f"--port={port}", f"--state-port={state}"]
    with running(python("-m", "sidecar.forwarder", *options)) as child:
        child.wait_for(lambda: answers(f"http://127.0.0.1:{state}/state", _ANSWER_SECONDS))
        yield Part(child, f"127.0.0.1:{port}")


@contextlib.contextmanager
def started(to: str, folder: Path, ports: Ports, capacity: Capacity = DEFAULT) -> Iterator[Child]:
    """Run a collector that sends to HOST:PORT; its queue is in a folder."""
    places = Places(f"127.0.0.1:{ports.compact}", ports.metrics, to, None, folder)
    configuration = planned(capacity, COLLECTOR)["collector"]["configuration"]
    with running_with(placed(configuration, places), folder, ports.metrics) as child:
        yield child


@contextlib.contextmanager
def running_with(configuration: Mapping[str, Any], folder: Path, metrics: int) -> Iterator[Child]:
    """Run a collector with a configuration, until it answers at its port of metrics."""
    file = folder / "collector.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    with running([find_collector(), f"--config={file}"]) as child:
        url = f"http://127.0.0.1:{metrics}/metrics"
        child.wait_for(lambda: answers(url, _ANSWER_SECONDS))
        yield child


@contextlib.contextmanager
def reporting(gateway: str, capacity: Capacity = DEFAULT) -> Iterator[RunningAgent]:
    """Run a collector with a forwarder to the gateway at HOST:PORT, as an agent."""
    ports = free_ports()
    with (
        tempfile.TemporaryDirectory() as folder,
        forwarder(gateway, Path(folder)) as adds_token,
        started(adds_token.address, Path(folder), ports, capacity) as child,
    ):
        admin = f"http://127.0.0.1:{ports.metrics}"
        yield RunningAgent(child, ports.compact, admin, (adds_token.child,))
