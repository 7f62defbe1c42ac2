"""A collector for a measurement, as it is rendered, with the forwarder that adds its token."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.agents import find_binary, free_port
from bench.children import CHECKOUT, Child, python, running
from sidecar.rules.recognition import LOCAL_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Ports:
    """Of one collector on 127.0.0.1; a second one takes them after a kill."""

    compact: int
    health: int


def free_ports() -> Ports:
    """Return ports that were free a moment ago."""
    return Ports(free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_STREAM))


def find_collector() -> str:
    """Return the collector's binary. Raises Skipped if there is none."""
    return find_binary("otelcol", "SIDECAR_BENCH_COLLECTOR", "0.165.0")


@contextlib.contextmanager
def forwarder(gateway: str, folder: Path) -> Iterator[str]:
    """Run the forwarder to the gateway at HOST:PORT; yield its own address."""
    token = folder / "token"
    token.write_text(LOCAL_TOKEN, encoding="utf-8")
    port, state = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    options = [f"--gateway={gateway}", f"--token-file={token}", "--host=127.0.0.1"]
    options += [f"--port={port}", f"--state-port={state}"]
    with running(python("-m", "sidecar.forwarder", *options)) as child:
        child.wait_for(lambda: _answers(f"http://127.0.0.1:{state}/state"))
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def started(to: str, folder: Path, ports: Ports) -> Iterator[Child]:
    """Run a collector that sends to HOST:PORT; its queue is in a folder."""
    file = folder / "collector.json"
    file.write_text(json.dumps(_configuration(to, folder, ports)), encoding="utf-8")
    with running([find_collector(), f"--config={file}"]) as child:
        child.wait_for(lambda: _answers(f"http://127.0.0.1:{ports.health}"))
        yield child


def _configuration(to: str, folder: Path, ports: Ports) -> dict[str, Any]:
    """Return the rendered configuration with the addresses and folders of this measurement."""
    found = _planned()
    found["receivers"] = {"jaeger": found["receivers"]["jaeger"]}
    compact = found["receivers"]["jaeger"]["protocols"]["thrift_compact"]
    compact["endpoint"] = f"127.0.0.1:{ports.compact}"
    found["exporters"]["otlp_grpc"]["endpoint"] = to
    storage, health = found["extensions"]["file_storage"], found["extensions"]["health_check"]
    storage["directory"] = storage["compaction"]["directory"] = str(folder)
    health["endpoint"] = f"127.0.0.1:{ports.health}"
    found["service"]["pipelines"]["traces"]["receivers"] = ["jaeger"]
    found["service"]["telemetry"] = {"metrics": {"level": "none"}}
    return found


def _planned() -> dict[str, Any]:
    command = python("-m", "sidecar", "plan", "--region", "local", "--output", "json")
    variables = {**os.environ, "SIDECAR_AGENT_KIND": "collector"}
    done = subprocess.run(
        command, cwd=CHECKOUT, check=True, capture_output=True, text=True, env=variables
    )
    found: dict[str, Any] = json.loads(done.stdout)
    configuration: dict[str, Any] = found["services"][0]["agent"]["collector"]["configuration"]
    return configuration


def _answers(url: str) -> bool:
    with urllib.request.urlopen(url, timeout=2) as response:
        return bool(response.status == 200)
