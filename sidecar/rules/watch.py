"""What the standing counters and states of agents mean, without marked spans."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import parts, queues, replicas

BUDGET = 0.001
"""The share of an hour's packets or spans that may be lost on a hop, where nobody says else."""
RESTARTS = 3
"""An agent that was restarted so often has a cause that will not pass."""
WITHOUT_AGENT = "without an agent"
WITHOUT_CONTAINER, WITHOUT_POD = "without a container", "without a pod"
NOT_RUNNING = "not running"
"""States of an agent, or of a part that agents need, that is not there."""
_LOST = "Some spans of the service do not arrive."
_ALL_LOST = "The spans of the service do not arrive."


# Status -----------------------------------------------------------------------------------------

AGENT_STOPPED = Rule(
    "agent-stopped",
    Severity.ERROR,
    "The agent of a service does not run.",
    _ALL_LOST,
    "See the agent's log: `docker compose logs`, or `kubectl logs -c jaeger-agent --previous`",
    "container shop-web-agent-1 is exited",
)
AGENT_UNREADABLE = Rule(
    "agent-unreadable",
    Severity.ERROR,
    "An agent runs, and its counters cannot be read.",
    "It is not known whether spans arrive.",
    "See the agent's log, and whether it is paused",
    "an agent whose admin port does not answer",
)
AGENT_OUT_OF_MEMORY = Rule(
    "agent-killed-for-memory",
    Severity.ERROR,
    "The agent was killed because it needed more memory than its limit.",
    "Each time, the agent loses what is in its queue.",
    "Raise the agent's memory limit, or lower `queue` in its tuning (docs/tuning.md)",
    "an agent's container that the engine or cluster reports as OOMKilled",
)
AGENT_RESTARTS = Rule(
    "agent-restarts",
    Severity.WARNING,
    f"The agent was restarted {RESTARTS} times or more.",
    "Each time, the agent loses what is in its queue, and counts from 0.",
    "See the agent's log before its last restart",
    "a container with the restart count 3",
)
AGENTS_DOUBLED = Rule(
    "agents-doubled",
    Severity.WARNING,
    "Several agents run for one service, as an interrupted rotation leaves them.",
    "Some spans may go out with an earlier token.",
    "Run `sidecar token rotate` again: it removes the earlier ones",
    "two running containers of web-agent",
)
AGENT_TOKEN_STALE = Rule(
    "agent-token-stale",
    Severity.WARNING,
    "An agent may use another token than the one that the deployment names.",
    "An agent reads its token once, when it starts.",
    "Run `sidecar token rotate`, or recreate the agent",
    "a token file that was written after its agent started",
)
SPANS_LOST_EARLIER = Rule(
    "spans-lost-earlier",
    Severity.WARNING,
    "An agent or a client has lost spans since it started.",
    _LOST,
    "Run `sidecar verify` to see whether it still does, and `sidecar verify --watch` to follow it",
    "an agent with 4,700 failed spans",
)

# Watch ------------------------------------------------------------------------------------------

BUDGET_EXCEEDED = Rule(
    "loss-budget-exceeded",
    Severity.ERROR,
    "More was lost on a hop than the budget allows.",
    _LOST,
    "Run `sidecar verify` for the cause",
    "7,200 of 100,000 spans failed with a budget of 0.1%",
)
AGENT_SILENT = Rule(
    "agent-submits-nothing",
    Severity.ERROR,
    "An agent receives packets, and neither submits spans nor reports a failure.",
    _ALL_LOST,
    "Run `sidecar verify` for the cause: the gateway may not answer",
    "packets processed grow by 40 while spans submitted stay the same",
)
QUEUE_STUCK = Rule(
    "agent-queue-stuck",
    Severity.ERROR,
    "The queue of an agent does not empty.",
    "When it is full, the agent drops packets.",
    "Run `sidecar verify` for the cause: the gateway is slow or does not answer",
    "three readings in a row with 10, 40 and 90 packets in the queue",
)
DEPLOYMENT_REMOVED = Rule(
    "deployment-removed",
    Severity.ERROR,
    "The deployment was removed while it was watched.",
    "Nothing reports spans any more.",
    "Start it again, and then the watch",
    "`docker compose down` during `sidecar verify --watch`",
)


# Bundle -----------------------------------------------------------------------------------------

BUNDLE_HOLDS_TOKEN = Rule(
    "bundle-holds-token",
    Severity.ERROR,
    "A file of a bundle would hold a token although all known forms of it are masked.",
    "A bundle is given to others.",
    "Nothing was written: send the output of `sidecar verify --status` instead, and report this",
    "an agent's log with a token that is wrapped over two lines",
)


class Standing(NamedTuple):
    """What is known of one agent without any marked span."""

    name: str
    state: str
    runs: bool
    readable: bool
    restarts: int
    oom_killed: bool
    lost: int
    """Spans that failed, and packets that were dropped, since the agent started."""
    stale: str
    """Why its token may be another one; empty where it is not."""
    cause: str = ""
    waiting: int = 0
    """Spans in a collector's queue."""
    capacity: int = 0
    """What fits in it; 0 where it is not known, or there is no collector."""
    why: Problem | None = None
    """What keeps the agent, or its service, from running, where that is known."""


def standing(agent: Standing) -> list[Problem]:
    """Judge an agent's state and its totals."""
    found: list[Problem] = []
    if agent.oom_killed:
        found.append(AGENT_OUT_OF_MEMORY.problem(f"{agent.name} was killed for its memory"))
    known = agent.oom_killed and agent.why and agent.why.rule is parts.OUT_OF_MEMORY
    if not (agent.runs and agent.readable) or (agent.why and not known):
        found.append(down(agent.name, agent.state, agent.cause, runs=agent.runs, why=agent.why))
    if agent.restarts >= RESTARTS:
        found.append(AGENT_RESTARTS.problem(f"{agent.name} was restarted {agent.restarts} times"))
    if agent.stale:
        found.append(stale_token(agent.name, agent.stale))
    if agent.lost:
        found.append(lost_earlier(agent.name, agent.lost))
    if problem := queues.fills(agent.name, agent.waiting, agent.capacity):
        found.append(problem)
    return found


def stale_token(name: str, why: str) -> Problem:
    """Return the problem of an agent that may use another token than the deployment names."""
    return AGENT_TOKEN_STALE.problem(f"{name}: {why}")


def lost_earlier(name: str, lost: int, unit: str = "spans and packets") -> Problem:
    """Return the problem of an agent or client that lost something since it started."""
    cause = f"{name} lost {lost:,} {unit} since it started"
    return SPANS_LOST_EARLIER.problem(cause)


def down(name: str, state: str, cause: str, *, runs: bool, why: Problem | None = None) -> Problem:
    """Judge an agent that does not run or is not there, or that runs and cannot be read.

    `why` is what keeps it, or its service, from running, where that is known.
    """
    if why:
        is_away = state in (WITHOUT_CONTAINER, WITHOUT_POD, NOT_RUNNING)
        return why if is_away else replace(why, cause=f"{name}: {why.cause}")
    if state == WITHOUT_AGENT:
        return parts.without_agent(name)
    if state in (WITHOUT_CONTAINER, WITHOUT_POD):
        return replicas.MISSING.problem(f"is {state}")
    if not runs:
        return AGENT_STOPPED.problem(f"{name} is {state}")
    return unreadable(f"{name} cannot be read: {cause}")


def unreadable(cause: str, fix: str = "") -> Problem:
    """Return the problem of an agent that runs and cannot be read; a refusal has its own fix."""
    return AGENT_UNREADABLE.problem(cause, fix or None)


def doubled(names: list[str]) -> Problem | None:
    """Judge the running agents of one service that should have one."""
    if len(names) < 2:
        return None
    return AGENTS_DOUBLED.problem(f"{len(names)} agents run: {', '.join(names)}")


def budget(unit: str, lost: int, arrived: int, share: float) -> Problem | None:
    """Judge what was lost on a hop, next to what arrived, by the share that may be lost."""
    total = lost + arrived
    if not lost or lost <= share * total:
        return None
    cause = f"{lost:,} of {total:,} {unit} were lost, more than {share * 100:g}%"
    return BUDGET_EXCEEDED.problem(cause)


def silent(packets: int, rounds: int) -> Problem | None:
    """Judge packets that an agent processed in `rounds` intervals that settled no span."""
    if rounds < 2 or not packets:
        return None
    return AGENT_SILENT.problem(f"{packets:,} packets were processed and no span was submitted")


def queue(readings: list[int]) -> Problem | None:
    """Judge the last readings of an agent's queue: three that are not empty and do not shrink."""
    last = readings[-3:]
    if len(last) < 3 or not last[0] or last != sorted(last):
        return None
    shown = ", ".join(f"{packets:,}" for packets in last)
    return QUEUE_STUCK.problem(f"its queue holds packets that do not leave it: {shown}")


def removed(name: str) -> Problem:
    """Return the problem of a deployment that is no longer there."""
    return DEPLOYMENT_REMOVED.problem(f"{name} was removed")


def bundle(name: str) -> Problem:
    """Return the problem of a file that must not be handed on."""
    return BUNDLE_HOLDS_TOKEN.problem(f"{name} holds what may be a token")
