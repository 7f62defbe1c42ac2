"""Why a hop of `sidecar verify` fails: what counters and an agent's log mean.

A hop is a step on the path of a service's spans: client, agent, gateway. Lines of an agent's log
are never shown, because they may hold the token.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules import exporters, queues
from sidecar.rules.agents import COMPACT_PORT
from sidecar.rules.kinds import AGENT, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.rules.exporters import Exporter

BY_AGENT, BY_KERNEL = "dropped by the agent", "dropped by the kernel"
UNREADABLE, UNDECODED = "unreadable", "not decoded"
"""What is lost at the agent's port."""
REFUSED, DROPPED = "refused", "dropped silently"
"""What is lost at the gateway."""

_NO_SPANS = "The spans of the service do not arrive."
_SOME_SPANS = "Some spans of the service do not arrive."
_SET_IT = "Run `sidecar token set` with the token of the region"


def _error(rule: str, summary: str, fix: str, example: str, why: str = _NO_SPANS) -> Rule:
    return Rule(rule, Severity.ERROR, summary, why, fix, example)


# Client sent ----------------------------------------------------------------------------------

CLIENT_QUEUE_FULL = _error(
    "client-queue-full",
    "The queue of the tracing client was full.",
    "Check that JAEGER_AGENT_HOST reaches the agent, or raise `reporter_queue_size`"
    " (docs/losses.md)",
    "the client dropped 30: 30 queue_full",
    _SOME_SPANS,
)
CLIENT_SEND_FAILED = _error(
    "client-send-failed",
    "The tracing client could not send spans.",
    "Check JAEGER_AGENT_HOST; shorten the tags and logs of large spans (docs/losses.md)",
    "the client dropped 20: 20 send_error",
    _SOME_SPANS,
)
CLIENT_CLOSED = _error(
    "client-closed-early",
    "The tracing client was closed before it sent its spans.",
    "Check that JAEGER_AGENT_HOST reaches the agent, or send fewer spans (docs/losses.md)",
    "the client dropped 50: 50 close_timeout",
    _SOME_SPANS,
)
CLIENT_DROPPED = _error(
    "client-dropped-spans",
    "The tracing client dropped spans for a reason that the kit does not know.",
    "Use the gateway image of the kit's version (docs/losses.md)",
    "the client dropped 50: 50 other",
    _SOME_SPANS,
)
SPANS_IN_CLIENT = _error(
    "spans-still-in-client",
    "The tracing client neither sent nor dropped some spans.",
    "Check that JAEGER_AGENT_HOST reaches the agent (docs/losses.md)",
    "50 spans are still in the client",
)
_CLIENT_RULES = {
    "queue_full": CLIENT_QUEUE_FULL,
    "too_large": CLIENT_SEND_FAILED,
    "encode_error": CLIENT_SEND_FAILED,
    "send_error": CLIENT_SEND_FAILED,
    "closed": CLIENT_CLOSED,
    "close_timeout": CLIENT_CLOSED,
    "close_unconfirmed": CLIENT_CLOSED,
}


def client(started: int, sent: int, dropped: Mapping[str, int]) -> Problem | None:
    """Judge what a client did with the spans that it started; `dropped` is reason → spans."""
    if dropped:
        main_reason = max(dropped, key=lambda reason: dropped[reason])
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
        cause = f"the client dropped {sum(dropped.values())}: {reasons}"
        return _CLIENT_RULES.get(main_reason, CLIENT_DROPPED).problem(cause)
    if started > 0 and sent == started:
        return None
    return SPANS_IN_CLIENT.problem(f"{started - sent} spans are still in the client")


# Agent received -------------------------------------------------------------------------------

KERNEL_DROPS = _error(
    "kernel-dropped-packets",
    "The kernel dropped packets, because the receive buffer of the agent's socket was full.",
    "Raise net.core.rmem_max on the host, or slow the client down (docs/tuning.md)",
    "the kernel dropped 3 packets",
    _SOME_SPANS,
)
UNREADABLE_PACKETS = _error(
    "unreadable-packets",
    "The agent could not read packets from its socket.",
    "A packet may hold 65,000 bytes: check the client's batches",
    "3 packets could not be read",
    _SOME_SPANS,
)
UNDECODED_PACKETS = _error(
    "undecoded-packets",
    "The agent could not decode packets.",
    "The sender cut a packet off or damaged it: check its client and packet size (docs/losses.md)",
    "the agent could not decode 3 packets",
    _SOME_SPANS,
)
AGENT_NOT_REACHED = _error(
    "agent-not-reached",
    "Packets did not reach the agent.",
    f"Check that JAEGER_AGENT_HOST is this agent, and JAEGER_AGENT_PORT {COMPACT_PORT}",
    "4 packets never reached the agent",
)


PACKETS_ABOVE_MTU = _error(
    "packets-above-mtu",
    "Packets that are larger than the MTU of a link do not reach the agent.",
    "Give both ends of the service's network with its agent the same MTU, and all links between",
    "no marked packet of 14,000 bytes reached the agent, but one of 400 bytes did",
    "Large packets, and so most spans, are lost without being counted anywhere.",
)
AGENT_RESTARTED = _error(
    "agent-restarted",
    "The agent started again while its spans were counted.",
    "Find out why: see its log, its memory limit, `docker inspect` or `kubectl describe pod`",
    "process_start_time_seconds of the agent is later at the second reading",
    "An agent that stops loses the spans that it holds.",
)


def restarted(why: Problem | None, kind: Kind = AGENT) -> Problem:
    """Return the problem of an agent that started again; `why`, if that is known."""
    fate = "what it held is lost" if kind is AGENT else "packets that came meanwhile are lost"
    text = f"the {kind.word} started again meanwhile, and {fate}"
    return replace(why, cause=f"{text}: {why.cause}") if why else AGENT_RESTARTED.problem(text)


def received(
    lost: Mapping[str, int], missing: int, agent: Exporter = exporters.USUAL
) -> Problem | None:
    """Judge the packets at an agent's port: lost ones by reason, and missing ones."""
    if count := lost.get(BY_KERNEL):
        cause = f"the kernel dropped {count} packets: the socket's receive buffer was full"
        return KERNEL_DROPS.problem(cause)
    if count := lost.get(BY_AGENT):
        return _with_fate(
            f"the agent dropped {count} packets, its queue full", exporters.queue_full(agent)
        )
    if count := lost.get(queues.BY_COLLECTOR):
        return queues.refused(count)
    if count := lost.get(UNREADABLE):
        return UNREADABLE_PACKETS.problem(f"{count} packets could not be read")
    if count := lost.get(UNDECODED):
        return UNDECODED_PACKETS.problem(f"the agent could not decode {count} packets")
    return _unreached(missing, agent) if missing > 0 else None


def unreached(spans: int, kind: Kind = AGENT) -> Problem:
    """Return the problem of spans that the stand-in never saw, and no hop before it lost."""
    text = f"{spans} marked spans never reached the {kind.word}, which other packets reached"
    return AGENT_NOT_REACHED.problem(text)


def only_large(spans: int) -> Problem:
    """Return the problem of spans of which only those in small packets reach the agent."""
    return PACKETS_ABOVE_MTU.problem(
        f"{spans} spans in large packets never reached the agent, but one in a small packet did"
    )


def _unreached(packets: int, agent: Exporter) -> Problem:
    if agent.restart:
        return agent.restart
    kind = agent.kind
    return AGENT_NOT_REACHED.problem(f"{packets} {kind.unit} never reached the {kind.word}")


# Agent submitted ------------------------------------------------------------------------------

LOST_BEFORE = _error(
    "lost-before-this-hop",
    "This hop passed on all that reached it, but spans were lost before.",
    "See the first hop that fails",
    "100 of 200 spans, after 2 of 4 packets",
)


class Handed(NamedTuple):
    """What an agent did with the marked spans that it got."""

    missing: int
    """Spans that were sent and not submitted."""
    failed: int
    waiting: int
    """Packets that may hold marked spans, and that the agent has neither submitted nor given up.

    In a collector these are spans.
    """
    undecoded: int
    """Packets."""


def submitted(spans: Handed, agent: Exporter, queue: queues.Queue | None = None) -> Problem | None:
    """Judge what an agent did not send on; `queue` is that of a collector."""
    if spans.failed:
        return _with_fate(f"{spans.failed} spans failed", exporters.failures(agent))
    if spans.waiting:
        return queues.waits(queue, agent) if queue else _waiting(spans.waiting, agent)
    if spans.missing <= 0:
        return None
    if agent.restart:
        return agent.restart
    if spans.undecoded:
        text = f"{spans.missing} spans were in packets that the agent could not decode"
        return UNDECODED_PACKETS.problem(text)
    return not_come(spans.missing, agent.kind)


def _waiting(packets: int, agent: Exporter) -> Problem:
    return _with_fate(f"{packets} packets wait in the agent", exporters.waiting(agent))


def not_come(spans: int, kind: Kind) -> Problem:
    """Return the problem of spans that were lost before they came to an agent."""
    return LOST_BEFORE.problem(f"{spans} spans did not reach the {kind.word}")


def _with_fate(fate: str, found: Problem) -> Problem:
    return replace(found, cause=f"{fate}: {found.cause}")


# Gateway accepted -----------------------------------------------------------------------------

TOKEN_NOT_ACCEPTED = _error(
    "token-not-accepted",
    "The gateway refused spans for their token, or dropped them silently.",
    _SET_IT,
    "200 refused",
)
NOT_ARRIVED = _error(
    "spans-not-arrived",
    "Spans that left the agent did not arrive at the gateway.",
    "Check that the agents report to this gateway; one may silently drop spans with a wrong token",
    "150 of 200 spans",
)
TOKEN_IN_TAGS = _error(
    "token-in-span-tags",
    "The token arrived as a tag of spans.",
    "Delete the attribute Authentication in the collector; only its exporter needs the token",
    "a collector that passes on the tag which an agent in front of it adds",
    "The gateway stores it with the spans, and whoever reads a trace can read it.",
)
NO_COUNTS = Rule(
    "gateway-without-counts",
    Severity.WARNING,
    "The gateway does not show how many spans it accepted.",
    "The proof ends at the agents: a gateway may drop spans that it accepted.",
    "Look for the trace in the console",
    "any gateway of a region; the stand-in shows its counts",
)


def accepted(
    lost: Mapping[str, int], missing: int, *, before: bool = False, waits: bool = False
) -> Problem | None:
    """Judge the marked spans at the gateway: those that it did not keep, and missing ones.

    `before`: a hop before it failed, so that spans are known to be lost there; `waits`: they are
    known to wait there.
    """
    if missing > 0 and waits:  # a call that was refused is repeated
        return queues.SPANS_WAIT.problem(f"{missing} spans did not get this far, and may wait")
    if lost:
        return TOKEN_NOT_ACCEPTED.problem("the gateway did not accept the token")
    if missing <= 0:
        return None
    if before:
        return LOST_BEFORE.problem(f"{missing} spans did not get this far")
    text = f"{missing} spans did not arrive, and no hop before counts a loss"
    return NOT_ARRIVED.problem(text)


def exposed(spans: int) -> Problem | None:
    """Judge the marked spans that carried a token in a tag, beside the call's own."""
    return TOKEN_IN_TAGS.problem(f"{spans} spans carried a token in a tag") if spans else None


def no_counts() -> Problem:
    """Return the problem of a gateway that does not show its counts."""
    return NO_COUNTS.problem("this gateway does not show its counts")
