"""Gateways for a measurement: the stand-in, and a bare server that only counts."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.agents import TOKEN_FILE
from bench.children import Child, python, running
from sidecar.verify.network.reader import read_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.verify.counts import GatewayCounts


@dataclass(frozen=True)
class RunningGateway:
    """A running stand-in or bare server."""

    child: Child
    grpc: str
    """HOST:PORT."""
    page: str = ""
    """URL; empty for the bare server."""

    def counts(self, marker: str) -> GatewayCounts:
        """Return its counts for a marker."""
        return read_gateway(self.page, marker)


@contextlib.contextmanager
def stand_in(latency_ms: int = 0, port: int = 0) -> Iterator[RunningGateway]:
    """Run the stand-in, which answers each call `latency_ms` later; at any port if it is 0."""
    options = [f"--token-file={TOKEN_FILE}", f"--latency={latency_ms}"]
    options += [f"--grpc=127.0.0.1:{port}", "--http=127.0.0.1:0", "--output=json"]
    with running(python("-m", "sidecar", "gateway", *options)) as child:
        addresses = json.loads(child.line())
        yield RunningGateway(child, addresses["grpc"], f"http://{addresses['http']}")


@contextlib.contextmanager
def bare() -> Iterator[RunningGateway]:
    """Run the bare grpc.aio server."""
    with running(python("-m", "bench.bare_gateway")) as child:
        yield RunningGateway(child, child.line().strip())
