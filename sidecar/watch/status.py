"""The state of every agent now: one table, without a span sent."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sidecar.console import findings_data, findings_text, table
from sidecar.findings import failed
from sidecar.rules import watch as rules
from sidecar.verify.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.findings import Finding
    from sidecar.watch.agents import AgentState, Watched

_COUNTS = ("QUEUE", "SUBMITTED", "FAILED", "DROPPED", "KERNEL DROPS")
_HEAD = ("SERVICE", "AGENT", "STATE", "AGE", "RESTARTS", *_COUNTS, "LAST SPAN", "TOKEN")
_SHOWN = ("queue", "spans_submitted", "spans_failed", "packets_dropped", "kernel_drops")
_FIGURES = (*_SHOWN, "packets_processed", "undecoded", "not_queued", "capacity")
_UNKNOWN = "-"
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True)
class Status:
    """The agents of a deployment, and what is wrong with them."""

    deployment: str
    agents: tuple[AgentState, ...]
    findings: tuple[Finding, ...]
    now: float

    @property
    def ok(self) -> bool:
        """Tell whether no finding is an error."""
        return not failed(list(self.findings))

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {
            "ok": self.ok,
            "deployment": self.deployment,
            "agents": [_agent_data(agent, self.now) for agent in self.agents],
            "findings": findings_data(self.findings),
        }

    def as_text(self, columns: int | None = None) -> str:
        """Return the table, then the findings."""
        rows = [_row(agent, self.now) for agent in self.agents]
        parts = [table(_HEAD, rows, columns)]
        if self.findings:
            parts += ["", findings_text(self.findings)]
        return "\n".join(parts)


def status(deployment: Watched) -> Status:
    """Read a deployment once. Raises SidecarError where the engine or cluster does not answer."""
    agents = tuple(deployment.read_all())
    return Status(deployment.name, agents, tuple(findings(agents)), time.time())


def findings(agents: Sequence[AgentState]) -> Iterator[Finding]:
    """Yield what is wrong with agents, by service."""
    for agent in agents:
        for problem in rules.standing(_standing(agent)):
            yield problem.at(agent.service, "")
    single = [agent for agent in agents if agent.runs and not agent.per_replica]
    for service in dict.fromkeys(agent.service for agent in single):
        several = rules.doubled([agent.name for agent in single if agent.service == service])
        if several:
            yield several.at(service, "")


def _standing(agent: AgentState) -> rules.Standing:
    return rules.Standing(
        name=agent.subject,
        state=agent.state,
        runs=agent.runs,
        readable=agent.counts is not None,
        restarts=agent.restarts,
        oom_killed=agent.oom_killed,
        lost=agent.counts.lost if agent.counts else 0,
        waiting=agent.counts.queue if agent.counts else 0,
        capacity=agent.counts.capacity if agent.counts else 0,
        stale=agent.token.stale if agent.token else "",
        cause=agent.cause,
        why=agent.problem,
    )


def _row(agent: AgentState, now: float) -> tuple[str, ...]:
    restarts = f"{agent.restarts}, OOM" if agent.oom_killed else str(agent.restarts)
    return (
        agent.service,
        agent.name,
        agent.state,
        _since(agent.started if agent.runs else None, now),
        restarts,
        *_counted(agent),
        _since(agent.last_span, now),
        agent.token.fingerprint if agent.token else _UNKNOWN,
    )


def _counted(agent: AgentState) -> tuple[str, ...]:
    figures = _figures(agent)
    shown = (figures[name] for name in _SHOWN)
    return tuple(_UNKNOWN if figure is None else f"{figure:,}" for figure in shown)


def _figures(agent: AgentState) -> dict[str, int | None]:
    """Return the agent's counters by name; None where they are not known."""
    known = agent.counts
    if known is None:
        return dict.fromkeys(_FIGURES)
    figures: dict[str, int | None] = {name: getattr(known, name) for name in _FIGURES}
    return figures if agent.kernel_known else {**figures, "kernel_drops": None}


def _since(moment: float | None, now: float) -> str:
    """Return how long ago a moment was, in its largest unit."""
    if not moment:
        return _UNKNOWN
    seconds = max(0, int(now - moment))
    size, unit = next((pair for pair in _UNITS if seconds >= pair[0]), _UNITS[-1])
    return f"{seconds // size} {unit}"


def _agent_data(agent: AgentState, now: float) -> dict[str, Any]:
    return {
        "service": agent.service,
        "agent": agent.name,
        "kind": agent.counts.kind.name if agent.counts else None,
        "state": agent.state,
        "restarts": agent.restarts,
        "oom_killed": agent.oom_killed,
        "started": iso(agent.started),
        "age_seconds": int(now - agent.started) if agent.started and agent.runs else None,
        "connected": bool(agent.counts.connected) if agent.counts else None,
        **_figures(agent),
        "last_span": iso(agent.last_span),
        "token": agent.token.fingerprint if agent.token else None,
        "token_stale": agent.token.stale if agent.token else None,
        "cause": agent.cause or (agent.problem.cause if agent.problem else ""),
    }
