"""The processes of a demo: the stand-in takes the agent's part, for all services at once."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sidecar.demo import processes, state
from sidecar.demo.deployment import ProcessDeployment
from sidecar.demo.state import STAND_IN
from sidecar.errors import SidecarError
from sidecar.spec import AGENT_SUFFIX
from sidecar.watch.agents import RUNNING, AgentState
from sidecar.watch.evidence import end_of
from sidecar.watch.gateway import last_span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sidecar.demo.state import Demo
    from sidecar.watch.evidence import Evidence

_SHOWN = "stand-in"
"""What reports call the stand-in."""


class ProcessAgents:
    """The stand-in of one folder's demo."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._first = processes.running(folder)
        self.name = f"demo in {folder}"

    def read(self) -> Sequence[AgentState]:
        """Return the stand-in with its counts; none where the demo was stopped."""
        demo = state.load(self._folder)
        if demo is None or demo.processes != self._first.processes:
            return ()
        return self._states(demo, None)

    def read_all(self) -> Sequence[AgentState]:
        """Return the stand-in with all that is known of it."""
        demo = processes.running(self._folder)
        spans = [last_span(demo.page, service) for service in demo.services]
        return self._states(demo, max((each for each in spans if each), default=None))

    def collect(self, evidence: Evidence) -> None:
        """Add what runs, and the stand-in's log; its token is public."""
        demo = state.load(self._folder)
        evidence.add_data("deployment.json", lambda: asdict(demo) if demo else None)
        log = self._folder / "logs" / f"{STAND_IN}.log"
        name = f"logs/{STAND_IN}.log"
        evidence.add(name, lambda: end_of(log.read_text(encoding="utf-8", errors="replace")))

    def _states(self, demo: Demo, moment: float | None) -> Sequence[AgentState]:
        """Return the collectors; where there are none, the stand-in in their place."""
        if not demo.collectors:
            return (self._state(demo, ", ".join(sorted(demo.services)), STAND_IN, moment),)
        names = sorted(demo.collectors)
        return [self._state(demo, name, f"{name}{AGENT_SUFFIX}", moment) for name in names]

    def _state(self, demo: Demo, service: str, name: str, moment: float | None) -> AgentState:
        shown = _SHOWN if name == STAND_IN else name
        started = demo.named(name)
        if started is None or not state.alive(started):
            return AgentState(service, shown, "ended")
        try:
            counts, cause = ProcessDeployment(self._folder).agent(service), ""
        except SidecarError as error:
            counts, cause = None, error.cause
        return AgentState(
            service=service,
            name=shown,
            state=RUNNING,
            identity=str(started.pid),
            started=started.created,
            counts=counts,
            cause=cause,
            last_span=moment,
        )
