"""The demonstration without containers: the stand-in sits at the agent's port, so no agent is in between."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

from sidecar.demo.processes import running
from sidecar.engine.compose import child_environment
from sidecar.errors import SidecarError
from sidecar.verify.counts import AgentCounts, ClientCounts, GatewayCounts, client_counts
from sidecar.verify.reader import read_gateway, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ProcessPlace:
    """The processes that `sidecar demo` started."""

    side_by_side = 1
    """All services share the stand-in's one socket, and so its counters."""

    def __init__(self, folder: Path) -> None:
        self._demo = running(folder)

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        return sorted(self._demo.services)

    def send(self, service: str, marker: str, spans: int) -> ClientCounts:
        """Send marked spans to the port that the services report to."""
        options = [f"--service={service}", f"--spans={spans}", f"--marker={marker}", f"--agent={self._demo.agent}"]
        done = subprocess.run(
            [sys.executable, "-m", "sidecar_tracing.probe", *options],
            check=False,
            capture_output=True,
            text=True,
            env=child_environment(),
            timeout=120,
        )
        try:
            return client_counts(json.loads(done.stdout))
        except ValueError:
            cause = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
            raise SidecarError(service, f"the probe failed: {cause}") from None

    def agent(self, service: str, settled: int = 0, seconds: float = 0) -> AgentCounts | None:  # noqa: ARG002
        """Return what the stand-in counted at the agent's port; it hands spans to nobody."""
        counts: AgentCounts = wait_for(self._udp, lambda counts: counts.settled >= settled, seconds)
        return counts

    def agent_log(self, service: str) -> str:  # noqa: ARG002
        """Return nothing: no agent runs."""
        return ""

    def gateway(self, marker: str, settled: int, seconds: float) -> GatewayCounts | None:
        """Return the stand-in's counts of a marker."""
        read = lambda: read_gateway(self._demo.page, marker)  # noqa: E731
        counts: GatewayCounts = wait_for(read, lambda counts: counts.settled >= settled, seconds)
        return counts

    def _udp(self) -> AgentCounts:
        with urllib.request.urlopen(f"{self._demo.page}/api/counters", timeout=5) as answer:  # noqa: S310 - http, on loopback
            totals: dict[str, Any] = json.load(answer)
        udp, spans = totals["udp"], totals["spans"]
        return AgentCounts(
            packets_processed=udp["packets"] - udp["overflow"],
            packets_dropped=udp["overflow"],
            kernel_drops=udp["kernel_drops"] or 0,
            read_errors=udp["malformed"],
            spans_submitted=spans["accepted"],
            spans_failed=sum(spans["refused"].values()) + spans["dropped"],
            connected=1,
            forwards=False,
        )
