"""Gateways for a measurement: the kit's stand-in, and a bare server that only counts."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.agents import TOKEN_FILE
from bench.children import Child, python, running
from sidecar.verify.reader import read_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sidecar.verify.counts import GatewayCounts


@dataclass(frozen=True)
class Gateway:
    """A running gateway."""

    child: Child
    grpc: str
    """HOST:PORT."""
    page: str = ""
    """URL; empty for the bare server."""

    def counts(self, marker: str) -> GatewayCounts:
        """Return what it counted of a marker."""
        return read_gateway(self.page, marker)


@contextlib.contextmanager
def stand_in(latency_ms: int = 0) -> Iterator[Gateway]:
    """Run `sidecar gateway`; it answers each call `latency_ms` later."""
    options = [
        "--grpc=127.0.0.1:0",
        "--http=127.0.0.1:0",
        f"--token-file={TOKEN_FILE}",
        f"--latency={latency_ms}",
    ]
    with running(python("-m", "sidecar", "gateway", *options, "--output=json")) as child:
        places = json.loads(child.line())
        yield Gateway(child, places["grpc"], f"http://{places['http']}")


@contextlib.contextmanager
def bare() -> Iterator[Gateway]:
    """Run the bare grpc.aio server."""
    with running(python("-m", "bench.bare_gateway")) as child:
        yield Gateway(child, child.line().strip())
