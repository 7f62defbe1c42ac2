"""Why a hop of `sidecar verify` fails: what counters and an agent's log mean.

A hop is a step on the path of a service's spans: client, agent, gateway. Lines of an agent's log
are never shown, because they may hold the token.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sidecar.findings import Problem, Rule, Severity
from sidecar.rules.agents import COMPACT_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

BY_AGENT, BY_KERNEL = "dropped by the agent", "dropped by the kernel"
UNREADABLE, UNDECODED = "unreadable", "not decoded"
"""What is lost at the agent's port."""
REFUSED, DROPPED = "refused", "dropped in silence"
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
AGENT_QUEUE_FULL = _error(
    "agent-queue-full",
    "The agent dropped packets, because its queue was full: the gateway is too slow.",
    "Raise `capacity` in the spec, and render again (docs/tuning.md)",
    "the agent dropped 3 packets",
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


def received(lost: Mapping[str, int], missing: int) -> Problem | None:
    """Judge the packets at an agent's port: lost ones by reason, and missing ones."""
    if count := lost.get(BY_KERNEL):
        cause = f"the kernel dropped {count} packets: the socket's receive buffer was full"
        return KERNEL_DROPS.problem(cause)
    if count := lost.get(BY_AGENT):
        cause = f"the agent dropped {count} packets: its queue was full, the gateway too slow"
        return AGENT_QUEUE_FULL.problem(cause)
    if count := lost.get(UNREADABLE):
        return UNREADABLE_PACKETS.problem(f"{count} packets could not be read")
    if count := lost.get(UNDECODED):
        return UNDECODED_PACKETS.problem(f"the agent could not decode {count} packets")
    if missing > 0:
        return AGENT_NOT_REACHED.problem(f"{missing} packets never reached the agent")
    return None


# Agent submitted ------------------------------------------------------------------------------

TOKEN_REFUSED = _error(
    "token-refused",
    "The gateway refused the token.",
    _SET_IT,
    "an agent's log with `code = Unauthenticated`",
)
NAME_UNRESOLVED = _error(
    "gateway-name-unresolved",
    "The name of the gateway does not resolve.",
    "Check the region and network: a VPC host resolves only in its VPC",
    "an agent's log with `no such host`",
)
CONNECTION_REFUSED = _error(
    "gateway-connection-refused",
    "The gateway refused the connection.",
    "Check host and port, and that the gateway runs",
    "an agent's log with `connection refused`",
)
UNREACHABLE = _error(
    "gateway-unreachable",
    "The gateway is out of reach.",
    "Open the network to it: firewall, security group, VPC, proxy",
    "an agent's log with `i/o timeout`",
)
TLS_FAILED = _error(
    "gateway-tls-failed",
    "TLS with the gateway failed.",
    "Check whether this gateway accepts TLS on this port",
    "an agent's log with `authentication handshake failed`",
)
QUOTA_EXCEEDED = _error(
    "gateway-quota-exceeded",
    "The quota of the gateway is used up.",
    "See ingestion and quota in the console",
    "an agent's log with `code = ResourceExhausted`",
)
UNAVAILABLE = _error(
    "gateway-unavailable",
    "The gateway answers that it is unavailable.",
    "Check its state, and the network to it",
    "an agent's log with `code = Unavailable`",
)
SILENT = _error(
    "gateway-silent",
    "The gateway does not answer the agent.",
    "Check its state; a firewall may drop packets silently",
    "200 spans wait in a connected agent, and its log names no cause",
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
_LOG_CAUSES = (
    (TOKEN_REFUSED, r"Unauthenticated|PermissionDenied", "the gateway refused the token"),
    (
        NAME_UNRESOLVED,
        r"(?i:no such host|produced zero addresses|name resolver error)",
        "the gateway's name does not resolve",
    ),
    (CONNECTION_REFUSED, r"connection refused", "the gateway refused the connection"),
    (
        UNREACHABLE,
        r"i/o timeout|network is unreachable|no route to host|DeadlineExceeded",
        "the gateway is out of reach",
    ),
    (
        TLS_FAILED,
        r"certificate|tls:|authentication handshake failed",
        "TLS with the gateway failed",
    ),
    (QUOTA_EXCEEDED, r"ResourceExhausted", "the gateway's quota is used up"),
    (UNAVAILABLE, r"Unavailable", "the gateway is not available"),
)
"""What to look for in an agent's log, the most telling first."""


class Handed(NamedTuple):
    """What an agent did with the marked spans that it got."""

    missing: int
    """Spans that were sent and not submitted."""
    failed: int
    waiting: int
    connected: bool
    undecoded: int
    """Packets."""


def logged(log: str) -> Problem | None:
    """Return the most telling cause of failures in an agent's log; None where it names none."""
    for rule, pattern, cause in _LOG_CAUSES:
        if _pattern(pattern).search(log):
            return rule.problem(cause)
    return None


def submitted(spans: Handed, cause: Problem | None) -> Problem:
    """Judge spans that an agent did not send on; `cause` is what its log says of failures."""
    if cause is None and spans.undecoded and not spans.failed:
        text = f"{spans.missing} spans were in packets that the agent could not decode"
        return UNDECODED_PACKETS.problem(text)
    found = cause or _counted(spans)
    fate = f"{spans.waiting} spans wait in the agent"
    if spans.failed:
        fate = f"{spans.failed} spans failed"
    return replace(found, cause=f"{fate}: {found.cause}")


def _counted(spans: Handed) -> Problem:
    """Return what the counters alone say, where the log names no cause or cannot be read."""
    if not spans.connected:
        return NOT_CONNECTED.problem("the agent has no connection to the gateway")
    if spans.failed:
        return SPANS_REFUSED.problem("the gateway refused them, or broke the connection")
    return SILENT.problem("the gateway does not answer")


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


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
    "See the hops before; a gateway may also silently drop spans with a wrong token",
    "150 of 200 spans",
)
NO_COUNTS = Rule(
    "gateway-without-counts",
    Severity.WARNING,
    "The gateway does not show how many spans it accepted.",
    "The proof ends at the agents: a gateway may drop spans that it accepted.",
    "Look for the trace in the console",
    "any gateway of a region; the stand-in shows its counts",
)


def accepted(lost: Mapping[str, int], missing: int) -> Problem | None:
    """Judge the marked spans at the gateway: those that it did not keep, and missing ones."""
    if lost:
        return TOKEN_NOT_ACCEPTED.problem("the gateway did not accept the token")
    if missing > 0:
        return NOT_ARRIVED.problem(f"{missing} spans did not arrive")
    return None


def no_counts() -> Problem:
    """Return the problem of a gateway that does not show its counts."""
    return NO_COUNTS.problem("this gateway does not show its counts")


# Any hop: the deployment ------------------------------------------------------------------------

MISSING_PART = _error(
    "missing-part",
    "A service, its agent or the gateway is not in the deployment.",
    "Render again, and run `docker compose up`",
    "a Compose project with the service `web` and without `web-agent`",
)
NOT_RUNNING = _error(
    "part-not-running",
    "A service, its agent or the gateway does not run.",
    "See `docker compose ps` and `docker compose logs`, or `kubectl describe pod`",
    "container web-agent-1 is exited",
)
NO_ANSWER = _error(
    "part-not-answering",
    "The agent's admin port, or the page of the stand-in, does not answer.",
    "See the containers and their logs",
    "http://127.0.0.1:14271: does not answer: Connection refused",
    "The hop cannot be counted.",
)
NOT_COUNTED = _error(
    "hop-not-counted",
    "The hop cannot be counted: the engine, the cluster or the probe refused.",
    "Fix the cause, and verify again",
    "web: the probe failed: OSError: no network",
    "It is not known whether the spans arrive.",
)


def missing_part() -> Problem:
    """Return the problem of a container that a Compose project does not have."""
    return MISSING_PART.problem("is not in the Compose project")


def container(name: str, status: str) -> Problem | None:
    """Judge a container by the engine's status."""
    if status == "running":
        return None
    return NOT_RUNNING.problem(
        f"container {name} is {status}", "See `docker compose ps` and `docker compose logs`"
    )


def pod(trouble: str, fix: str) -> Problem | None:
    """Judge a pod, or its agent, by what keeps it from running; empty where nothing does."""
    return NOT_RUNNING.problem(trouble, fix) if trouble else None


def no_answer(error: OSError, fix: str) -> Problem:
    """Return the problem of a port that does not answer."""
    return NO_ANSWER.problem(f"does not answer: {error}", fix)
