"""The demo without containers: the stand-in listens at the agent's port, no agent runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psutil

from sidecar.demo.processes import running
from sidecar.verify.counts import AgentCounts
from sidecar.verify.hops import STAND_IN_RECEIVED
from sidecar.verify.local import LocalDeployment
from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.reader import await_agent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

NO_AGENT = "no agent ran: the stand-in gateway received the services' packets itself"


class ProcessDeployment(LocalDeployment):
    """The processes that `sidecar demo` started; they share the stand-in's socket and counters."""

    received = STAND_IN_RECEIVED
    notes: tuple[str, ...] = (NO_AGENT,)
    no_answer_fix = "Run `make down`, then `make demo`"

    def __init__(self, folder: Path) -> None:
        self._demo = running(folder)
        super().__init__(self._demo.agent, self._demo.page)

    def services(self) -> Sequence[str]:
        """Return the names of the traced services."""
        return sorted(self._demo.services)

    def pids(self, service: str) -> Collection[int]:
        """Return the processes of a service of the demo."""
        found: set[int] = set()
        for started in self._demo.processes:
            if started.name == service:
                process = psutil.Process(started.pid)
                found |= {child.pid for child in (process, *process.children(recursive=True))}
        return found

    def agent(
        self,
        service: str,  # noqa: ARG002 - one port serves all services
        settled: int = 0,
        seconds: float = 0,
    ) -> AgentCounts | None:
        """Return what the stand-in counted at the agent's port; it forwards to nobody."""
        page = self._demo.page
        return self.answered(page, lambda: await_agent(self._count, settled, seconds))

    def _count(self) -> AgentCounts:
        totals: dict[str, Any] = json.loads(fetch(f"{self._demo.page}/api/counters"))
        udp, spans = totals["udp"], totals["spans"]
        return AgentCounts(
            packets_processed=udp["packets"] - udp["overflow"],
            packets_dropped=udp["overflow"],
            kernel_drops=udp["kernel_drops"] or 0,
            read_errors=udp["malformed"],
            spans_submitted=spans["accepted"],
            spans_failed=sum(spans["refused"].values()) + spans["dropped"] + spans["failed"],
            connected=1,
            forwards=False,
        )
