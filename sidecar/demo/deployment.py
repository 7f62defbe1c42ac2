"""The demo without containers: the stand-in listens at the agent's port, no agent runs."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil

from sidecar.demo import processes
from sidecar.demo.processes import running
from sidecar.rules.kinds import COLLECTOR
from sidecar.spec import AGENT_SUFFIX
from sidecar.verify.counts import AgentCounts
from sidecar.verify.hops import STAND_IN_RECEIVED
from sidecar.verify.local import LocalDeployment
from sidecar.verify.network.loopback import fetch
from sidecar.verify.network.reader import await_agent, read_agent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

NO_AGENT = "no agent ran: the stand-in gateway received the services' packets itself"


class ProcessDeployment(LocalDeployment):
    """The processes that `sidecar demo` started.

    Without collectors, they share the stand-in's socket and counters.
    """

    no_answer_fix = "Run `make down`, then `make demo`"

    def __init__(self, folder: Path) -> None:
        self._demo = running(folder)
        super().__init__(self._demo.agent, self._demo.page)
        self._folder = folder
        self.received = COLLECTOR.received if self._demo.collectors else STAND_IN_RECEIVED
        self.notes = () if self._demo.collectors else (NO_AGENT,)

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
        service: str,
        settled: int = 0,
        seconds: float = 0,
    ) -> AgentCounts | None:
        """Return the counts of the service's collector, or those of the stand-in at its port."""
        if own := self._demo.collectors.get(service):
            read = partial(read_agent, own.admin, int(own.packets.rpartition(":")[2]))
            return self.answered(own.admin, lambda: await_agent(read, settled, seconds))
        page = self._demo.page
        return self.answered(page, lambda: await_agent(self._count, settled, seconds))

    def agent_of(self, service: str) -> str:
        """Return HOST:PORT that receives the packets of a service."""
        return self._demo.agent_of(service)

    def agent_log(self, service: str) -> str:
        """Return the log of the service's collector; empty where it has none."""
        if service not in self._demo.collectors:
            return ""
        return processes.log_of(self._folder, f"{service}{AGENT_SUFFIX}")

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
