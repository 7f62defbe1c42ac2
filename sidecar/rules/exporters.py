"""Why an agent's calls to its gateway fail or are late, so that packets wait or are dropped.

A collector in its place makes the same calls, and repeats what fails.
"""

from __future__ import annotations

from typing import NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.kinds import AGENT, Kind

_NO_SPANS = "The spans of the service do not arrive."


def _error(rule: str, summary: str, fix: str, example: str, why: str = _NO_SPANS) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


AGENT_QUEUE_FULL = _error(
    "agent-queue-full",
    "The agent dropped packets, because its queue was full: the gateway answers, but too slowly.",
    "Raise `capacity` in the spec, and render again (docs/tuning.md)",
    "the agent dropped 3 packets",
    "Some spans of the service do not arrive.",
)
SILENT = _error(
    "gateway-silent",
    "The gateway does not answer the agent.",
    "Check its state, and restart it; a firewall may drop packets silently",
    "4 packets wait in a connected agent, no call was answered for 4 s, and its log names no cause",
)
SPANS_REFUSED = _error(
    "gateway-refused-spans",
    "The gateway refused spans or broke the connection, and the agent's log names no cause.",
    "See the agent's log for token and quota; `sidecar token set` sets the token",
    "200 spans failed in a connected agent",
)
NOT_CONNECTED = _error(
    "agent-not-connected",
    "The agent has no connection to the gateway, and its log names no cause.",
    "Check host and port, and the network to the gateway",
    "jaeger_agent_connection_status_collector_connected is 0",
)
SLOW = _error(
    "gateway-slow",
    "The gateway answers the agent slower than packets come, and spans wait.",
    "Raise `capacity` in the spec, and render again (docs/tuning.md); or wait longer: --seconds",
    "4 packets wait in a connected agent, and its calls are answered",
    "Spans arrive late, and are lost once the agent's queue is full.",
)
_STALLED = 3.0
"""Seconds without an answer that a slow gateway does not explain."""

_DROPS = (
    "Check firewall, security group and NAT on the way; `agent.tcp_retries` ends such a connection"
    " sooner (docs/losses.md)"
)
_HANGS = "Check the gateway's state, and restart it: until then its agents stay stuck"


class Exporter(NamedTuple):
    """What is known of an agent's calls to its gateway."""

    connected: bool = True
    answered: bool = True
    """The gateway answered a call meanwhile."""
    stalled: float = 0.0
    """Seconds for which packets waited, and no call was answered."""
    cause: Problem | None = None
    """Why calls fail, by the state of the gateway or the agent's log; None where neither says."""
    restart: Problem | None = None
    """That it started again meanwhile, and why."""
    repeats: bool | None = None
    """Whether the gateway leaves packets unacknowledged; None: not known."""
    kind: Kind = AGENT
    queue_full: bool = False
    """Whether its log says so."""
    disk: Problem | None = None
    """Why a collector could not write its queue, by its log."""


USUAL = Exporter()


def queue_full(agent: Exporter) -> Problem:
    """Return why an agent's queue is full: it is the consequence of what its calls meet."""
    if agent.cause or not _is_slow(agent):
        return waiting(agent)
    return AGENT_QUEUE_FULL.problem("the gateway answers, but slower than packets come")


def _is_slow(agent: Exporter) -> bool:
    return agent.connected and agent.answered and agent.stalled < _STALLED


def failures(agent: Exporter) -> Problem:
    """Return why spans failed, by the log, else by the counters alone."""
    if agent.cause:
        return agent.cause
    if agent.connected:
        return SPANS_REFUSED.problem("the gateway refused them, or broke the connection")
    return waiting(agent)


def waiting(agent: Exporter) -> Problem:
    """Return why packets wait, by the log, else by the counters alone."""
    if agent.cause:
        return agent.cause
    if not agent.connected:
        return NOT_CONNECTED.problem(f"the {agent.kind.word} has no connection to the gateway")
    if _is_slow(agent):
        return SLOW.problem("the gateway answers, but slower than packets come")
    return _silent(f"the gateway has answered no call for {agent.stalled:.0f} s", agent)


def _silent(text: str, agent: Exporter) -> Problem:
    """Tell a gateway that hangs from a network that drops: the former acknowledges packets."""
    repeats = agent.repeats
    hangs = _HANGS if agent.kind is AGENT else _HANGS.partition(":")[0]
    if repeats is None:
        return SILENT.problem(text)
    if repeats:
        text = f"{text}, and packets to it are not acknowledged: the network drops them"
        return SILENT.problem(text, _DROPS)
    return SILENT.problem(f"{text}, but acknowledges packets: its process hangs", hangs)
