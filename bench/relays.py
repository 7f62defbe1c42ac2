"""A relay for a measurement, as the chart renders it."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from bench.agents import free_port
from bench.children import CHECKOUT
from bench.collectors import Part, running_with
from sidecar.demo.collectors import Places, placed
from sidecar.plan.collector_configuration import merged
from sidecar.secrecy import child_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHART = CHECKOUT / "helm"


def can_render() -> bool:
    """Tell whether there is a program that renders relays: they are in the chart only."""
    return shutil.which("helm") is not None


@contextlib.contextmanager
def started(to: str, folder: Path) -> Iterator[Part]:
    """Run a relay that sends to HOST:PORT; its queue is in a folder."""
    port, metrics = (free_port(socket.SOCK_STREAM) for _ in range(2))
    rendered, own = _rendered(), {"grpc": {"endpoint": f"127.0.0.1:{port}"}}
    elsewhere = placed(rendered, Places("", metrics, to, None, folder))
    receivers = merged(rendered["receivers"], {"otlp": {"protocols": own}})
    with running_with({**elsewhere, "receivers": receivers}, folder, metrics) as child:
        yield Part(child, f"127.0.0.1:{port}")


@cache
def _rendered() -> dict[str, Any]:
    """Return the configuration in the chart's ConfigMap of relays."""
    values, only = CHART / "ci" / "relay-values.yaml", "templates/relay.yaml"
    argv = ["helm", "template", "bench", str(CHART), f"--values={values}", f"--show-only={only}"]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env=child_environment())
    objects = yaml.safe_load_all(done.stdout)
    text = next(each["data"]["config.yaml"] for each in objects if each["kind"] == "ConfigMap")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
