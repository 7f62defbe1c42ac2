"""Adds up what agents counted between readings, whatever restarts meanwhile, and judges it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sidecar.rules import kinds, queues
from sidecar.rules import watch as rules
from sidecar.verify.counts import AgentCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sidecar.findings import Finding, Problem
    from sidecar.watch.agents import AgentState

WINDOW_SECONDS = 3600.0
"""The budget is a share of what was counted in the last hour."""
PATIENCE_SECONDS = 30.0
"""How long an agent may be down: a restart or a rollout takes a while."""
_SAME_START_SECONDS = 5.0
"""A correction of the clock moves the time of a start by less."""
_Key = tuple[str, str]
_SUMMED = (
    "packets_processed",
    "packets_dropped",
    "kernel_drops",
    "read_errors",
    "handler_errors",
    "batches_failed",
    "spans_submitted",
    "spans_failed",
    "not_queued",
)


@dataclass(frozen=True)
class Change:
    """What happened to one agent between two readings."""

    service: str
    agent: str
    counted: AgentCounts = field(default_factory=AgentCounts)
    """The difference of its counters; its queue is as it is now."""
    text: str = ""
    """What happened to it; empty where it only counted."""


class Ledger:
    """What the agents of a deployment counted, by service, since the watch began."""

    def __init__(self, share: float, began: float, window: float = WINDOW_SECONDS) -> None:
        self._share, self._began, self._window = share, began, window
        self._known: dict[_Key, AgentState] = {}
        self._read: dict[_Key, AgentState] = {}
        """As each was when its counters could last be read; one that is gone may come back."""
        self._counted: dict[str, deque[tuple[float, AgentCounts]]] = {}
        self._queues: dict[_Key, list[tuple[int, int]]] = {}
        """What waited at each reading, and what had been settled."""
        self._flat: dict[_Key, tuple[int, int]] = {}
        self._down: dict[_Key, float] = {}

    def add(self, agents: Sequence[AgentState], now: float) -> list[Change]:
        """Take a reading, and return what changed since the one before."""
        keys = {(agent.service, agent.name): agent for agent in agents}
        changes = [Change(*key, text="is gone") for key in self._known.keys() - keys.keys()]
        for key in self._known.keys() - keys.keys():
            self._forget(key)
        for key, agent in keys.items():
            change = self._add(key, agent, now)
            if change.text or any(getattr(change.counted, name) for name in _SUMMED):
                changes.append(change)
        self._evict(now)
        return changes

    def _add(self, key: _Key, agent: AgentState, now: float) -> Change:
        before = self._known.get(key)
        self._known[key] = _with_start(agent, before)
        if not (agent.runs and agent.counts):
            self._down.setdefault(key, now)
            return Change(*key, text=_event(before, agent))
        self._down.pop(key, None)
        counted = self._difference(self._read.get(key), agent.counts, agent)
        self._read[key] = agent
        self._counted.setdefault(agent.service, deque()).append((now, counted))
        self._judge_flow(key, agent.counts, counted)
        return Change(*key, counted, _event(before, agent))

    def _difference(
        self, before: AgentState | None, counts: AgentCounts, agent: AgentState
    ) -> AgentCounts:
        """Return what an agent counted since it was read; since its start if that is later."""
        if before is None or before.counts is None:
            return counts if agent.started > self._began else counts.since(counts)
        if restarted(before, agent):
            return counts
        return counts.since(replace(before.counts, started=0))  # which a corrected clock moves

    def _judge_flow(self, key: _Key, counts: AgentCounts, counted: AgentCounts) -> None:
        known = self._queues.get(key, [])
        settled = (known[-1][1] if known else 0) + counted.settled
        self._queues[key] = [*known, (counts.queue, settled)][-3:]
        packets, rounds = self._flat.get(key, (0, 0))
        if counted.settled or counted.undecoded:
            self._flat[key] = (0, 0)
        elif rounds or counted.packets_processed:
            self._flat[key] = (packets + counted.packets_processed, rounds + 1)

    def _forget(self, key: _Key) -> None:
        for known in (self._known, self._queues, self._flat, self._down):
            known.pop(key, None)

    def _evict(self, now: float) -> None:
        for counted in self._counted.values():
            while counted and counted[0][0] < now - self._window:
                counted.popleft()

    def totals(self) -> dict[str, AgentCounts]:
        """Return what the agents of each service counted in the window."""
        return {
            service: _sum(counts for _, counts in counted)
            for service, counted in sorted(self._counted.items())
        }

    def breaches(self, now: float) -> Iterator[Finding]:
        """Yield why the watch must end; the place of each is its hop."""
        for service, counts in self.totals().items():
            kind = counts.kind
            lost, arrived = counts.lost_packets, counts.packets_processed - counts.undecoded
            if problem := rules.budget(kind.unit, lost, arrived, self._share):
                yield problem.at(service, kind.received)
            figures = (counts.spans_failed, counts.spans_submitted, self._share)
            if problem := rules.budget("spans", *figures):
                yield problem.at(service, kind.submitted)
        for key, agent in self._known.items():
            yield from self._in_trouble(key, agent, now)

    def _in_trouble(self, key: _Key, agent: AgentState, now: float) -> Iterator[Finding]:
        read = self._read.get(key)
        kind = read.counts.kind if read and read.counts else kinds.AGENT
        if problem := self._stuck(key, kind):
            yield problem.at(agent.service, kind.submitted)
        since = self._down.get(key)
        if since is not None and now - since >= PATIENCE_SECONDS:
            found = rules.down(
                agent.subject, agent.state, agent.cause, runs=agent.runs, why=agent.problem
            )
            yield found.at(agent.service, kind.received)

    def _stuck(self, key: _Key, kind: kinds.Kind) -> Problem | None:
        """Return why what an agent holds does not leave it."""
        waiting = self._queues.get(key, [])
        if kind is kinds.COLLECTOR:
            return queues.stays(waiting)
        flat = rules.silent(*self._flat.get(key, (0, 0)))
        return flat or rules.queue([packets for packets, _ in waiting])


def restarted(before: AgentState, after: AgentState) -> bool:
    """Tell whether an agent is not the one that was read before, and counts from 0."""
    if before.identity != after.identity or before.restarts < after.restarts:
        return True
    return before.started > 0 and after.started - before.started > _SAME_START_SECONDS


def _with_start(agent: AgentState, before: AgentState | None) -> AgentState:
    """Return an agent with its start as it was known before, where it does not tell it now."""
    if before is None or agent.started:
        return agent
    return replace(agent, started=before.started)


def _event(before: AgentState | None, after: AgentState) -> str:
    if before is None:
        return "" if after.runs else f"is {after.state}"
    if after.runs and restarted(before, after):
        left, unit = (before.counts.queue, before.counts.unit) if before.counts else (0, "")
        return "was restarted" + (f", with {left:,} {unit} in its queue" if left else "")
    if before.state != after.state:
        return f"is {after.state}"
    if before.cause != after.cause:
        return f"cannot be read: {after.cause}" if after.cause else "can be read again"
    return ""


def _sum(several: Iterable[AgentCounts]) -> AgentCounts:
    totals: dict[str, Any] = dict.fromkeys(_SUMMED, 0)
    unit = kinds.PACKETS
    for counts in several:
        unit = counts.unit
        for name in _SUMMED:
            totals[name] += getattr(counts, name)
    return AgentCounts(**totals, unit=unit)
